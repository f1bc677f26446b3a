#include "base/rfc822.hpp"

#include <array>
#include <utility>

namespace base {
namespace {

using namespace std::chrono;
using Fault = tl::unexpected<std::string_view>;

constexpr std::array<std::string_view, 12> month_names{"january",   "february", "march",    "april",
                                                       "may",       "june",     "july",     "august",
                                                       "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> weekday_names{"monday", "tuesday",  "wednesday", "thursday",
                                                        "friday", "saturday", "sunday"};
constexpr std::array<std::pair<std::string_view, int>, 12> zone_names{{{"z", 0},
                                                                       {"gmt", 0},
                                                                       {"ut", 0},
                                                                       {"utc", 0},
                                                                       {"est", -5},
                                                                       {"edt", -4},
                                                                       {"cst", -6},
                                                                       {"cdt", -5},
                                                                       {"mst", -7},
                                                                       {"mdt", -6},
                                                                       {"pst", -8},
                                                                       {"pdt", -7}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool begins(std::string_view name, std::string_view word) {
  if (word.size() > name.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (lower(word[i]) != name[i]) return false;
  return true;
}

// Which name the word is, or at least the first three letters of; -1: none.
template <std::size_t count>
int find(const std::array<std::string_view, count>& names, std::string_view word) {
  for (std::size_t i = 0; i < count; ++i)
    if (word.size() >= 3 && begins(names[i], word)) return static_cast<int>(i);
  return -1;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void skip_blanks() {
    while (!text_.empty() && (text_.front() == ' ' || (text_.front() >= '\t' && text_.front() <= '\r')))
      text_.remove_prefix(1);
  }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view word() {
    std::size_t length = 0;
    while (length < text_.size() && is_letter(text_[length])) ++length;
    return take_first(length);
  }
  // A number of so many digits, or -1. `digits` becomes how many there were.
  int number(std::size_t least, std::size_t most, std::size_t* digits = nullptr) {
    std::size_t length = 0;
    while (length < text_.size() && is_digit(text_[length])) ++length;
    if (length < least || length > most) return -1;
    if (digits != nullptr) *digits = length;
    int value = 0;
    for (const char c : take_first(length)) value = value * 10 + (c - '0');
    return value;
  }
  bool at_end() const { return text_.empty(); }
  bool at_letter() const { return !text_.empty() && is_letter(text_.front()); }
  // Only a comment is left, or nothing.
  bool at_comment_or_end() {
    skip_blanks();
    return text_.empty() || (text_.front() == '(' && text_.back() == ')');
  }

 private:
  std::string_view take_first(std::size_t length) {
    const std::string_view first = text_.substr(0, length);
    text_.remove_prefix(length);
    return first;
  }
  std::string_view text_;
};

tl::expected<sys_days, std::string_view> read_date(Reader& reader) {
  reader.skip_blanks();
  if (reader.at_letter()) {
    if (find(weekday_names, reader.word()) < 0) return Fault("begins with neither a weekday nor a day");
    reader.take('.');
    reader.take(',');
    reader.skip_blanks();
  }
  const int d = reader.number(1, 2);
  reader.skip_blanks();
  const int m = find(month_names, reader.word());
  reader.skip_blanks();
  std::size_t digits = 0;
  int y = reader.number(2, 4, &digits);
  if (d < 0 || m < 0 || y < 0) return Fault("is not written as 10 Jun 2003 04:00:00 GMT");
  if (digits == 2) y += y < 50 ? 2000 : 1900;
  if (digits == 3) y += 1900;
  const year_month_day date{year{y}, month{static_cast<unsigned>(m) + 1}, day{static_cast<unsigned>(d)}};
  if (!date.ok() || y == 0) return Fault("is a day that does not exist");
  return sys_days{date};
}

tl::expected<seconds, std::string_view> read_time(Reader& reader) {
  reader.skip_blanks();
  if (reader.at_end()) return Fault("has no time of day");
  const int h = reader.number(1, 2);
  const bool colon = reader.take(':');
  const int m = reader.number(2, 2);
  const int s = reader.take(':') ? reader.number(2, 2) : 0;
  if (!colon || h < 0 || m < 0 || s < 0 || h > 23 || m > 59 || s > 60)
    return Fault("has a time of day that does not exist");
  return hours{h} + minutes{m} + seconds{s};
}

tl::expected<std::optional<minutes>, std::string_view> read_zone(Reader& reader) {
  if (reader.at_comment_or_end()) return std::nullopt;
  if (reader.at_letter()) {
    const std::string_view word = reader.word();
    for (const auto& [name, hours_ahead] : zone_names)
      if (word.size() == name.size() && begins(name, word)) return hours{hours_ahead};
    return Fault("has a time zone that is not known");
  }
  const bool west = reader.take('-');
  if (!west && !reader.take('+')) return Fault("has something else than a time zone at its end");
  const int h = reader.number(4, 4);
  if (h >= 0 && h / 100 <= 23 && h % 100 <= 59) {
    const minutes offset{h / 100 * 60 + h % 100};
    return west ? -offset : offset;
  }
  const int whole = h < 0 ? reader.number(2, 2) : -1;
  const int part = reader.take(':') ? reader.number(2, 2) : -1;
  if (whole < 0 || whole > 23 || part < 0 || part > 59) return Fault("has a wrong time zone");
  const minutes offset{whole * 60 + part};
  return west ? -offset : offset;
}

}  // namespace

tl::expected<WrittenTime, std::string_view> parse_rfc822(std::string_view text) {
  Reader reader(text);
  const auto date = read_date(reader);
  if (!date) return Fault(date.error());
  const auto time = read_time(reader);
  if (!time) return Fault(time.error());
  const auto zone = read_zone(reader);
  if (!zone) return Fault(zone.error());
  if (!reader.at_comment_or_end()) return Fault("has more than a date and a time");
  const WrittenTime written{*date + *time, *zone, true};
  if (!has_four_digit_year(written.local - zone->value_or(minutes{0})))
    return Fault("is outside the years 1 to 9999");
  return written;
}

}  // namespace base
