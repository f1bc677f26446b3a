#include "http/response_head.hpp"

#include <algorithm>
#include <charconv>

namespace http {

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

ResponseHead::State ResponseHead::add(std::string_view line, Response& response) {
  bytes_ += line.size();
  if (bytes_ > max_bytes) return State::too_large;
  if (complete_) return State::trailers;

  const std::string_view text = trimmed(line);
  if (line.starts_with("HTTP/")) {
    response.headers.clear();
    response.status = 0;
    const std::string_view status = trimmed(text.substr(std::min(text.find(' '), text.size())));
    std::from_chars(status.data(), status.data() + status.size(), response.status);
  } else if (text.empty()) {
    complete_ = response.status >= 200;
    return complete_ ? State::complete : State::reading;
  } else if ((line[0] == ' ' || line[0] == '\t') && !response.headers.empty()) {
    response.headers.back().value.append(" ").append(text);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    Header header{std::string(text.substr(0, colon)), std::string(trimmed(text.substr(colon + 1)))};
    for (char& c : header.name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    response.headers.push_back(std::move(header));
  }
  return State::reading;
}

}  // namespace http
