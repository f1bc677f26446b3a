// As much of GraphQL's query language as a client of a simulated API sends: one query, named or not, with
// variables, fields, arguments with plain values, selections. No aliases, fragments, directives. Pure.
//
//   auto query = graphql::parse("{ posts(first: 20, after: $at) { edges { node { id } } } }", {{"at",
//   "MjA="}}); query->fields[0].arguments["first"] == "20"     // invalid_data: "Parse error on …"
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace simulator::graphql {

struct Node {
  std::string name{};
  std::map<std::string, std::string> arguments{};  // variables are replaced; "" for null
  std::vector<Node> fields{};
};

base::Result<Node> parse(std::string_view query, const std::map<std::string, std::string>& variables);

}  // namespace simulator::graphql
