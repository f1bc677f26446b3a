// What the tests of casting share: one field from its YAML, and its column's cell for a value given as JSON.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "collect/cast.hpp"
#include "collect/fixture_test.hpp"

namespace collect::testing {

// "NULL", "integer 42", "double 1.5", "text 1.10".
inline std::string shown(const store::Param& cell) {
  if (const auto* text = std::get_if<std::string_view>(&cell)) return "text " + std::string(*text);
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return "integer " + std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&cell)) return fmt::format("double {}", *number);
  return "NULL";
}

// The value as the column gets it, or "refused: why" (of another type), or "breaks: why" (a rule).
class OneField {
 public:
  explicit OneField(const std::string& type, const std::string& more = {}, bool key = false,
                    store::ListStyle lists = store::ListStyle::json)
      : collector_(
            collector_with("{f: {path: f, type: '" + type + "'" + more + "}, k: k}", key ? "[f]" : "[k]")),
        caster_(Caster::make(collector_.fields[0], lists)) {
    if (!caster_) ADD_FAILURE() << caster_.error();
  }

  std::string operator()(const std::string& json) const {
    const auto document = document_of("{\"f\": " + json + "}");
    std::pmr::monotonic_buffer_resource arena;
    const auto cell = caster_->cast(document.root.members()[0].value, arena);
    if (!cell) return (cell.error().other_type ? "refused: " : "breaks: ") + cell.error().reason;
    return shown(*cell);
  }

 private:
  config::Collector collector_;
  tl::expected<Caster, std::string> caster_;
};

using CastCases = std::initializer_list<std::pair<std::string, std::string>>;
inline void expect(const OneField& cast, CastCases cases) {
  for (const auto& [json, cell] : cases) EXPECT_EQ(cast(json), cell) << json;
}

// What is wrong with the field, or "".
inline std::string fault_of(const std::string& type, const std::string& more) {
  const auto collector = collector_with("{f: {path: f, type: '" + type + "'" + more + "}, k: k}", "[k]");
  return check_field(collector.fields[0]).value_or("");
}

}  // namespace collect::testing
