#include "http/message.hpp"

#include <algorithm>

namespace http {

bool may_repeat(const Request& request) {
  return request.idempotent || request.method == "GET" || request.method == "HEAD";
}

const std::string* Response::header(std::string_view lower_case_name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& header) { return header.name == lower_case_name; });
  return found == headers.end() ? nullptr : &found->value;
}

}  // namespace http
