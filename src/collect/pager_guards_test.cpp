#include <set>

#include "collect/pager_fixture_test.hpp"

namespace {

using namespace collect;
using namespace collect::testing;

TEST(Pager, ARepeatedPageIsALie) {
  const std::string page = "type: page, page_parameter: page";
  EXPECT_EQ(
      run(page, [](auto&, int) { return Reply{R"({"items":[{"id":1},{"id":2}]})"}; }),
      "page=1 | page=2 → pages 1 and 2 hold the same 2 records: the API does not turn the page, 4 records");
  EXPECT_EQ(run("type: cursor, cursor_path: next, cursor_parameter: c",
                [](auto&, int call) { return Reply{fmt::format(R"({{"items":[1],"next":{}}})", call + 1)}; }),
            " | c=1 → pages 1 and 2 hold the same 1 records: the API does not turn the page, 2 records");
}

TEST(Pager, ACircleOfCursorsIsALie) {
  for (const int length : {1, 2, 7}) {
    const auto ended =
        Asking("type: cursor, cursor_path: next, cursor_parameter: c").all([&](auto&, int call) {
          return Reply{fmt::format(R"({{"items":[{}],"next":"k{}"}})", call, call % length)};
        });
    EXPECT_EQ(ended.end,
              fmt::format("page {} leads back to \"k0\": the pages go round in a circle", length + 1));
  }
  // The end of a set as Solr has it: nothing more, and the cursor that was asked with.
  EXPECT_EQ(run("type: cursor, cursor_path: next, cursor_parameter: c",
                [](auto&, int call) {
                  return Reply{call == 0 ? R"({"items":[1],"next":"a"})" : R"({"items":[],"next":"a"})"};
                }),
            " | c=a → complete, 1 records");
}

TEST(Pager, EmptyPagesInTheMiddle) {
  // `gap` is empty, the others hold one record; the set has five pages.
  const auto server = [](const std::string& more) {
    return [=](auto&, int call) {
      return Reply{fmt::format(R"({{"items":[{}],"next":{}{}}})", call == 2 ? "" : std::to_string(call),
                               call < 4 ? std::to_string(call + 1) : "null", more)};
    };
  };
  const std::string cursor = "type: cursor, cursor_path: next, cursor_parameter: c";
  EXPECT_EQ(run(cursor, server("")), " | c=1 | c=2 … 5 → complete, 4 records");
  EXPECT_EQ(
      run(cursor + ", total_path: total", server(",\"total\":5")),
      " | c=1 | c=2 → page 3 is empty after 2 records, 5 were announced (paginator.total_path), 2 records");
  EXPECT_EQ(run(cursor + ", total_path: total, total_tolerance: 3", server(",\"total\":5")),
            " | c=1 | c=2 … 5 → complete, 4 records");
  EXPECT_EQ(
      run("type: page, page_parameter: p, total_pages_path: pages", server(",\"pages\":5")),
      "p=1 | p=2 | p=3 → page 3 is empty, 5 pages were announced (paginator.total_pages_path), 2 records");
  EXPECT_EQ(run("type: page, page_parameter: p, total_path: total", server(",\"total\":5")),
            "p=1 | p=2 | p=3 → page 3 is empty after 2 records, 5 were announced (paginator.total_path), 2 "
            "records");
  const auto endless = Asking(cursor).all(
      [](auto&, int call) { return Reply{fmt::format(R"({{"items":[],"next":{}}})", call)}; });
  EXPECT_EQ(endless.end, "100 empty pages running, and each leads to another one");
}

// One record a page, and these totals.
Server totals(const std::vector<int>& totals, const std::string& name = "total") {
  return [=](auto&, int call) {
    const auto at = static_cast<std::size_t>(call);
    return Reply{fmt::format(R"({{"items":[{}],"{}":{},"next":{}}})", call, name, totals[at],
                             at + 1 < totals.size() ? std::to_string(call) : "null")};
  };
}

TEST(Pager, Totals) {
  const std::string cursor = "type: cursor, cursor_path: next, cursor_parameter: c, total_path: total";
  const auto end = [&](const std::string& more, const std::vector<int>& list) {
    return Asking(cursor + more).all(totals(list)).end;
  };
  EXPECT_EQ(end("", {3, 3, 3}), "complete");
  EXPECT_EQ(end("", {1, 2, 3}), "complete") << "growth is no fault";
  EXPECT_EQ(end("", {1, 1, 1}), "complete");
  EXPECT_EQ(end("", {4, 3, 3, 3}),
            "page 2 announces 3 in all where 4 were announced before (paginator.total_path)");
  EXPECT_EQ(end(", total_tolerance: 1", {4, 3, 3, 3}), "complete");
  EXPECT_EQ(end(", total_tolerance: 1", {5, 4, 3}),
            "page 3 announces 3 in all where 5 were announced before (paginator.total_path)");
  EXPECT_EQ(end("", {3, 4}), "2 records came, 4 were announced (paginator.total_path): 2 are missing");
  EXPECT_EQ(end(", total_tolerance: 2", {3, 4}), "complete");
  EXPECT_EQ(end(", total_tolerance: 50%", {3, 4}), "complete");
  EXPECT_EQ(end(", total_tolerance: 49%", {3, 4}),
            "2 records came, 4 were announced (paginator.total_path): 2 are missing");
  EXPECT_EQ(Asking("type: page, page_parameter: p, total_pages_path: pages").all(totals({5, 2}, "pages")).end,
            "page 2 announces 2 in all where 5 were announced before (paginator.total_pages_path)");
}

TEST(Pager, MaxPages) {
  const std::string page =
      "type: page, page_parameter: page, page_size: 2, size_parameter: size, max_pages: 3";
  EXPECT_EQ(run(page, paged(5)), "page=1&size=2 | page=2&size=2 | page=3&size=2 → complete, 5 records");
  EXPECT_EQ(run(page, paged(7)),
            "page=1&size=2 | page=2&size=2 | page=3&size=2 → no end after 3 pages; if there are "
            "more, raise paginator.max_pages, 6 records");
}

TEST(Pager, MaxRecords) {
  const std::string page =
      "type: page, page_parameter: page, page_size: 2, size_parameter: size, total_path: total";
  EXPECT_EQ(run(page + ", max_records: 4", paged(100)),
            "page=1&size=2 | page=2&size=2 → complete, 4 records");
  EXPECT_EQ(run(page + ", max_records: 3", paged(100)),
            "page=1&size=2 | page=2&size=2 → complete, 4 records");
  // Fewer than both: records are missing.
  EXPECT_EQ(run("type: none, total_path: total, max_records: 4", paged(100, 1, 3)),
            " → 3 records came, 100 were announced (paginator.total_path): 97 are missing, 3 records");
}

TEST(Pager, ExpressionsThatFailAreNamed) {
  const Server server = [](auto&, int) { return Reply{R"({"items":[1],"text":"x"})"}; };
  const std::pair<const char*, const char*> cases[] = {
      {"type: none, total_path: length(none)", "paginator.total_path: "},
      {"type: page, page_parameter: p, total_pages_path: abs(text)", "paginator.total_pages_path: "},
      {"type: cursor, cursor_parameter: c, cursor_path: abs(text)", "paginator.cursor_path: "},
      {"type: cursor, cursor_parameter: c, cursor_path: text, stop: abs(text)", "paginator.stop: "},
      {"type: next_url, path: abs(text)", "paginator.path: "},
      {"type: has_more, page_parameter: p, path: abs(text)", "paginator.path: "},
  };
  for (const auto& [paginator, begin] : cases)
    EXPECT_EQ(Asking(paginator).all(server).end.find(begin), 0U) << paginator;
}

TEST(Pager, Resets) {
  const Asking asking("type: page, page_parameter: page, total_path: total");
  Pager pager(asking.paginator());
  const Server server = paged(100, 1, 2);
  for (int i = 0; i < Pager::max_resets; ++i) {
    PageStep step = Next{pager.first()};
    for (const char* page : {"page=1", "page=2"}) {  // the same content as before the reset is no repetition
      ASSERT_EQ(text_of(std::get<Next>(step).request), page);
      step = asking.ask(pager, std::get<Next>(step).request, server, 0);
    }
    EXPECT_EQ(pager.records(), 4);
    EXPECT_EQ(pager.total(), 100);
    step = pager.reset();
    ASSERT_TRUE(std::holds_alternative<Next>(step));
    EXPECT_EQ(text_of(std::get<Next>(step).request), "page=1");
    EXPECT_EQ(pager.records() + pager.pages(), 0);
  }
  const PageStep end = pager.reset();
  ASSERT_TRUE(std::holds_alternative<Incomplete>(end));
  EXPECT_NE(std::get<Incomplete>(end).reason.find("begin again at the first page 4 times"),
            std::string::npos);
}

TEST(Pager, ContentTellsRecordsApart) {
  const auto content = [](const char* json) {
    const auto document = document_of(json);
    return content_of(document.root.items());
  };
  EXPECT_EQ(content(R"([{"a": 1, "b": [true, null]}])"), content(R"([ {"a":1,"b":[true,null]} ])"));
  std::set<std::uint64_t> seen;
  const auto texts = {"[]",   "[1]",          "[\"1\"]",      "[[1]]",        "[1,2]",
                      "[12]", "[true]",       "[false]",      "[null]",       "[{}]",
                      "[[]]", R"([{"a":1}])", R"([{"b":1}])", R"(["a","b"])", R"(["ab",""])"};
  for (const char* text : texts) EXPECT_TRUE(seen.insert(content(text)).second) << text;
}

}  // namespace
