// strptime, without a locale. The readers of the C library and of `date` are not used: the first depends on
// the process's locale and the second computes with what it failed to read.
#include <array>
#include <charconv>

#include "expr/template_time.hpp"

namespace expr {
namespace {

using std::chrono::days;
using std::chrono::microseconds;

constexpr std::array<std::string_view, 12> months{"january",   "february", "march",    "april",
                                                  "may",       "june",     "july",     "august",
                                                  "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> weekdays{"monday", "tuesday",  "wednesday", "thursday",
                                                   "friday", "saturday", "sunday"};
constexpr std::array<std::string_view, 2> halves{"am", "pm"};
constexpr std::array<std::string_view, 3> universal{"utc", "gmt", "z"};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool read(std::string_view pattern) {
    for (std::size_t at = 0; at < pattern.size(); ++at) {
      const char c = pattern[at];
      if (is_space(c)) {
        skip_spaces();
      } else if (c == '%' && at + 1 < pattern.size()) {
        if (!convert(pattern[++at])) return false;
      } else if (!take(c)) {
        return false;
      }
    }
    return true;
  }
  bool at_end() const { return text_.empty(); }

  std::optional<base::WrittenTime> time() const {
    using namespace std::chrono;
    if (epoch_) return base::WrittenTime{*epoch_ + microseconds{fraction_}, minutes{0}};
    if (year_ < 1) return std::nullopt;
    const year_month_day date{year{year_}, month{static_cast<unsigned>(month_)},
                              day{static_cast<unsigned>(day_)}};
    if (!date.ok()) return std::nullopt;
    sys_days day{date};
    if (day_of_year_ > 0) {
      day = sys_days{year{year_} / 1 / 1} + days{day_of_year_ - 1};
      if (year_month_day{day}.year() != year{year_}) return std::nullopt;
    }
    const int hour = half_ < 0 ? hour_ : hour_ % 12 + 12 * half_;
    const auto offset = names_zone_ ? std::optional(minutes{offset_}) : std::nullopt;
    return base::WrittenTime{
        day + hours{hour} + minutes{minute_} + seconds{second_} + microseconds{fraction_}, offset};
  }

 private:
  static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  void skip_spaces() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
  }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool convert(char conversion) {
    switch (conversion) {
      case 'Y': return number(year_, 4, 1, 9999);
      case 'y':
        if (!number(year_, 2, 0, 99)) return false;
        year_ += year_ < 69 ? 2000 : 1900;  // as POSIX has it
        return true;
      case 'm': return number(month_, 2, 1, 12);
      case 'b':
      case 'B':
      case 'h': return name(months, 3, month_, 1);
      case 'e': skip_spaces(); [[fallthrough]];
      case 'd': return number(day_, 2, 1, 31);
      case 'j': return number(day_of_year_, 3, 1, 366);
      case 'a':
      case 'A': return name(weekdays, 3, ignored_, 0);
      case 'H': return number(hour_, 2, 0, 23);
      case 'I': return number(hour_, 2, 1, 12);
      case 'p': return name(halves, 2, half_, 0);
      case 'M': return number(minute_, 2, 0, 59);
      case 'S': return number(second_, 2, 0, 60);
      case 'f': return fraction();
      case 's': return epoch();
      case 'z': return names_zone_ = zone();
      case 'Z': return names_zone_ = name(universal, 4, ignored_, 0);
      case 'D': return read("%m/%d/%y");
      case 'F': return read("%Y-%m-%d");
      case 'T': return read("%H:%M:%S");
      case 'R': return read("%H:%M");
      case 'n':
      case 't': skip_spaces(); return true;
      case '%': return take('%');
      default: return false;
    }
  }

  bool number(int& result, std::size_t most_digits, int least, int most) {
    skip_spaces();
    int value = 0;
    std::size_t digits = 0;
    for (; digits < most_digits && !text_.empty() && is_digit(text_.front()); ++digits) {
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    result = value;
    return digits > 0 && value >= least && value <= most;
  }

  // One of the names in full, or its first letters.
  template <std::size_t count>
  bool name(const std::array<std::string_view, count>& names, std::size_t letters, int& result, int first) {
    for (std::size_t i = 0; i < count; ++i) {
      for (const std::string_view form : {names[i], names[i].substr(0, letters)}) {
        if (!starts_with_ignoring_case(form)) continue;
        text_.remove_prefix(form.size());
        result = static_cast<int>(i) + first;
        return true;
      }
    }
    return false;
  }
  bool starts_with_ignoring_case(std::string_view form) const {
    if (text_.size() < form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i)
      if (((text_[i] >= 'A' && text_[i] <= 'Z') ? text_[i] + ('a' - 'A') : text_[i]) != form[i]) return false;
    return true;
  }

  bool fraction() {
    int unit = 100'000;
    fraction_ = 0;
    std::size_t digits = 0;
    for (; !text_.empty() && is_digit(text_.front()); ++digits, unit /= 10) {
      fraction_ += (text_.front() - '0') * unit;
      text_.remove_prefix(1);
    }
    return digits > 0;
  }

  bool epoch() {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), seconds);
    constexpr std::int64_t year_1 = -62'135'596'800, year_10000 = 253'402'300'800;
    if (error != std::errc{} || seconds < year_1 || seconds >= year_10000) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    epoch_ = base::WallTime{std::chrono::seconds{seconds}};
    return true;
  }

  bool zone() {
    if (take('Z') || take('z')) return true;
    const bool west = text_.starts_with('-');
    if (!take('-') && !take('+')) return false;
    int hours = 0, minutes = 0;
    if (!number(hours, 2, 0, 23)) return false;
    const bool colon = take(':');
    if ((colon || (!text_.empty() && is_digit(text_.front()))) && !number(minutes, 2, 0, 59)) return false;
    offset_ = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
  }

  std::string_view text_;
  std::optional<base::WallTime> epoch_;
  int year_ = 0, month_ = 1, day_ = 1, day_of_year_ = 0, hour_ = 0, half_ = -1, minute_ = 0, second_ = 0;
  int fraction_ = 0, offset_ = 0, ignored_ = 0;  // microseconds; minutes
  bool names_zone_ = false;
};

}  // namespace

std::optional<base::WrittenTime> read_time(std::string_view text, std::string_view pattern) {
  Reader reader(text);
  if (!reader.read(pattern) || !reader.at_end()) return std::nullopt;
  return reader.time();
}

std::optional<base::WallTime> parse_time(std::string_view text, std::string_view pattern) {
  const auto time = read_time(text, pattern);
  if (!time) return std::nullopt;
  return time->local - time->offset.value_or(std::chrono::minutes{0});
}

}  // namespace expr
