#include "expr/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "expr/template_parts.hpp"
#include "expr/template_time.hpp"

namespace expr {
namespace {

using decode::Kind;
using decode::Value;
using Operand = TemplatePart::Operand;

// While a part is worked out: today is a day, whatever the hour is elsewhere.
using Current = std::variant<Value, base::WallTime, std::chrono::sys_days>;
template <class T>
using Outcome = tl::expected<T, std::string>;

tl::unexpected<std::string> problem(std::string text) { return tl::unexpected(std::move(text)); }

class Renderer {
 public:
  Renderer(const TemplateValues& values, std::pmr::memory_resource& arena) : values_(values), arena_(arena) {}

  Outcome<Value> render(const TemplatePart& part) {
    Outcome<Current> current = operand(part);
    if (current && part.is_shifted) current = shift(*current, part.shift);
    for (const TemplateFilter& filter : part.filters) {
      if (!current) break;
      current = apply(filter, *current);
    }
    if (!current) return tl::unexpected(part.source + " " + current.error());
    return to_value(*current);
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return "";
    char* const data = static_cast<char*>(arena_.allocate(text.size(), 1));
    std::copy(text.begin(), text.end(), data);
    return {data, text.size()};
  }

  // What upper, slice and the like work on.
  Outcome<std::string> to_text(const Current& current) {
    const Value value = to_value(current);
    switch (value.kind()) {
      case Kind::string:
      case Kind::number: return std::string(value.text());
      case Kind::boolean: return value.as_boolean() ? "true" : "false";
      case Kind::null: return problem("has no value; default('…') gives it one");
      case Kind::array: return problem("is a list; json makes it a text");
      case Kind::object: return problem("is a map; json makes it a text");
      case Kind::spoiled: break;
    }
    return problem("is spoiled: " + std::string(value.text()));
  }

 private:
  static bool is_null(const Current& current) {
    const Value* const value = std::get_if<Value>(&current);
    return value != nullptr && value->is_null();
  }
  static Current widen(const TemplateValue& value) {
    return std::visit([](const auto& it) { return Current{it}; }, value);
  }
  Value string(std::string_view text) { return Value::string(copy(text)); }

  Value to_value(const Current& current) {
    if (const auto* value = std::get_if<Value>(&current)) return *value;
    if (const auto* time = std::get_if<base::WallTime>(&current)) return string(format_iso8601(*time));
    return string(format_iso8601(std::get<std::chrono::sys_days>(current)).substr(0, 10));
  }

  Outcome<Current> operand(const TemplatePart& part) {
    switch (part.operand) {
      case Operand::plain_text:
      case Operand::literal: return part.literal.value();
      case Operand::now: return values_.now;
      case Operand::today: return day_in(values_.now, values_.zone);
      case Operand::window_start: return widen(values_.window_start);
      case Operand::window_end: return widen(values_.window_end);
      case Operand::cursor: return widen(values_.cursor);
      case Operand::partition: break;
    }
    const auto found = values_.partitions.find(part.partition);
    if (found == values_.partitions.end()) return Value{};
    if (part.key.empty()) return found->second;
    if (found->second.kind() != Kind::object) return problem("is asked of a partition without keys");
    const Value* const member = found->second.find(part.key);
    return member == nullptr ? Value{} : *member;
  }

  Outcome<base::WallTime> to_time(const Current& current) {
    if (const auto* time = std::get_if<base::WallTime>(&current)) return *time;
    if (const auto* day = std::get_if<std::chrono::sys_days>(&current)) return midnight(*day, values_.zone);
    const Value& value = std::get<Value>(current);
    const auto time = value.kind() == Kind::string ? parse_iso8601(value.text()) : std::nullopt;
    if (!time) {
      return tl::unexpected(fmt::format("is not a time, but {}",
                                        base::shorten(base::escape_control(decode::to_json(value)), 60)));
    }
    return *time;
  }

  Outcome<Current> shift(const Current& current, std::chrono::seconds by) {
    using std::chrono::days, std::chrono::sys_days, std::chrono::year;
    if (is_null(current)) return current;
    Outcome<Current> result;
    const auto* const day = std::get_if<sys_days>(&current);
    if (day != nullptr && by % days{1} == by.zero()) {
      result = *day + std::chrono::duration_cast<days>(by);
    } else {
      const auto time = to_time(current);
      if (!time) return tl::unexpected(time.error());
      result = *time + by;
    }
    const auto moved = std::visit(
        [](const auto& it) -> base::WallTime {
          if constexpr (std::is_same_v<std::decay_t<decltype(it)>, Value>)
            return {};
          else
            return it;
        },
        *result);
    if (moved < sys_days{year{1} / 1 / 2} || moved >= sys_days{year{9999} / 12 / 31})
      return problem("is shifted out of the years 1 to 9999");
    return result;
  }

