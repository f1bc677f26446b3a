#include "http/http_date.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "http/response_head.hpp"

namespace http {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes one piece after the other off the front; after the first that does not fit, nothing fits any more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void literal(std::string_view expected) {
    good_ = good_ && rest_.starts_with(expected);
    if (good_) rest_.remove_prefix(expected.size());
  }

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      good_ = good_ && i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9';
      if (good_) value = value * 10 + (rest_[i] - '0');
    }
    if (good_) rest_.remove_prefix(digits);
    return value;
  }

  // The place of the name that comes next in `names`, of which `length` letters are written.
  template <std::size_t count>
  unsigned name(const std::array<std::string_view, count>& names,
                std::size_t length = std::string_view::npos) {
    const auto found = std::find_if(names.begin(), names.end(), [&](std::string_view name) {
      return rest_.starts_with(name.substr(0, length));
    });
    good_ = good_ && found != names.end();
    if (!good_) return 0;
    rest_.remove_prefix(std::min(length, found->size()));
    return static_cast<unsigned>(found - names.begin());
  }

  std::chrono::seconds time_of_day() {
    const int hour = number(2);
    literal(":");
    const int minute = number(2);
    literal(":");
    const int second = number(2);
    good_ = good_ && hour < 24 && minute < 60 && second <= 60;
    return std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
  }

  bool next_is(char c) const { return rest_.starts_with(c); }
  bool ended_well() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct Parts {
  int year = 0;
  unsigned month = 0, day = 0;  // the month from 0
  std::chrono::seconds time{};
};

std::optional<sys_days> day_of(const Parts& parts) {
  const std::chrono::year_month_day date{year{parts.year}, std::chrono::month{parts.month + 1},
                                         std::chrono::day{parts.day}};
  if (!date.ok() || parts.year < 1) return std::nullopt;
  return sys_days{date};
}

std::optional<base::WallTime> moment(const Parts& parts, const Reader& reader) {
  const auto day = day_of(parts);
  if (!reader.ended_well() || !day) return std::nullopt;
  return base::WallTime{*day} + parts.time;
}

std::optional<base::WallTime> parse_imf_fixdate(std::string_view text) {
  Reader reader(text);
  Parts parts;
  reader.name(weekdays, 3);
  reader.literal(", ");
  parts.day = static_cast<unsigned>(reader.number(2));
  reader.literal(" ");
  parts.month = reader.name(months);
  reader.literal(" ");
  parts.year = reader.number(4);
  reader.literal(" ");
  parts.time = reader.time_of_day();
  reader.literal(" GMT");
  return moment(parts, reader);
}

// The year has two digits. The weekday tells the century: the same day falls on another one in each of three.
std::optional<base::WallTime> parse_rfc850(std::string_view text) {
  Reader reader(text);
  Parts parts;
  const std::chrono::weekday weekday{reader.name(weekdays)};
  reader.literal(", ");
  parts.day = static_cast<unsigned>(reader.number(2));
  reader.literal("-");
  parts.month = reader.name(months);
  reader.literal("-");
  const int short_year = reader.number(2);
  reader.literal(" ");
  parts.time = reader.time_of_day();
  reader.literal(" GMT");
  for (const int century : {1900, 2000, 2100}) {
    parts.year = century + short_year;
    const auto day = day_of(parts);
    if (day && std::chrono::weekday{*day} == weekday) return moment(parts, reader);
  }
  return std::nullopt;
}

std::optional<base::WallTime> parse_asctime(std::string_view text) {
  Reader reader(text);
  Parts parts;
  reader.name(weekdays, 3);
  reader.literal(" ");
  parts.month = reader.name(months);
  reader.literal(" ");
  const bool one_digit = reader.next_is(' ');
  if (one_digit) reader.literal(" ");
  parts.day = static_cast<unsigned>(reader.number(one_digit ? 1 : 2));
  reader.literal(" ");
  parts.time = reader.time_of_day();
  reader.literal(" ");
  parts.year = reader.number(4);
  return moment(parts, reader);
}

}  // namespace

std::optional<base::WallTime> parse_http_date(std::string_view text) {
  text = trimmed(text);
  if (const auto time = parse_imf_fixdate(text)) return time;
  if (const auto time = parse_rfc850(text)) return time;
  return parse_asctime(text);
}

std::optional<base::WallTime> server_time(const Response& response) {
  const std::string* date = response.header("date");
  return date ? parse_http_date(*date) : std::nullopt;
}

}  // namespace http
