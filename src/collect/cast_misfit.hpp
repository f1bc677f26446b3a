// What casting gives: a parameter, or why the value does not fit. Internal to this folder.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "store/database.hpp"

namespace collect {

struct Misfit {
  std::string reason;  // what is wrong, and what to do about it
  // The value is of another type than the column (what schema_contract decides about); false: it breaks a
  // rule of the field, or cannot be trusted at all.
  bool other_type = false;
};

using Cast = tl::expected<store::Param, Misfit>;

std::string quoted(std::string_view text);  // "text", shortened, for messages

tl::unexpected<Misfit> other_type(std::string_view text, std::string_view why);   // "text" why
tl::unexpected<Misfit> breaks_rule(std::string_view text, std::string_view why);  // "text" why

}  // namespace collect
