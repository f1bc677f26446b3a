#include "schedule/timetable.hpp"

#include <algorithm>
#include <bit>

#include "base/check.hpp"

namespace schedule {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::seconds;

using Second = std::int64_t;  // since 1970, in UTC or as the clocks of a zone show it
constexpr Second a_day = 86'400;
constexpr Second cron_end = 2'145'916'800;     // 2038-01-01
constexpr Second every_end = 253'402'300'800;  // the year 10000
constexpr unsigned none = 64;

unsigned at_or_after(std::uint64_t bits, unsigned value) {
  const std::uint64_t rest = bits >> value;
  return rest == 0 ? none : value + static_cast<unsigned>(std::countr_zero(rest));
}

// The first time of a day, not before `from`, that the expression names.
std::optional<Second> time_of_day(const Cron::Sets& sets, Second from) {
  const auto h = static_cast<unsigned>(from / 3600), m = static_cast<unsigned>(from / 60 % 60);
  const auto at = [&](unsigned hour, unsigned minute, unsigned second) -> Second {
    return hour * 3600 + minute * 60 + second;
  };
  const unsigned first_second = at_or_after(sets.seconds, 0);
  unsigned hour = at_or_after(sets.hours, h);
  if (hour == h) {
    unsigned minute = at_or_after(sets.minutes, m);
    if (minute == m) {
      const unsigned second = at_or_after(sets.seconds, static_cast<unsigned>(from % 60));
      if (second != none) return at(h, m, second);
      minute = at_or_after(sets.minutes, m + 1);
    }
    if (minute != none) return at(h, minute, first_second);
    hour = at_or_after(sets.hours, h + 1);
  }
  if (hour == none) return std::nullopt;
  return at(hour, at_or_after(sets.minutes, 0), first_second);
}

bool is_day(const Cron& cron, std::chrono::sys_days day, std::chrono::day of_month) {
  const bool date = (cron.sets().days >> static_cast<unsigned>(of_month) & 1) != 0;
  const bool weekday = (cron.sets().weekdays >> std::chrono::weekday{day}.c_encoding() & 1) != 0;
  return cron.any_day() || cron.any_weekday() ? date && weekday : date || weekday;
}

// The first match in [from, end) of a clock that only goes forward.
std::optional<Second> first_match(const Cron& cron, Second from, Second end) {
  std::chrono::sys_days day = std::chrono::floor<days>(std::chrono::sys_seconds{seconds{from}});
  Second time = from - day.time_since_epoch().count() * a_day;
  for (Second midnight = from - time; midnight < end; midnight = day.time_since_epoch().count() * a_day) {
    const std::chrono::year_month_day date{day};
    if ((cron.sets().months >> static_cast<unsigned>(date.month()) & 1) == 0) {
      day = std::chrono::sys_days{(date.year() / date.month() + std::chrono::months{1}) / 1};
    } else {
      const auto found = is_day(cron, day, date.day()) ? time_of_day(cron.sets(), time) : std::nullopt;
      if (found) return midnight + *found < end ? std::optional(midnight + *found) : std::nullopt;
      day += days{1};
    }
    time = 0;
  }
  return std::nullopt;
}

std::optional<Second> next_of_cron(const Cron& cron, const Zone& zone, Second after) {
  for (Second from = after + 1; from < cron_end;) {
    const Zone::Period period = zone.period(from);
    Second local = from + period.offset;
    if (cron.is_fixed()) {
      const Second shown_before = period.begin + period.offset_before;  // all times of day up to here
      if (from == period.begin && first_match(cron, shown_before, local)) return from;
      local = std::max(local, shown_before);
    }
    const auto found = first_match(cron, local, std::min(period.end, cron_end) + period.offset);
    if (found) return *found - period.offset;
    from = period.end;
  }
  return std::nullopt;
}

WallTime at(Second second) { return WallTime{seconds{second}}; }

}  // namespace

Timetable::Timetable(Cron cron, Zone zone) : rule_(std::move(cron)), zone_(zone) {}

Timetable::Timetable(base::Duration every, Zone zone)
    : rule_(std::chrono::floor<microseconds>(every)), zone_(zone) {
  CHECK(every >= seconds{1}, "parse_every() lets no shorter period through");
}

std::optional<WallTime> Timetable::next(WallTime after) const {
  after = std::max(after, WallTime{microseconds{-1}});
  if (after >= at(every_end)) return std::nullopt;
  if (const auto* const every = std::get_if<microseconds>(&rule_)) {
    if (after < WallTime{}) return WallTime{};
    return WallTime{(after.time_since_epoch() / *every + 1) * *every};
  }
  const Second second = std::chrono::floor<seconds>(after).time_since_epoch().count();
  const auto found = next_of_cron(std::get<Cron>(rule_), zone_, second);
  return found ? std::optional(at(*found)) : std::nullopt;
}

std::optional<WallTime> Timetable::latest(WallTime after, WallTime until) const {
  const auto in_time = [&](std::optional<WallTime> slot) { return slot && *slot <= until; };
  const auto first = next(after);
  if (!in_time(first)) return std::nullopt;
  const auto second = next(*first);
  if (!in_time(second)) return first;
  // Slots are at least a second apart, so an interval of a second holds one at most.
  WallTime low = *second - microseconds{1}, high = until;
  for (auto found = second;; found = next(low)) {
    if (high - low <= seconds{1}) return found;
    const WallTime middle = low + (high - low) / 2;
    (in_time(next(middle)) ? low : high) = middle;
  }
}

std::vector<WallTime> Timetable::between(WallTime after, WallTime until, std::size_t limit) const {
  std::vector<WallTime> slots;
  for (auto slot = next(after); slots.size() < limit && slot && *slot <= until; slot = next(*slot))
    slots.push_back(*slot);
  return slots;
}

WallTime Timetable::next_time_of_day(WallTime time, std::chrono::minutes since_midnight) const {
  const Second second = std::chrono::ceil<seconds>(time).time_since_epoch().count();
  const Second local = zone_.to_local(second);
  const Second midnight = local - (local % a_day + a_day) % a_day;
  // A time of day that a whole day's leap passes over is the leap's end; so three days are enough.
  for (Second day = midnight - a_day;; day += a_day) {
    const Second found = zone_.to_utc(day + seconds{since_midnight}.count());
    if (found >= second) return at(found);
  }
}

base::Duration splay_of(std::string_view name, base::Duration splay) {
  const auto range = std::chrono::floor<std::chrono::milliseconds>(splay).count();
  if (range <= 0) return base::Duration::zero();
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return std::chrono::milliseconds{hash % static_cast<std::uint64_t>(range)};
}

}  // namespace schedule
