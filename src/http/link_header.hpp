// The Link header (RFC 8288): where an API says the next page is.
//
//   Link: <https://api.example/items?page=2>; rel="next", <?page=9>; rel=last
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace http {

// The target of the first link with that relation, whatever its case, resolved against the answer's URL. A
// link that cannot be read, that speaks of another page (`anchor`) or whose target is no http URL is passed
// over. Pure; looks at the response's own headers only.
std::optional<std::string> link_target(const Response& response, std::string_view rel);

}  // namespace http
