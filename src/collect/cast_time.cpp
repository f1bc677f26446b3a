#include "collect/cast_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/decimal.hpp"
#include "base/rfc822.hpp"
#include "base/text.hpp"
#include "collect/arena.hpp"

namespace collect {
namespace {

using base::WallTime;
using base::WrittenTime;
using config::FieldType;

using Written = tl::expected<WrittenTime, std::string_view>;

// Seconds (`places` = 6) or milliseconds (3) since 1970; what is finer than a microsecond is cut off.
Written read_epoch(std::string_view text, std::size_t places, std::pmr::memory_resource& arena) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto plain = base::plain_decimal(text);
  if (!plain)
    return tl::unexpected<std::string_view>("is not a number of seconds or milliseconds since 1970");
  const std::size_t point = std::min(plain->find('.'), plain->size());
  std::pmr::string digits(plain->substr(0, point), &arena);
  std::string fraction = point < plain->size() ? plain->substr(point + 1) : std::string();
  fraction.resize(places, '0');
  digits += fraction;
  std::int64_t microseconds = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), microseconds);
  const WallTime time{std::chrono::microseconds{microseconds}};
  if (parsed.ec != std::errc{} || !base::has_four_digit_year(time))
    return tl::unexpected<std::string_view>("is outside the years 1 to 9999");
  return WrittenTime{time, std::chrono::minutes{0}, true};
}

// As base::to_iso8601() does, with a year of four digits. By hand, since formatting took a quarter of the
// time that mapping took.
std::string_view write_iso8601(WallTime time, std::pmr::memory_resource& arena) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const std::string_view form = "0000-00-00T00:00:00.000000Z";
  const std::span<char> made = new_span<char>(arena, form.size());
  std::copy(form.begin(), form.end(), made.begin());
  const auto put = [&](std::size_t begin, std::size_t width, std::int64_t number) {
    for (std::size_t i = begin + width; i-- > begin; number /= 10)
      made[i] = static_cast<char>('0' + number % 10);
  };
  put(0, 4, static_cast<int>(date.year()));
  put(5, 2, static_cast<unsigned>(date.month()));
  put(8, 2, static_cast<unsigned>(date.day()));
  put(11, 2, clock.hours().count());
  put(14, 2, clock.minutes().count());
  put(17, 2, clock.seconds().count());
  put(20, 6, clock.subseconds().count());
  return {made.data(), made.size()};
}

WallTime midnight_of(WallTime time) { return std::chrono::floor<std::chrono::days>(time); }

}  // namespace

tl::expected<TimeCast, std::string> TimeCast::make(const config::Field& field) {
  TimeCast cast(field);
  if (!field.timezone.empty()) {
    cast.zone_ = expr::Zone::find(field.timezone);
    if (!cast.zone_)
      return tl::unexpected("timezone: " + expr::check_zone(field.timezone).value_or("cannot be read"));
  }
  for (const std::string& format : field.formats) {
    if (format.find('%') != std::string::npos) {
      if (const auto fault = expr::check_parse_pattern(format))
        return tl::unexpected(fmt::format("formats: {}: {}", quoted(format), *fault));
      cast.formats_.push_back({Form::pattern, format});
      continue;
    }
    const Form form = format == "rfc822"     ? Form::rfc822
                      : format == "epoch"    ? Form::epoch
                      : format == "epoch_ms" ? Form::epoch_ms
                                             : Form::iso8601;
    if (form == Form::iso8601 && format != "iso8601")
      return tl::unexpected(
          fmt::format("formats: {} is none; write iso8601, rfc822, epoch, epoch_ms or a strptime pattern",
                      quoted(format)));
    cast.formats_.push_back({form, format});
  }
  if (cast.formats_.empty()) cast.formats_.push_back({Form::iso8601, "iso8601"});
  if (!field.range) return cast;
  const auto bound = [&](const std::string& text) -> std::optional<WallTime> {
    auto time = base::parse_iso8601(text);
    if (!time) return std::nullopt;
    if (!time->offset && !cast.zone_) time->offset = std::chrono::minutes{0};  // then it means UTC
    const auto placed = cast.place(*time, Form::pattern);
    return placed ? std::optional(*placed) : std::nullopt;
  };
  const auto least = bound(field.range->first), most = bound(field.range->second);
  if (!least || !most || *least > *most)
    return tl::unexpected<std::string>(
        "range: write [earliest, latest] as ISO 8601: [2000-01-01, 2030-12-31T23:59:59]");
  cast.range_ = std::pair(*least, *most);
  return cast;
}

