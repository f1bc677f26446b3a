#include "collect/pager_fixture_test.hpp"

namespace {

using namespace collect;
using namespace collect::testing;

TEST(Pager, None) {
  EXPECT_EQ(run("type: none", paged(7)), " → complete, 7 records");
  EXPECT_EQ(run("type: none, total_path: total", paged(7)), " → complete, 7 records");
  EXPECT_EQ(run("type: none, total_path: total", paged(7, 1, 5)),
            " → 5 records came, 7 were announced (paginator.total_path): 2 are missing, 5 records");
}

TEST(Pager, Page) {
  const std::string page = "type: page, page_parameter: page",
                    sized = page + ", size_parameter: size, page_size: 3";
  EXPECT_EQ(run(sized, paged(7)), "page=1&size=3 | page=2&size=3 | page=3&size=3 → complete, 7 records");
  EXPECT_EQ(run(sized, paged(6)), "page=1&size=3 | page=2&size=3 | page=3&size=3 → complete, 6 records");
  EXPECT_EQ(run(sized, paged(0)), "page=1&size=3 → complete, 0 records");
  EXPECT_EQ(run(sized + ", total_path: total", paged(6)),
            "page=1&size=3 | page=2&size=3 → complete, 6 records");
  EXPECT_EQ(run(sized + ", start_page: 0", paged(4, 0)),
            "page=0&size=3 | page=1&size=3 → complete, 4 records");
  EXPECT_EQ(run(page, paged(5, 1, 2)), "page=1 | page=2 | page=3 … 4 → complete, 5 records");
  EXPECT_EQ(run(sized + ", total_pages_path: pages", paged(6)),
            "page=1&size=3 | page=2&size=3 → complete, 6 records");
  EXPECT_EQ(run(sized + ", total_pages_path: pages", paged(0)), "page=1&size=3 → complete, 0 records");
  // The server gives 2 where 3 are asked for; what it announces goes on.
  EXPECT_EQ(run(sized + ", total_path: total", paged(5, 1, 2)),
            "page=1&size=3 | page=2&size=3 | page=3&size=3 → complete, 5 records");
  EXPECT_EQ(run(sized + ", total_pages_path: pages", paged(5, 1, 2)),
            "page=1&size=3 | page=2&size=3 | page=3&size=3 → complete, 5 records");
}

TEST(Pager, BodyPage) {
  const Server server = [](const PageRequest& request, int) {
    const auto page = number(request, "filters[0].pageNumber"), size = number(request, "filters[0].pageSize");
    return Reply{fmt::format(R"({{"items":{}}})", records((page - 1) * size, size, 5))};
  };
  EXPECT_EQ(
      run("type: body_page, page_body_path: 'filters[0].pageNumber', size_body_path: 'filters[0].pageSize', "
          "page_size: 3",
          server),
      "filters[0].pageNumber 1&filters[0].pageSize 3 | filters[0].pageNumber 2&filters[0].pageSize 3"
      " → complete, 5 records");
}

Server offsets(std::int64_t all, std::int64_t limit, const std::string& total = "null") {
  return [=](const PageRequest& request, int) {
    const auto size = std::min(number(request, "limit", limit), limit);
    return Reply{
        fmt::format(R"({{"items":{},"total":{}}})", records(number(request, "offset"), size, all), total)};
  };
}

TEST(Pager, Offset) {
  const std::string offset = "type: offset, offset_parameter: offset, limit_parameter: limit, limit: 4";
  EXPECT_EQ(run(offset, offsets(10, 100)),
            "offset=0&limit=4 | offset=4&limit=4 | offset=8&limit=4 → complete, 10 records");
  const std::string total = offset + ", total_path: total";
  EXPECT_EQ(run(total, offsets(8, 100, "8")), "offset=0&limit=4 | offset=4&limit=4 → complete, 8 records");
  EXPECT_EQ(run(total, offsets(8, 100, "\"8\"")),
            "offset=0&limit=4 | offset=4&limit=4 → complete, 8 records");
  // A server with a lower limit of its own: by what came, so that nothing is left out.
  EXPECT_EQ(run(total, offsets(8, 3, "8")),
            "offset=0&limit=4 | offset=3&limit=4 | offset=6&limit=4 → complete, 8 records");
  for (const char* none : {"null", "\"many\"", "-1", "[]", "1.5"})
    EXPECT_EQ(run(total, offsets(5, 100, none)), "offset=0&limit=4 | offset=4&limit=4 → complete, 5 records")
        << none;
  // Fewer announced than come: no reason to stop.
  EXPECT_EQ(run(total, offsets(10, 100, "2")),
            "offset=0&limit=4 | offset=4&limit=4 | offset=8&limit=4 → complete, 10 records");
  EXPECT_EQ(run("type: offset, offset_body_path: 'q.from', limit_body_path: 'q.size', limit: 4",
                [](auto& it, int) {
                  return Reply{"{\"items\":" + records(number(it, "q.from"), number(it, "q.size"), 5) + "}"};
                }),
            "q.from 0&q.size 4 | q.from 4&q.size 4 → complete, 5 records");
}

// Pages of two; the cursor is the number of the next one's first record, in JSON written like this.
Server cursors(std::int64_t all, const std::string& form = "\"c{}\"", const std::string& end = "null") {
  return [=](const PageRequest&, int call) {
    const auto from = call * 2;
    const bool last = from + 2 >= all;
    return Reply{fmt::format(R"({{"items":{},"next":{},"total":{},"last":{}}})", records(from, 2, all),
                             last ? end : fmt::format(fmt::runtime(form), from + 2), all, last)};
  };
}

TEST(Pager, Cursor) {
  const std::string cursor = "type: cursor, cursor_path: next, cursor_parameter: after";
  for (const char* end : {"null", "\"\"", "false", "[]"})
    EXPECT_EQ(run(cursor, cursors(5, "\"c{}\"", end)), " | after=c2 | after=c4 → complete, 5 records") << end;
  EXPECT_EQ(run("type: cursor, cursor_path: meta.next, cursor_parameter: after", cursors(5)),
            " → complete, 2 records");
  EXPECT_EQ(run(cursor, cursors(5, "{}")), " | after=2 | after=4 → complete, 5 records");
  EXPECT_EQ(run(cursor,
                [](auto&, int call) {
                  return Reply{call == 0 ? R"({"items":[1],"next":0})" : R"({"items":[2]})"};
                }),
            " | after=0 → complete, 2 records");
  EXPECT_EQ(run(cursor + ", size_parameter: size, page_size: 2, total_path: total", cursors(5)),
            "size=2 | size=2&after=c2 | size=2&after=c4 → complete, 5 records");
  EXPECT_EQ(run("type: cursor, cursor_path: next, cursor_header: X-After", cursors(3)),
            " | X-After: c2 → complete, 3 records");
  EXPECT_EQ(
      run("type: cursor, cursor_path: next, cursor_body_path: q.search_after", cursors(3, "[{},\"x\"]")),
      " | q.search_after [2,\"x\"] → complete, 3 records");
  EXPECT_EQ(run(cursor + ", stop: last", cursors(5, "\"c{}\"", "\"c9\"")),
            " | after=c2 | after=c4 → complete, 5 records");
}

TEST(Pager, CursorsThatCannotBeSent) {
  const std::string cursor = "type: cursor, cursor_path: next, cursor_";
  EXPECT_EQ(run(cursor + "parameter: after", cursors(5, "[{}]")),
            " → paginator.cursor_path gives \"[2]\", which is neither a text nor a number, 2 records");
  EXPECT_EQ(run(cursor + "header: X-After", cursors(5, "\"c{}\\r\\nX-Evil: 1\"")),
            " → the cursor \"c2\\r\\nX-Evil: 1\" cannot stand in a header, 2 records");
  EXPECT_EQ(run(cursor + "parameter: after", cursors(5, "\"" + std::string(20'000, 'x') + "{}\"")),
            " → the next page's cursor or address has 20001 bytes, 16384 are allowed, 2 records");
}

Server addresses(const std::vector<std::string>& next, bool link = false) {
  return [=](const PageRequest& request, int call) {
    const std::string& to = next.at(static_cast<std::size_t>(call));
    return Reply{fmt::format(R"({{"items":{},"next":{}}})", records(call * 2, 2, 100), to), link ? to : "",
                 request.url.value_or("https://api.example/v1/items?page=1")};
  };
}

TEST(Pager, NextUrl) {
  const std::string next = "type: next_url, path: next";
  EXPECT_EQ(
      run(next, addresses({R"("https://api.example/v1/items?page=2")", R"("?page=3")", "null"})),
      " | https://api.example/v1/items?page=2 | https://api.example/v1/items?page=3 → complete, 6 records");
  EXPECT_EQ(run(next, addresses({R"("/v2/more#x")", R"("")"})),
            " | https://api.example/v2/more → complete, 4 records");
  EXPECT_EQ(run(next, addresses({R"("//other.example/x")", "false"})),
            " | https://other.example/x → complete, 4 records");
  EXPECT_EQ(
      run(next, addresses({R"("?page=2")", R"("?page=1")"})),
      " | https://api.example/v1/items?page=2 → page 2 leads back to api.example: the pages go round in a "
      "circle, 4 records");
  EXPECT_EQ(run(next, addresses({"5"})), " → paginator.path gives \"5\", which is no address, 2 records");
  EXPECT_NE(run(next, addresses({R"("ftp://api.example/x")"})).find("(paginator.path): not a usable URL"),
            std::string::npos);
}

TEST(Pager, LinkHeader) {
  const Server server = [](const PageRequest& request, int call) {
    return Reply{"{\"items\":" + records(call * 2, 2, 100) + "}",
                 call < 2 ? fmt::format("<?page={}>; rel=\"next\", <?page=9>; rel=last", call + 2) : "",
                 request.url.value_or("https://api.example/items?x=1")};
  };
  EXPECT_EQ(run("type: link_header", server),
            " | https://api.example/items?page=2 | https://api.example/items?page=3 → complete, 6 records");
  EXPECT_EQ(Asking("type: link_header, rel: last").all(server).end,
            "page 2 leads back to api.example: the pages go round in a circle");
}

TEST(Pager, HasMore) {
  const std::string more = "type: has_more, page_parameter: page, path: more";
  EXPECT_EQ(run(more + ", size_parameter: size, page_size: 2", paged(5)),
            "page=1&size=2 | page=2&size=2 | page=3&size=2 → complete, 5 records");
  for (const char* no : {"false", "null", "0", "\"\"", "\"false\"", "[]"})
    EXPECT_EQ(run(more, [no](auto&, int) { return Reply{fmt::format(R"({{"items":[1],"more":{}}})", no)}; }),
              "page=1 → complete, 1 records")
        << no;
  EXPECT_EQ(run(more,
                [](auto&, int call) {
                  return Reply{call == 0 ? R"({"items":[1],"more":1})" : R"({"items":[],"more":true})"};
                }),
            "page=1 | page=2 → page 2 is empty, and says that there are more (paginator.path), 1 records");
}

TEST(Pager, Oai) {
  const Server server = [](const PageRequest&, int call) {
    return Reply{fmt::format(R"({{"records":{},"resumption_token":{},"complete_list_size":5}})",
                             records(call * 2, 2, 5), call < 2 ? fmt::format("\"t|{}\"", call) : "null")};
  };
  EXPECT_EQ(run("type: oai, total_path: complete_list_size", server),
            " | only verb=ListRecords&resumptionToken=t|0 | only verb=ListRecords&resumptionToken=t|1"
            " → complete, 5 records");
}

TEST(Pager, Graphql) {
  const std::string graphql = "type: graphql, cursor_path: data.page.end, has_next_path: data.page.more";
  const auto answer = [](int call, bool more, const std::string& end) {
    return Reply{fmt::format(R"({{"data":{{"items":{},"page":{{"more":{},"end":{}}}}}}})",
                             records(call * 2, 2, 100), more, end)};
  };
  EXPECT_EQ(
      run(graphql, [&](auto&, int call) { return answer(call, call < 2, fmt::format("\"e{}\"", call)); }),
      R"( | variables.after "e0" | variables.after "e1" → complete, 6 records)");
  EXPECT_EQ(run(graphql + ", variable: cursor", [&](auto&, int call) { return answer(call, call < 1, "7"); }),
            " | variables.cursor 7 → complete, 4 records");
  EXPECT_EQ(run(graphql, [&](auto&, int call) { return answer(call, true, "null"); }),
            " → page 1 says that there are more (paginator.has_next_path), and has no cursor, 2 records");
  EXPECT_EQ(
      run(graphql, [&](auto&, int) { return Reply{R"({"data":null,"errors":[{"message":"no\nright"}]})"}; }),
      " → the answer has no data: \"no\\nright\", 0 records");
  EXPECT_EQ(run(graphql, [&](auto&, int) { return Reply{"{}"}; }),
            " → the answer has no data: it names no error, 0 records");
}

}  // namespace
