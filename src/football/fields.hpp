// Small readings of decoded JSON for the readers of models: whatever is missing, null, of another kind or out
// of its range is nothing, never a fault. Pure.
//
//   const auto id = integer(at(item, {"fixture", "id"}), 1, max_id);
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "decode/value.hpp"

namespace football {

inline constexpr std::int64_t max_id = 1'000'000'000'000;
inline constexpr std::size_t max_name = 120;  // bytes of any text that is kept

// The value at the end of the path; null where a step is missing.
decode::Value at(const decode::Value& value, std::initializer_list<std::string_view> path);

// A number, or a string that holds one, as the API writes some.
std::optional<std::int64_t> integer(const decode::Value& value, std::int64_t lowest, std::int64_t highest);
std::optional<int> small(const decode::Value& value, int lowest, int highest);
std::optional<double> decimal(const decode::Value& value);  // finite
bool flag(const decode::Value& value);                      // true, and nothing else

// Shortened, control characters made visible; "" for anything but a string.
std::string text(const decode::Value& value, std::size_t max_bytes = max_name);

std::optional<std::int64_t> whole_number(std::string_view text);

}  // namespace football
