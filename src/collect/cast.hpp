// A decoded value → what its field's column takes, or the reason why it does not fit (CO10: found before any
// SQL). One Caster for one field, made once for many values. Thread-safe.
//
//   const auto caster = Caster::make(field);
//   const Cast cell = caster->cast(value, arena);   // or Misfit: cell.error().reason
//
// Scalars, whether sent as text, number or boolean, are first treated as texts (see treat() in
// cast_text.hpp), then cast, then held against length and range. Where a number, time, boolean, UUID or list
// is expected, an empty text is NULL. json takes any value, unchanged but for the order of keys (of texts
// only null_values count). text[] and integer[] treat each item so, and are written as the engine takes
// lists; NULL items are for text[] only. At the
// end `default` stands in for NULL; its text is cast without being treated, and is JSON for json, text[] and
// integer[].
#pragma once

#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <variant>

#include <tl/expected.hpp>

#include "collect/cast_misfit.hpp"
#include "collect/cast_number.hpp"
#include "collect/cast_time.hpp"
#include "config/reading.hpp"
#include "decode/value.hpp"
#include "expr/regex.hpp"

namespace collect {

class Caster {
 public:
  // The error says what is wrong with the field. `field` must outlive the Caster, and not move.
  static tl::expected<Caster, std::string> make(const config::Field& field,
                                                store::ListStyle lists = store::ListStyle::json);

  // NULL also where schema or key forbid it: that is the Mapper's to judge. A text points into the value, the
  // arena, the field or the Caster.
  Cast cast(const decode::Value& value, std::pmr::memory_resource& arena) const;
  // What stands in for NULL: NULL if there is no `default`.
  const store::Param& fallback() const { return fallback_; }

 private:
  Caster(const config::Field& field, store::ListStyle lists) : field_(&field), lists_(lists) {}
  std::optional<std::string> prepare_fallback();
  Cast cast_unless_null(const decode::Value& value, std::pmr::memory_resource& arena) const;
  Cast cast_items(const decode::Value& value, std::pmr::memory_resource& arena) const;
  Cast cast_scalar(std::string_view text, bool sent_as_number, std::pmr::memory_resource& arena) const;

  const config::Field* field_;
  store::ListStyle lists_;
  std::variant<std::monostate, NumberCast, TimeCast> part_;
  std::optional<expr::Regex> regex_;
  std::unique_ptr<std::pmr::monotonic_buffer_resource> fallback_arena_;
  store::Param fallback_;
};

// What the configuration alone could not see to be wrong with a field: "default: …". For the start.
std::optional<std::string> check_field(const config::Field& field);

}  // namespace collect
