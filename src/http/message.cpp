#include "http/message.hpp"

#include <algorithm>

namespace http {

bool may_repeat(const Request& request) {
  return request.idempotent || request.method == "GET" || request.method == "HEAD";
}

std::string_view to_string(Ruling::Action action) {
  switch (action) {
    case Ruling::Action::success: return "success";
    case Ruling::Action::retry: return "retry";
    case Ruling::Action::fail: return "fail";
    case Ruling::Action::ignore: return "ignore";
    case Ruling::Action::rate_limited: return "rate_limited";
    case Ruling::Action::reset_pagination: return "reset_pagination";
  }
  return "?";
}

const std::string* Response::header(std::string_view lower_case_name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& header) { return header.name == lower_case_name; });
  return found == headers.end() ? nullptr : &found->value;
}

}  // namespace http
