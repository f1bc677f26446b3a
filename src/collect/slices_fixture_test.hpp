// For tests of whole runs with more than one request.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "collect/fixture_test.hpp"

namespace collect::testing {

// A collector of https://api.example/items with these keys besides.
inline config::Collector items(const std::string& more,
                               const std::string& disposition = "primary_key: [id]") {
  const bool has_requester = more.find("requester:") != std::string::npos;
  return collector_from(
      std::string("name: items\n") +
      (has_requester ? "" : "requester: {url_base: 'https://api.example', path: /items}\n") +
      "record_selector: {field_path: items}\n"
      "fields: {id: {path: id, type: integer}, name: name}\n"
      "destination: {table: items, " +
      disposition + "}\n" + more);
}

inline std::string page(const std::vector<int>& ids, const std::string& more = {}) {
  std::string list;
  for (const int id : ids)
    list += (list.empty() ? "" : ",") +
            ("{\"id\": " + std::to_string(id) + ", \"name\": \"n" + std::to_string(id) + "\"}");
  return "{\"items\": [" + list + "]" + more + "}";
}

inline std::string query_of(const http::Request& request) {
  const std::size_t at = request.url.find('?');
  return at == std::string::npos ? "" : request.url.substr(at + 1);
}
inline std::vector<std::string> queries(const World& world) {
  std::vector<std::string> list;
  for (const http::Request& it : world.transport.requests) list.push_back(query_of(it));
  return list;
}
inline std::string ids(World& world) {
  std::string list;
  for (const std::string& line : world.lines("SELECT id FROM items ORDER BY id"))
    list += (list.empty() ? "" : " ") + line;
  return list;
}

}  // namespace collect::testing
