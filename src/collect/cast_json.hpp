// Values as JSON text: the types json, text[] and integer[]. Internal to this folder. Thread-safe.
#pragma once

#include <functional>
#include <memory_resource>

#include "collect/cast_misfit.hpp"
#include "decode/value.hpp"

namespace collect {

// Compact, keys in the order of their bytes, numbers as sent. A NUL in a text or key does not fit.
Cast cast_json(const decode::Value& value, std::pmr::memory_resource& arena);

// What becomes of one item of a list: a null, number or string.
using CastItem = std::function<tl::expected<decode::Value, Misfit>(const decode::Value&)>;

// A list of scalars.
Cast cast_list(const decode::Value& value, const CastItem& cast_item, std::pmr::memory_resource& arena);

}  // namespace collect