  Outcome<Current> date(const TemplateFilter& filter, const Current& current) {
    const std::string& pattern = filter.arguments[0].text;
    const auto* const day = std::get_if<std::chrono::sys_days>(&current);
    if (filter.arguments.size() == 1 && day != nullptr)
      return string(format_time(midnight(*day, values_.zone), pattern, values_.zone));
    const auto time = to_time(current);
    if (!time) return tl::unexpected(time.error());
    const std::string_view zone =
        filter.arguments.size() > 1 ? std::string_view(filter.arguments[1].text) : "UTC";
    return string(format_time(*time, pattern, zone));
  }

  template <class Unit>
  Outcome<Current> epoch(const Current& current) {
    const auto time = to_time(current);
    if (!time) return tl::unexpected(time.error());
    return Value::number(copy(fmt::format("{}", std::chrono::floor<Unit>(time->time_since_epoch()).count())));
  }

  static std::string slice(const std::string& text, const TemplateFilter& filter) {
    std::vector<std::size_t> starts;  // of each character
    for (std::size_t at = 0; at < text.size(); at += std::max<std::size_t>(1, base::utf8_sequence(text, at)))
      starts.push_back(at);
    const auto count = static_cast<std::int64_t>(starts.size());
    starts.push_back(text.size());
    const auto place = [count](std::int64_t at) {
      return static_cast<std::size_t>(std::clamp<std::int64_t>(at < 0 ? at + count : at, 0, count));
    };
    const std::size_t from = starts[place(filter.arguments[0].integer.value_or(0))];
    const std::size_t to = starts[filter.arguments.size() > 1 ? place(filter.arguments[1].integer.value_or(0))
                                                              : static_cast<std::size_t>(count)];
    return from < to ? text.substr(from, to - from) : "";
  }

  Outcome<Current> apply(const TemplateFilter& filter, const Current& current) {
    using Filter = TemplateFilter::Kind;
    if (filter.kind == Filter::fallback) return is_null(current) ? filter.arguments[0].value() : current;
    if (filter.kind == Filter::json) return string(decode::to_json(to_value(current)));
    if (is_null(current)) return current;
    switch (filter.kind) {
      case Filter::date: return date(filter, current);
      case Filter::epoch: return epoch<std::chrono::seconds>(current);
      case Filter::epoch_ms: return epoch<std::chrono::milliseconds>(current);
      default: break;
    }
    auto text = to_text(current);
    if (!text) return tl::unexpected(text.error());
    const auto change = [&](char first, int by) {
      for (char& c : *text)
        if (c >= first && c < first + 26) c = static_cast<char>(c + by);
    };
    switch (filter.kind) {
      case Filter::upper: change('a', 'A' - 'a'); break;
      case Filter::lower: change('A', 'a' - 'A'); break;
      case Filter::slice: text = slice(*text, filter); break;
      default: text = base::percent_encode(*text);
    }
    return string(*text);
  }

  const TemplateValues& values_;
  std::pmr::memory_resource& arena_;
};

}  // namespace

Outcome<Value> Template::render(const TemplateValues& values, std::pmr::memory_resource& arena) const {
  Renderer renderer(values, arena);
  if (parts_->parts.size() == 1) return renderer.render(parts_->parts[0]);
  std::string result;
  for (const TemplatePart& part : parts_->parts) {
    const auto value = renderer.render(part);
    if (!value) return value;
    const auto text = renderer.to_text(*value);
    if (!text) return tl::unexpected(part.source + " " + text.error());
    result += *text;
  }
  return Value::string(renderer.copy(result));
}

Outcome<std::string> Template::render_text(const TemplateValues& values, std::pmr::memory_resource& arena,
                                           const Encoder& encode) const {
  Renderer renderer(values, arena);
  std::string result;
  for (const TemplatePart& part : parts_->parts) {
    const auto value = renderer.render(part);
    if (!value) return tl::unexpected(value.error());
    auto text = renderer.to_text(*value);
    if (!text) return tl::unexpected(part.source + " " + text.error());
    const bool encoded = !part.filters.empty() && part.filters.back().kind == TemplateFilter::Kind::urlencode;
    if (part.operand != Operand::plain_text && !encoded) text = encode(*text);
    if (!text) return tl::unexpected(part.source + " " + text.error());
    result += *text;
  }
  return result;
}

bool Template::is_constant() const {
  return std::all_of(parts_->parts.begin(), parts_->parts.end(), [](const TemplatePart& part) {
    return part.operand == Operand::plain_text || part.operand == Operand::literal;
  });
}

const std::string& Template::text() const { return parts_->text; }

}  // namespace expr
