// A decoded value → what its field's column takes, or the reason why it does not fit (CO10: found before any
// SQL).
#pragma once

#include <deque>
#include <string>

#include <tl/expected.hpp>

#include "config/collector.hpp"
#include "decode/value.hpp"
#include "store/database.hpp"

namespace collect {

// Texts made while casting a row; the row's parameters point into it.
using Scratch = std::deque<std::string>;

// NULL for null, and for an empty text where a number or a time is expected. Key columns get the one spelling
// of equal numbers.
tl::expected<store::Param, std::string> cast(const decode::Value& value, const config::Field& field,
                                             Scratch& scratch);

}  // namespace collect
