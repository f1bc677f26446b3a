#include "http/rate_limit_headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

#include "http/http_date.hpp"
#include "http/response_head.hpp"

namespace http {
namespace {

using base::Duration;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t max_notes = 8, max_digits = 15, max_name_bytes = 64;
constexpr int max_members = 16;           // of one structured field
constexpr hours longest_reset{366 * 24};  // what is further away is no reset of a limit

std::optional<std::int64_t> count_of(std::string_view text) {
  if (text.empty() || text.size() > max_digits) return std::nullopt;
  std::int64_t count = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (wrong != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return count;
}

struct Number {
  std::int64_t whole = 0;
  std::chrono::nanoseconds fraction{};  // of a second
};

// "12" or "12.345", which is how Discord writes its times.
std::optional<Number> number_of(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto whole = count_of(text.substr(0, dot));
  if (!whole || dot == text.size()) return whole ? std::optional(Number{*whole}) : std::nullopt;
  std::string digits(text.substr(dot + 1));
  if (digits.empty() || digits.size() > max_digits) return std::nullopt;
  digits.resize(9, '0');
  const auto fraction = count_of(digits);
  if (!fraction) return std::nullopt;
  return Number{*whole, std::chrono::nanoseconds{*fraction}};
}

std::optional<Duration> duration_of(const Number& number) {
  if (number.whole > seconds{longest_reset}.count()) return std::nullopt;
  return seconds{number.whole} + number.fraction;
}

std::optional<Duration> seconds_of(std::string_view text) {
  const auto number = number_of(text);
  return number ? duration_of(*number) : std::nullopt;
}

std::optional<Duration> until(base::WallTime instant, base::WallTime now) {
  using std::chrono::microseconds;  // any instant fits into these, but not into Duration
  const microseconds wait = std::max<microseconds>(instant - now, microseconds{0});
  if (wait > microseconds{longest_reset}) return std::nullopt;
  return wait;
}

// The year 2001 began with 10^9 seconds; 10^11 of them are past the year 5000, as milliseconds they are 1973.
std::optional<Duration> reset_of(std::string_view text, base::WallTime now) {
  constexpr std::int64_t first_instant = 1'000'000'000, first_in_milliseconds = 100'000'000'000,
                         last_in_milliseconds = 100'000'000'000'000;
  const auto number = number_of(text);
  if (!number || number->whole >= last_in_milliseconds) return std::nullopt;
  if (number->whole < first_instant) return duration_of(*number);
  if (number->whole >= first_in_milliseconds)
    return until(base::WallTime{std::chrono::milliseconds{number->whole}}, now);
  const auto fraction = std::chrono::ceil<std::chrono::microseconds>(number->fraction);
  return until(base::WallTime{seconds{number->whole}} + fraction, now);
}

// ---- structured fields (RFC 9651), as far as these headers use them

// Takes off what stands before the first separator outside of quotes.
std::string_view cut(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (quoted && rest[end] == '\\')
      ++end;
    else if (rest[end] == '"')
      quoted = !quoted;
    else if (!quoted && rest[end] == separator)
      break;
  }
  end = std::min(end, rest.size());
  const std::string_view part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

struct Item {
  std::string_view text;        // in front of the parameters
  std::string_view parameters;  // ";" between them

  std::optional<std::string_view> parameter(std::string_view name) const {
    for (std::string_view rest = parameters; !rest.empty();) {
      std::string_view value = cut(rest, ';');
      if (cut(value, '=') == name) return trimmed(value);
    }
    return std::nullopt;
  }
};

std::vector<Item> items_of(std::string_view value) {
  std::vector<Item> items;
  for (int i = 0; i < max_members && !value.empty(); ++i) {
    std::string_view rest = cut(value, ',');
    const std::string_view text = cut(rest, ';');
    items.push_back({text, rest});
  }
  return items;
}

// ---- the headers

enum class Kind { limit, remaining, reset, reset_after };
struct HeaderName {
  Kind kind;
  std::string_view family;
};

std::optional<Duration> window_of(std::string_view family) {
  if (family == "second") return seconds{1};
  if (family == "minute") return std::chrono::minutes{1};
  if (family == "hour") return hours{1};
  return family == "day" ? std::optional<Duration>(hours{24}) : std::nullopt;
}

bool is_family(std::string_view text) { return window_of(text) || text == "month" || text == "requests"; }

// Of a name without its beginning: "limit", "remaining-minute", "requests-limit".
std::optional<HeaderName> split(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Kind>, 4> words{{{"limit", Kind::limit},
                                                                           {"remaining", Kind::remaining},
                                                                           {"reset-after", Kind::reset_after},
                                                                           {"reset", Kind::reset}}};
  for (const auto& [word, kind] : words) {
    if (name == word) return HeaderName{kind, {}};
    if (name.size() < word.size() + 2) continue;
    const std::size_t rest = name.size() - word.size();
    if (name.starts_with(word) && name[word.size()] == '-' && is_family(name.substr(word.size() + 1)))
      return HeaderName{kind, name.substr(word.size() + 1)};
    if (name.ends_with(word) && name[rest - 1] == '-' && is_family(name.substr(0, rest - 1)))
      return HeaderName{kind, name.substr(0, rest - 1)};
  }
  return std::nullopt;
}

template <class T>
void keep_lower(std::optional<T>& kept, const std::optional<T>& value) {
  if (value && (!kept || *value < *kept)) kept = value;
}

class Reader {
 public:
  explicit Reader(base::WallTime now) : now_(now) {}

  void read(const Header& header) {
    const std::string_view name = header.name, value = header.value;
    if (name == "ratelimit") return limits(items_of(value));
    if (name == "ratelimit-policy") return policies(items_of(value));
    for (const std::string_view beginning : {"x-ratelimit-", "x-rate-limit-", "ratelimit-"}) {
      if (!name.starts_with(beginning)) continue;
      const std::string_view rest = name.substr(beginning.size());
      if (rest == "resource") return resource(trimmed(value));
      const auto found = split(rest);
      const auto items = items_of(value);  // "100, 100;w=60": the first is the one that holds now
      if (found && !items.empty()) add(found->kind, found->family, items.front());
    }
  }

  std::vector<LimitNote> notes() && {
    std::vector<LimitNote> notes;
    for (auto& [family, note] : notes_) {
      note.resource = resource_;
      notes.push_back(std::move(note));
    }
    return notes;
  }

 private:
  void resource(std::string_view text) {
    const bool is_name =
        !text.empty() && text.size() <= max_name_bytes &&
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
    if (is_name && resource_.empty()) resource_ = text;
  }

  // `family` also names the limits of structured fields, which keep their quotes.
  LimitNote* note(std::string_view family) {
    for (auto& [name, note] : notes_)
      if (name == family) return &note;
    if (notes_.size() >= max_notes) return nullptr;
    LimitNote note;
    note.window = window_of(family);
    return &notes_.emplace_back(family, std::move(note)).second;
  }

  void add(Kind kind, std::string_view family, const Item& item) {
    LimitNote read;
    if (kind == Kind::limit) read.limit = count_of(item.text);
    if (kind == Kind::remaining) read.remaining = count_of(item.text);
    if (kind == Kind::reset) read.reset_in = reset_of(item.text, now_);
    if (kind == Kind::reset_after) read.reset_in = seconds_of(item.text);
    if (const auto window = item.parameter("w")) read.window = seconds_of(*window);
    merge(family, read);
  }

  void merge(std::string_view family, const LimitNote& read) {
    if (!read.limit && !read.remaining && !read.reset_in) return;
    LimitNote* const kept = family.size() > max_name_bytes ? nullptr : note(family);
    if (kept == nullptr) return;
    keep_lower(kept->limit, read.limit);
    keep_lower(kept->remaining, read.remaining);
    if (read.reset_in) kept->reset_in = std::max(kept->reset_in.value_or(Duration{0}), *read.reset_in);
    if (!kept->window) kept->window = read.window;
  }

  static std::optional<std::int64_t> count(const Item& item, std::string_view parameter) {
    const auto text = item.parameter(parameter);
    return text ? count_of(*text) : std::nullopt;
  }
  static std::optional<Duration> time(const Item& item, std::string_view parameter) {
    const auto text = item.parameter(parameter);
    return text ? seconds_of(*text) : std::nullopt;
  }

  void limits(const std::vector<Item>& items) {
    for (const Item& item : items) {
      std::string_view value = item.text;
      const std::string_view key = cut(value, '=');
      value = trimmed(value);
      if (key == "limit") merge("", {.limit = count_of(value)});
      if (key == "remaining") merge("", {.remaining = count_of(value)});
      if (key == "reset") merge("", {.reset_in = seconds_of(value)});
      if (key.starts_with('"')) merge(key, {.remaining = count(item, "r"), .reset_in = time(item, "t")});
    }
  }

  // Those without a name belong to the plain limit, if there is but one.
  void policies(const std::vector<Item>& items) {
    for (const Item& item : items)
      if (item.text.starts_with('"'))
        merge(item.text, {.limit = count(item, "q"), .window = time(item, "w")});
      else if (items.size() == 1)
        merge("", {.limit = count_of(item.text), .window = time(item, "w")});
  }

  const base::WallTime now_;
  std::string resource_;
  std::vector<std::pair<std::string, LimitNote>> notes_;
};

}  // namespace

std::vector<LimitNote> limit_notes(const Response& response, base::WallTime now) {
  Reader reader(server_time(response).value_or(now));
  for (const Header& header : response.headers) reader.read(header);
  return std::move(reader).notes();
}

}  // namespace http
