#include "schedule/cron.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace schedule {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::size_t shown_length = 40;  // of the user's text in a fault

struct Field {
  std::string_view name;
  unsigned low, high;  // of what may be written; 7 is a second name of Sunday
  std::string_view names = {};
  unsigned first_name = 0;
  unsigned size() const { return high - low + (high == 7 ? 0 : 1); }
};

constexpr Field second{"second", 0, 59};
constexpr Field minute{"minute", 0, 59};
constexpr Field hour{"hour", 0, 23};
constexpr Field day{"day of the month", 1, 31};
constexpr Field month{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", 1};
constexpr Field weekday{"day of the week", 0, 7, "SUNMONTUEWEDTHUFRISAT", 0};
constexpr unsigned sunday = 7;

struct Token {
  std::string_view text;
  std::size_t column = 0;
  Token part(std::size_t from, std::size_t length = std::string_view::npos) const {
    return {text.substr(from, length), column + from};
  }
};

template <class... Args>
tl::unexpected<CronFault> fault(std::size_t column, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(CronFault{column, fmt::format(format, std::forward<Args>(args)...)});
}

std::string shown(std::string_view text) {
  return fmt::format("\"{}\"", base::escape_control(base::shorten(text, shown_length)));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Digits only, without sign. More than four of them are out of every range, so that nothing overflows.
std::optional<unsigned> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value > 9999 ? value : value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

std::optional<unsigned> named(std::string_view text, const Field& field) {
  if (text.size() != 3) return std::nullopt;
  for (std::size_t i = 0; i < field.names.size(); i += 3)
    if (upper(text[0]) == field.names[i] && upper(text[1]) == field.names[i + 1] &&
        upper(text[2]) == field.names[i + 2])
      return field.first_name + static_cast<unsigned>(i / 3);
  return std::nullopt;
}

tl::expected<unsigned, CronFault> parse_value(const Token& token, const Field& field) {
  if (token.text.empty()) return fault(token.column, "the {} is missing here", field.name);
  if (const auto value = named(token.text, field)) return *value;
  const auto value = number(token.text);
  if (!value) {
    const std::string names = field.names.empty() ? std::string()
                                                  : fmt::format(", or {} to {}", field.names.substr(0, 3),
                                                                field.names.substr(field.names.size() - 3));
    return fault(token.column, "{} is no {}; write {} to {}{}", shown(token.text), field.name, field.low,
                 field.high, names);
  }
  if (*value < field.low || *value > field.high)
    return fault(token.column, "{} is out of range for the {}; write {} to {}", token.text, field.name,
                 field.low, field.high);
  return *value;
}

tl::expected<unsigned, CronFault> parse_step(const Token& token, const Field& field) {
  const auto step = number(token.text);
  if (!step) return fault(token.column, "a step is a number, as in */5");
  if (*step == 0) return fault(token.column, "a step of 0 would never move on; write 1 or more");
  // "*/90" minutes would mean every hour, not every 90 minutes.
  if (*step > field.size())
    return fault(token.column, "a step of {} leaves the {}, which has {} values; write 1 to {}", token.text,
                 field.name, field.size(), field.size());
  return *step;
}

// The range of `a-b`; FRI-SUN ends on the Sunday after the Friday.
tl::expected<std::pair<unsigned, unsigned>, CronFault> parse_range(const Token& token, std::size_t hyphen,
                                                                   const Field& field) {
  const Token last = token.part(hyphen + 1);
  const auto from = parse_value(token.part(0, hyphen), field);
  if (!from) return tl::unexpected(from.error());
  auto to = parse_value(last, field);
  if (!to) return tl::unexpected(to.error());
  if (field.high == sunday && *to == 0 && *from > 0 && !is_digit(last.text.front())) to = sunday;
  if (*from <= *to) return std::pair(*from, *to);
  if (field.high == sunday && *to == 0)
    return fault(token.column, "the range {} runs backwards; write {}-7, 7 is Sunday", shown(token.text),
                 *from);
  return fault(token.column, "the range {} runs backwards; write {}-{},{}-{}", shown(token.text), *from,
               field.high == sunday ? sunday - 1 : field.high, field.low, *to);
}

// One part of a list: `*`, `a`, `a-b`, and the two with a step.
tl::expected<std::uint64_t, CronFault> parse_part(const Token& token, const Field& field) {
  if (token.text.empty()) return fault(token.column, "the {} is missing here; remove the comma", field.name);
  const std::size_t slash = token.text.find('/');
  const bool has_step = slash != std::string_view::npos;
  const Token base = token.part(0, slash);
  unsigned step = 1;
  if (has_step) {
    const auto parsed = parse_step(token.part(slash + 1), field);
    if (!parsed) return tl::unexpected(parsed.error());
    step = *parsed;
  }
  std::pair<unsigned, unsigned> range{field.low, field.low + field.size() - 1};
  const std::size_t hyphen = base.text.find('-', 1);
  if (!base.text.empty() && hyphen != std::string_view::npos) {
    const auto parsed = parse_range(base, hyphen, field);
    if (!parsed) return tl::unexpected(parsed.error());
    range = *parsed;
  } else if (base.text != "*") {
    const auto value = parse_value(base, field);
    if (!value) return tl::unexpected(value.error());
    if (has_step)
      return fault(base.column, "a step needs a range, for dialects disagree about {}; write {}-{}/{}",
                   shown(token.text), base.text, range.second, step);
    range = {*value, *value};
  }
  std::uint64_t bits = 0;
  for (unsigned value = range.first; value <= range.second; value += step)
    bits |= std::uint64_t{1} << (field.high == sunday ? value % sunday : value);
  return bits;
}

tl::expected<std::uint64_t, CronFault> parse_field(const Token& token, const Field& field) {
  std::uint64_t bits = 0;
  for (std::size_t start = 0;;) {
    const std::size_t comma = token.text.find(',', start);
    const std::size_t length = comma == std::string_view::npos ? comma : comma - start;
    const auto part = parse_part(token.part(start, length), field);
    if (!part) return part;
    bits |= *part;
    if (comma == std::string_view::npos) return bits;
    start = comma + 1;
  }
}

std::vector<Token> split(const Token& all) {
  std::vector<Token> fields;
  std::size_t at = 0;
  while ((at = all.text.find_first_not_of(blanks, at)) != std::string_view::npos) {
    const std::size_t end = std::min(all.text.find_first_of(blanks, at), all.text.size());
    fields.push_back(all.part(at, end - at));
    at = end;
  }
  return fields;
}

// What an @ word stands for, or "".
std::string_view written_out(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> words{{
      {"@hourly", "0 * * * *"},
      {"@daily", "0 0 * * *"},
      {"@midnight", "0 0 * * *"},
      {"@weekly", "0 0 * * 0"},
      {"@monthly", "0 0 1 * *"},
      {"@yearly", "0 0 1 1 *"},
      {"@annually", "0 0 1 1 *"},
  }};
  for (const auto& [name, expression] : words)
    if (name == word) return expression;
  return {};
}

// A year of 366 days has every date that ever comes.
bool ever_comes(const Cron::Sets& sets) {
  static constexpr std::array lengths{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (std::size_t i = 0; i < lengths.size(); ++i)
    if ((sets.months >> (i + 1) & 1) != 0 && std::countr_zero(sets.days) <= lengths[i]) return true;
  return false;
}

}  // namespace

tl::expected<Cron, CronFault> Cron::parse(std::string_view text) {
  if (text.size() > max_cron_length)
    return fault(max_cron_length, "is longer than {} characters; write ranges instead of lists",
                 max_cron_length);
  std::vector<Token> fields = split({text, 0});
  const std::size_t begin = fields.empty() ? 0 : fields.front().column;
  if (!fields.empty() && fields.front().text.starts_with('@')) {
    const std::string_view expression = fields.size() == 1 ? written_out(fields.front().text) : "";
    if (expression.empty())
      return fault(begin,
                   "{} is not known; allowed: @hourly, @daily, @midnight, @weekly, @monthly, "
                   "@yearly, @annually{}",
                   shown(text.substr(begin)),
                   fields.front().text == "@every" ? "; for a period use every" : "");
    fields = split({expression, 0});
  }
  if (fields.size() != 5 && fields.size() != 6)
    return fault(fields.size() > 6 ? fields[6].column : begin,
                 "has {} {}; write five, \"minute hour day month weekday\", or six with the seconds first",
                 fields.size(), fields.size() == 1 ? "field" : "fields");

  Cron cron;
  cron.text_ = text;
  cron.has_seconds_ = fields.size() == 6;
  const std::size_t first = cron.has_seconds_ ? 1 : 0;
  struct Target {
    const Field& field;
    std::uint64_t Sets::*set;
  };
  const std::array<Target, 6> targets{{{second, &Sets::seconds},
                                       {minute, &Sets::minutes},
                                       {hour, &Sets::hours},
                                       {day, &Sets::days},
                                       {month, &Sets::months},
                                       {weekday, &Sets::weekdays}}};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Target& target = targets[i + 1 - first];
    const auto bits = parse_field(fields[i], target.field);
    if (!bits) return tl::unexpected(bits.error());
    cron.sets_.*target.set = *bits;
  }
  const Token& days = fields[first + 2];
  cron.any_day_ = days.text == "*";
  cron.any_weekday_ = fields[first + 4].text == "*";
  cron.is_fixed_ = !fields[first].text.starts_with('*') && !fields[first + 1].text.starts_with('*');
  // With a weekday beside it, the day field needs no date of its own: either matches.
  if (cron.any_weekday_ && !ever_comes(cron.sets_))
    return fault(days.column, "this date never comes: no month of {} has a day {}; change one of them",
                 shown(fields[first + 3].text), std::countr_zero(cron.sets_.days));
  return cron;
}

tl::expected<base::Duration, CronFault> parse_every(std::string_view text) {
  static constexpr std::string_view allowed = "write 30s, 15m, 1h, 2d or 1w, at most 52w";
  // Months and years differ in length; only a cron expression says which day is meant.
  if (const std::size_t unit = std::min(text.find("mo"), text.find('y')); unit < text.size())
    return fault(unit, "months and years have no fixed length; {}, or use cron: \"0 0 1 * *\"", allowed);
  const auto period = base::parse_duration(text);
  if (!period) return fault(0, "{} is not a period; {}", shown(text), allowed);
  if (*period == std::chrono::seconds::zero()) return fault(0, "a period of 0 never ends; {}", allowed);
  if (*period > max_every) return fault(0, "{} is too long; {}", shown(text), allowed);
  return *period;
}

}  // namespace schedule
