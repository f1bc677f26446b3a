// For the pager's tests: servers that are functions, and the way through their pages to the end.
#pragma once

#include <fmt/format.h>

#include <functional>

#include "collect/fixture_test.hpp"
#include "collect/pager.hpp"

namespace collect::testing {

// A server: what it answers to a request. `call` counts from 0.
struct Reply {
  std::string body;
  std::string link = {};
  std::string url = "https://api.example/items";
};
using Server = std::function<Reply(const PageRequest& request, int call)>;

inline std::string text_of(const PageRequest& request) {
  std::string text = request.only_token ? "only " : "";
  const auto add = [&](const std::string& part) {
    text += (text.empty() || text == "only " ? "" : "&") + part;
  };
  if (request.url) add(*request.url);
  for (const auto& [name, value] : request.parameters) add(name + "=" + value);
  for (const auto& it : request.headers) add(it.name + ": " + it.value);
  for (const auto& [path, json] : request.body) add(path + " " + json);
  return text;
}

inline std::int64_t number(const PageRequest& request, const std::string& name, std::int64_t missing = 0) {
  for (const auto* list : {&request.parameters, &request.body})
    for (const auto& [key, value] : *list)
      if (key == name) return std::stoll(value);
  return missing;
}

// {"id": from}, … of a list of `all` records.
inline std::string records(std::int64_t from, std::int64_t count, std::int64_t all) {
  std::string list;
  for (std::int64_t id = from; id < std::min(from + count, all); ++id)
    list += fmt::format("{}{{\"id\":{}}}", list.empty() ? "" : ",", id);
  return '[' + list + ']';
}

struct Ended {
  std::string end;                    // "complete", or why it is not
  std::vector<std::string> requests;  // all of them
  std::int64_t records = 0;
};

class Asking {
 public:
  explicit Asking(const std::string& paginator)
      : collector_(collector_from(
            "name: items\nrequester: {url_base: 'https://api.example', http_method: POST, request_body_json: "
            "{}}\n"
            "fields: {id: id}\ndestination: {table: items, primary_key: [id]}\npaginator: {" +
            paginator + "}\n")) {}
  const config::Paginator& paginator() const { return collector_.paginator; }

  PageStep ask(Pager& pager, const PageRequest& request, const Server& server, int call) const {
    const Reply reply = server(request, call);
    const auto document = document_of(reply.body);
    http::Response response{.url = reply.url};
    if (!reply.link.empty()) response.headers.push_back({"link", reply.link});
    std::pmr::monotonic_buffer_resource arena;
    const auto items =
        *expr::Expression::parse("items || data.items || records")->evaluate(document.root, arena);
    return pager.next({document.root, response, items.items().size(), content_of(items.items())}, arena);
  }

  Ended all(const Server& server) const {
    Pager pager(collector_.paginator);
    Ended ended;
    PageStep step = Next{pager.first()};
    for (int call = 0; call < 1000; ++call) {
      const auto* next = std::get_if<Next>(&step);
      if (next == nullptr) break;
      ended.requests.push_back(text_of(next->request));
      step = ask(pager, next->request, server, call);
    }
    ended.records = pager.records();
    const auto* lie = std::get_if<Incomplete>(&step);
    ended.end = lie != nullptr ? lie->reason : std::holds_alternative<Complete>(step) ? "complete" : "no end";
    return ended;
  }

 private:
  config::Collector collector_;
};

// "requests | … → end, n records", with at most the first three requests.
inline std::string run(const std::string& paginator, const Server& server) {
  Ended it = Asking(paginator).all(server);
  const std::size_t requests = it.requests.size();
  if (requests > 3) it.requests.resize(3);
  return fmt::format("{}{} → {}, {} records", fmt::join(it.requests, " | "),
                     requests > 3 ? fmt::format(" … {}", requests) : "", it.end, it.records);
}

// `all` records in pages, as many as asked for; at most `limit` of them.
inline Server paged(std::int64_t all, std::int64_t first = 1, std::int64_t limit = 1000) {
  return [=](const PageRequest& request, int) {
    const std::int64_t size = std::min(number(request, "size", limit), limit);
    const std::int64_t page = number(request, "page", first) - first;
    return Reply{fmt::format(R"({{"items":{},"pages":{},"total":{},"more":{}}})",
                             records(page * size, size, all), (all + size - 1) / size, all,
                             (page + 1) * size < all)};
  };
}

}  // namespace collect::testing
