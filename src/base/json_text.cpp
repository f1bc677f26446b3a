#include "base/json_text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace base {

void append_json_text(std::string& json, std::string_view text) {
  json += '"';
  std::size_t begin = 0;  // of what is copied as it is
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c != '"' && c != '\\' && byte >= 0x20) continue;
    json += text.substr(begin, i - begin);
    begin = i + 1;
    if (byte < 0x20)
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", byte);
    else
      json.append(1, '\\').append(1, c);
  }
  json += text.substr(begin);
  json += '"';
}

}  // namespace base
