// Templates in the scalars of a collector file: "since {{ window.start - 1h | date('%Y-%m-%d', 'Asia/Tokyo')
// }}".
//
//   {{ operand [± duration]… [| filter]… }}
//   operands   now (UTC), today (the schedule's zone), window.start, window.end, cursor, partition.NAME,
//              partition.NAME.KEY; literals: 'text', "text", 12, -1.5, true, false, null
//   durations  as base::parse_duration: 30s 15m 1h 2d 1w 3mo (30 days each) 1y (365 days)
//   filters    date(pattern[, zone]) (strftime; %f are milliseconds), epoch, epoch_ms, upper and lower
//   (ASCII),
//              slice(a[, b]) (characters, from the end if negative), default(x) (for null), json, urlencode
//
// A time is written as 2025-11-21T10:30:02Z, today as 2025-11-21; a text that ISO 8601 can read counts as a
// time where one is needed. null passes through every filter but default and json. A scalar that is one
// template and nothing else keeps its type, else everything is joined to one text, where null is an error.
//
// Thread-safe; a copy shares the parsed form. A result may point into the values, the arena and this
// Template.
//
//   const auto from = Template::parse("{{ now - 120d }}", scope);
//   tl::expected<decode::Value, std::string> value = from->render({.now = clock.wall()}, arena);
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "base/clock.hpp"
#include "decode/value.hpp"
#include "expr/jmespath.hpp"

namespace expr {

// The names that have a meaning where the template stands; now and today always have one.
struct TemplateScope {
  bool window = false;  // window.start and window.end
  bool cursor = false;
  // Name → its keys; empty: a plain value, or a map whose keys are not known before it runs.
  std::map<std::string, std::vector<std::string>, std::less<>> partitions{};
};

using TemplateValue = std::variant<decode::Value, base::WallTime>;

struct TemplateValues {
  base::WallTime now{};
  std::string zone = "UTC";  // of the schedule; it must exist
  TemplateValue window_start{}, window_end{}, cursor{};
  std::map<std::string, decode::Value, std::less<>> partitions{};
};

class Template {
 public:
  static tl::expected<Template, ExpressionFault> parse(std::string_view text,
                                                       const TemplateScope& known_names);

  tl::expected<decode::Value, std::string> render(const TemplateValues& values,
                                                  std::pmr::memory_resource& arena) const;
  // As text, with `encode` applied to what comes from {{ … }}, unless its last filter is urlencode.
  using Encoder = std::function<tl::expected<std::string, std::string>(std::string_view)>;
  tl::expected<std::string, std::string> render_text(const TemplateValues& values,
                                                     std::pmr::memory_resource& arena,
                                                     const Encoder& encode) const;
  bool is_constant() const;  // it renders to the same everywhere and always
  const std::string& text() const;

 private:
  struct Parts;
  friend class TemplateParser;
  std::shared_ptr<const Parts> parts_;
};

}  // namespace expr
