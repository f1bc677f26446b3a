// The writer of simulated JSON bodies, in the dialect of PHP's json_encode(JSON_PRETTY_PRINT), as public
// feeds often have it: an indentation of 4, "\/" for a slash, \u escapes for everything outside of ASCII.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "simulator/world.hpp"

namespace simulator {

void append_string(std::string& out, std::string_view utf8);
void append_value(std::string& out, const Value& value, int indent);
void append_records(std::string& out, const std::vector<Record>& records, int indent);

}  // namespace simulator
