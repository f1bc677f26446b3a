// JSON that is written by hand, where there is much of it and all that matters is time. Pure.
#pragma once

#include <string>
#include <string_view>

namespace base {

// Appends the text as a JSON string, in quotes. It is UTF-8, or the JSON is none (valid_utf8_length).
void append_json_text(std::string& json, std::string_view text);

}  // namespace base
