// Numbers, exact: integer, bigint, number(p,s) and double. Internal to this folder. Thread-safe.
//
// decimal_comma is about texts; a JSON number keeps its point. With it, groups of three may be set apart by
// points, blanks or no-break spaces (1.234.567,89): all by the same.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "collect/cast_misfit.hpp"
#include "config/reading.hpp"

namespace collect {

class NumberCast {
 public:
  // The error says what is wrong with the field's range. `field` must outlive it.
  static tl::expected<NumberCast, std::string> make(const config::Field& field);

  // A number in a key gets the one spelling of equal numbers. `sent_as_number`: not as a text.
  Cast cast(std::string_view text, bool sent_as_number, std::pmr::memory_resource& arena) const;

 private:
  explicit NumberCast(const config::Field& field) : field_(&field) {}
  Cast cast_integer(std::string_view text, std::string_view plain) const;
  Cast cast_number(std::string_view text, std::string_view plain) const;
  Cast cast_double(std::string_view text, std::string_view number) const;
  bool in_range(std::string_view plain) const;
  Misfit out_of_range(std::string_view text) const;

  const config::Field* field_;
  std::string least_, most_;  // plain notation
  double least_double_ = 0, most_double_ = 0;
};

}  // namespace collect
