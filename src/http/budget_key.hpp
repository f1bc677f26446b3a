// Which budgets a request is taken from (RT4): host + credential + resource. One request may be subject to
// several, the host's own and that of a resource; all of them must allow it. Pure.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "http/budget_state.hpp"
#include "http/message.hpp"

namespace http {

struct BudgetKey {
  std::string host, credential, resource;  // "": without credentials; all of the host
  auto operator<=>(const BudgetKey&) const = default;
};
std::string describe(const BudgetKey& key);  // for people: "api.github.com (search)"

struct BudgetPart {
  BudgetKey key;
  std::vector<BudgetWindow> windows{};  // what the request's collector declares of it
};

std::string path_of(std::string_view url);        // with its first '/', without the query
std::string first_segment(std::string_view url);  // "/search/code" → "/search"

// The whole host's comes first, then others, the request's own resource last: it is the most specific.
// `learned` is the resource that earlier answers named for such requests; "": none did.
std::vector<BudgetPart> budgets_of(const Request& request, const std::string& learned);

}  // namespace http