// The time that the column holds, as if it were UTC.
TimeCast::Read<WallTime> TimeCast::place(const WrittenTime& time, Form form) const {
  WallTime result = time.local;
  if (field_->type == FieldType::timestamp) {
    if (!time.offset && !zone_)
      return tl::unexpected<std::string>(
          "has no time zone; set timezone to the zone it is in, such as UTC or America/Sao_Paulo");
    result = time.offset ? time.local - *time.offset : zone_->to_utc(time.local);
  } else if (time.offset && zone_) {
    result = zone_->to_local(time.local - *time.offset);
  } else if (time.offset && field_->type == FieldType::timestamp_local) {
    return tl::unexpected<std::string>("names a time zone; say in which one it is wanted: timezone");
  }
  if (field_->type == FieldType::date) {
    if (form == Form::iso8601 && result != midnight_of(result))
      return tl::unexpected<std::string>(
          "has a time of day other than midnight; keep it with type: timestamp, or say with a pattern under "
          "formats that it does not matter");
    result = midnight_of(result);
  }
  if (!base::has_four_digit_year(result))
    return tl::unexpected<std::string>("is outside the years 1 to 9999");
  return result;
}

Cast TimeCast::write(WallTime time, std::string_view text, std::pmr::memory_resource& arena) const {
  const auto written = [&](WallTime it) {
    const std::string_view iso = write_iso8601(it, arena);
    if (field_->type == FieldType::date) return iso.substr(0, std::string_view("2025-11-21").size());
    return field_->type == FieldType::timestamp_local ? iso.substr(0, iso.size() - 1) : iso;
  };
  if (range_ && (time < range_->first || time > range_->second))
    return breaks_rule(text, fmt::format("is outside of the range {} to {}", written(range_->first),
                                         written(range_->second)));
  return store::Param(written(time));
}

std::string TimeCast::not_written(std::string_view fault) const {
  if (formats_.size() == 1 && formats_[0].form == Form::pattern)
    return fmt::format("is not written as {} says", formats_[0].text);
  const bool exists_not = fault.find("does not exist") != std::string_view::npos;  // its form is right
  if (field_->formats.empty() && !exists_not && !fault.starts_with("is outside"))
    return fmt::format(
        "{}; iso8601 was expected, formats takes others: rfc822, epoch, epoch_ms, patterns such as %d/%m/%Y",
        fault);
  if (formats_.size() == 1) return std::string(fault);
  std::string names;
  for (const Format& format : formats_) names += (names.empty() ? "" : ", ") + format.text;
  return fmt::format("is written in none of the formats {}", names);
}

Cast TimeCast::cast(std::string_view text, std::pmr::memory_resource& arena) const {
  std::string reason;      // why the first format that could read it does not take it
  std::string_view fault;  // what the last format could not read
  for (const Format& format : formats_) {
    Written time = tl::unexpected<std::string_view>("");
    switch (format.form) {
      case Form::iso8601: time = base::parse_iso8601(text); break;
      case Form::rfc822: time = base::parse_rfc822(text); break;
      case Form::epoch: time = read_epoch(text, 6, arena); break;
      case Form::epoch_ms: time = read_epoch(text, 3, arena); break;
      case Form::pattern:
        if (const auto read = expr::read_time(text, format.text)) time = *read;
        break;
    }
    if (!time) {
      fault = time.error();
      continue;
    }
    const auto placed = place(*time, format.form);
    if (placed) return write(*placed, text, arena);
    if (reason.empty()) reason = placed.error();
  }
  return other_type(text, reason.empty() ? not_written(fault) : reason);
}

}  // namespace collect
