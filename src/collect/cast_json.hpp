// Values of several parts, as text: the types json, text[] and integer[]. What one engine would refuse fits
// on none. Internal to this folder. Thread-safe.
#pragma once

#include <functional>
#include <memory_resource>

#include "collect/cast_misfit.hpp"
#include "decode/value.hpp"

namespace collect {

// Compact, keys in the order of their bytes, numbers as sent; in a key all equal numbers have one spelling.
// What does not fit: a NUL in a text or key, a number of more than 1,000 digits, and more than 32 MiB.
Cast cast_json(const decode::Value& value, bool is_key, std::pmr::memory_resource& arena);

// What becomes of one item of a list: a null, number or string.
using CastItem = std::function<tl::expected<decode::Value, Misfit>(const decode::Value&)>;

// A list of scalars: ["a",null], or as an array's literal {"a",NULL}.
Cast cast_list(const decode::Value& value, store::ListStyle style, const CastItem& cast_item,
               std::pmr::memory_resource& arena);

}  // namespace collect
