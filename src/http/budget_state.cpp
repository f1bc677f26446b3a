#include "http/budget_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace http {
namespace {

using namespace std::chrono_literals;
using Time = BudgetState::Time;
using Span = BudgetState::Span;

constexpr std::int64_t parts_of_window = 60;
constexpr std::size_t max_windows = 16, max_parts = 2'048;
constexpr std::int64_t max_time = 253'402'300'799'000'000;  // the end of the year 9999, in µs
constexpr std::int64_t gentle_calls = 20;
constexpr Span gentle_gap = 100ms;
constexpr std::size_t max_text = 1024 * 1024;
constexpr std::int64_t few_without_limit = 10;

Span micros(base::Duration duration) { return std::chrono::ceil<Span>(duration); }

std::int64_t part_length(std::int64_t per) {
  return std::max<std::int64_t>(1, (per + parts_of_window - 1) / parts_of_window);
}
std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
std::int64_t part_of(std::int64_t per, Time time) {
  return floor_divide(time.time_since_epoch().count(), part_length(per));
}
// A window of this length touches one part more than it is long.
std::int64_t parts_touched(std::int64_t per) { return (per + part_length(per) - 1) / part_length(per) + 1; }

// As we have it from outside: somebody's clock, or a text that is not ours.
bool is_plausible(Time time, Time now) { return time <= now + BudgetState::longest_hold + 1h; }

bool read_number(std::string_view& text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number > max_time || number < -1) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}
bool skip(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

// The first time from `time` on that keeps this distance to all other calls; whether that is another one.
std::pair<Time, bool> BudgetState::after_others(Time time, Span gap) const {
  const Time before = time;
  for (const Time sent : sends_) {
    // What the API has left is spread over the time until its reset; afterwards there is plenty again.
    Span here = gap;
    if (time < spread_until_ && sent <= time) here = std::max(here, std::min(spread_, spread_until_ - sent));
    if (sent > time ? sent - time < gap : time - sent < here) time = sent + here;
  }
  return {time, time != before};
}

Time BudgetState::after_window(const BudgetWindow& limit, Time time) const {
  const std::int64_t per = micros(limit.per).count();
  const auto found = std::ranges::find(windows_, per, &Window::per);
  if (found == windows_.end()) return time;
  const std::int64_t touched = parts_touched(per);
  const std::int64_t first = part_of(per, time);
  std::int64_t part = first;
  // Every window that this part belongs to must have room.
  const auto is_full = [&] {
    const auto& parts = found->parts;
    for (std::int64_t start = part - touched + 1; start <= part; ++start) {
      std::int64_t calls = 0;
      for (auto it =
               std::ranges::lower_bound(parts, start, {}, &std::pair<std::int64_t, std::int64_t>::first);
           it != parts.end() && it->first < start + touched; ++it)
        calls += it->second;
      if (calls >= limit.calls) return true;
    }
    return false;
  };
  while (is_full()) ++part;
  return part == first ? time : Time(Span(part * part_length(per)));
}

BudgetState::Earliest BudgetState::earliest(BudgetWindows windows, Time from, Time now) const {
  Earliest result{from, Reason::none};
  const auto to_come = sends_.end() - std::ranges::upper_bound(sends_, now);
  if (to_come >= static_cast<std::ptrdiff_t>(max_booked))
    return {std::max(from, sends_.back() + 1s), Reason::crowded};
  if (not_before_ > result.time && is_plausible(not_before_, now)) result = {not_before_, Reason::hold};
  Span gap{0}, pace{gentle_gap};
  for (const BudgetWindow& it : windows) {
    const Span apart = micros(it.per / it.calls);
    pace = std::min(pace, std::max(apart, Span(1)));
    if (!it.is_long()) gap = std::max(gap, apart);
  }
  if (gentle_ > 0 && gap == 0us) gap = gentle_gap;
  // Each step only moves forward, and ends behind all that is booked at the latest.
  for (bool moved = true; moved;) {
    moved = false;
    if (const auto [time, other] = after_others(result.time, gap); other) {
      const bool spread = result.time < spread_until_ && spread_ > gap;
      if (result.reason != Reason::hold && result.reason != Reason::window)
        result.reason = spread ? Reason::spread : Reason::window;
      result.time = time;
      moved = true;
    }
    for (const BudgetWindow& it : windows) {
      if (!it.is_long()) continue;
      const Time time = after_window(it, result.time);
      if (time == result.time) continue;
      result = {time, Reason::window};
      gap = std::max(gap, pace);  // so that not all who wait go at the same instant
      moved = true;
    }
  }
  return result;
}

BudgetState::Window& BudgetState::window(std::int64_t per) {
  const auto at = std::ranges::lower_bound(windows_, per, {}, &Window::per);
  if (at != windows_.end() && at->per == per) return *at;
  return *windows_.insert(at, Window{.per = per});
}

void BudgetState::add(Window& window, std::int64_t part, std::int64_t calls) {
  auto at = std::ranges::lower_bound(window.parts, part, {}, &std::pair<std::int64_t, std::int64_t>::first);
  if (at == window.parts.end() || at->first != part) at = window.parts.insert(at, {part, 0});
  at->second += calls;
  if (at->second <= 0) window.parts.erase(at);
}

void BudgetState::book(BudgetWindows windows, Time time, Time now) {
  prune(now);
  sends_.insert(std::ranges::upper_bound(sends_, time), time);
  watch(windows);
  for (Window& it : windows_) add(it, part_of(it.per, time), 1);  // also those that only others keep to
  if (gentle_ > 0) --gentle_;
}

void BudgetState::watch(BudgetWindows windows) {
  for (const BudgetWindow& it : windows)
    if (it.is_long() && windows_.size() < max_windows) window(micros(it.per).count());
}

std::optional<Time> BudgetState::reserve(BudgetWindows windows, Time now, Time latest) {
  const auto [time, reason] = earliest(windows, now, now);
  if (time > latest || reason == Reason::crowded) return std::nullopt;
  book(windows, time, now);
  return time;
}

void BudgetState::give_back(Time time) {
  const auto at = std::ranges::lower_bound(sends_, time);
  if (at == sends_.end() || *at != time) return;
  sends_.erase(at);
  for (Window& it : windows_) {
    const std::int64_t part = part_of(it.per, time);
    const bool on_record =
        std::ranges::find(it.parts, part, &std::pair<std::int64_t, std::int64_t>::first) != it.parts.end();
    if (on_record) add(it, part, -1);
  }
}

std::int64_t BudgetState::book_stock(BudgetWindows windows, std::int64_t calls, Time now) {
  watch(windows);
  std::int64_t booked = 0;
  for (; booked < calls; ++booked) {
    for (const BudgetWindow& it : windows)
      if (it.is_long() && after_window(it, now) != now) return booked;
    for (Window& it : windows_) add(it, part_of(it.per, now), 1);
  }
  return booked;
}

void BudgetState::book_from_stock(Time time, Time now) {
  prune(now);
  sends_.insert(std::ranges::upper_bound(sends_, time), time);
}

Time BudgetState::stock_end(BudgetWindows windows, Time now) {
  Time end = now + longest_hold;
  for (const BudgetWindow& it : windows) {
    const std::int64_t per = micros(it.per).count();
    if (it.is_long()) end = std::min(end, Time(Span((part_of(per, now) + 1) * part_length(per))));
  }
  return end;
}

void BudgetState::hold(Time until, Time now) {
  until = std::min(until, now + longest_hold);
  if (!is_plausible(not_before_, now)) not_before_ = {};
  if (until <= not_before_) return;
  not_before_ = until;
  gentle_ = gentle_calls;
}

// What is left of the scarcest, with the limit that belongs to it.
void BudgetState::show(std::span<const LimitNote> notes) {
  const LimitNote* scarcest = nullptr;
  for (const LimitNote& it : notes) {
    if (!it.remaining || *it.remaining < 0) continue;
    if (!scarcest || *it.remaining < *scarcest->remaining) scarcest = &it;
  }
  if (scarcest) remaining_ = scarcest->remaining;
  const LimitNote& shown = scarcest ? *scarcest : notes.front();
  if (shown.limit && *shown.limit > 0)
    limit_ = shown.limit;
  else if (scarcest && notes.size() > 1)
    limit_.reset();  // what is known may be another one's
}

bool BudgetState::observe(std::span<const LimitNote> notes, Time now, Span longest) {
  if (notes.empty()) return false;
  show(notes);
  const auto says_what_is_left = [](const LimitNote& it) { return it.remaining && *it.remaining >= 0; };
  if (std::ranges::none_of(notes, says_what_is_left)) return false;
  observed_at_ = now;
  longest = std::clamp(longest, Span{0}, longest_hold);
  const Time before = not_before_, spread_before = spread_until_;
  Span slowest{0};
  spread_until_ = {};
  for (const LimitNote& it : notes) {
    if (!says_what_is_left(it) || !it.reset_in || *it.reset_in <= 0ns) continue;
    const Span reset = micros(std::min<base::Duration>(*it.reset_in, longest_hold));
    if (*it.remaining == 0) {
      hold(now + std::min(reset, longest), now);
      continue;
    }
    const auto limit = it.limit && *it.limit > 0 ? it.limit : notes.size() == 1 ? limit_ : std::nullopt;
    const bool few = limit ? *it.remaining < (*limit + 9) / 10 : *it.remaining < few_without_limit;
    const Span apart = std::max(std::min(reset / *it.remaining, longest), Span(1));
    if (!few || apart <= slowest) continue;
    slowest = spread_ = apart;
    spread_until_ = now + reset;
  }
  return not_before_ != before || spread_until_ != spread_before;
}

void BudgetState::learn(const BudgetState& other, Span ahead) {
  const auto ours = [&](Time time) { return time == Time{} ? time : time - ahead; };
  if (ours(other.not_before_) > not_before_) {
    not_before_ = ours(other.not_before_);
    gentle_ = std::max(gentle_, other.gentle_);
  }
  for (const Window& theirs : other.windows_) {
    if (windows_.size() >= max_windows) break;
    // To the nearest part: a clock is never read at quite the same instant as another.
    const std::int64_t length = part_length(theirs.per);
    const std::int64_t shift = floor_divide(length / 2 - ahead.count(), length);
    Window& mine = window(theirs.per);
    for (const auto& [part, calls] : theirs.parts) {
      const auto known =
          std::ranges::find(mine.parts, part + shift, &std::pair<std::int64_t, std::int64_t>::first);
      add(mine, part + shift,
          std::max<std::int64_t>(0, calls - (known == mine.parts.end() ? 0 : known->second)));
    }
  }
  if (other.observed_at_ == Time{} || ours(other.observed_at_) <= observed_at_) return;
  observed_at_ = ours(other.observed_at_);
  spread_until_ = ours(other.spread_until_);
  spread_ = other.spread_;
  limit_ = other.limit_;
  remaining_ = other.remaining_;
}

std::optional<Time> BudgetState::not_before(Time now) const {
  if (not_before_ <= now || !is_plausible(not_before_, now)) return std::nullopt;
  return not_before_;
}

bool BudgetState::is_slowed(Time now) const {
  return gentle_ > 0 || spread_until_ > now || not_before(now).has_value();
}

Span BudgetState::longest_window() const { return windows_.empty() ? Span(1min) : Span(windows_.back().per); }

void BudgetState::prune(Time now) {
  const auto to_come = std::ranges::upper_bound(sends_, now);
  if (to_come - sends_.begin() > 1) sends_.erase(sends_.begin(), to_come - 1);
  for (Window& it : windows_) {
    const std::int64_t oldest = part_of(it.per, now) - parts_touched(it.per) + 1;
    std::erase_if(it.parts, [&](const auto& part) { return part.first < oldest; });
  }
  std::erase_if(windows_, [](const Window& it) { return it.parts.empty(); });
  if (spread_until_ <= now) spread_until_ = {};
  if (not_before_ <= now || !is_plausible(not_before_, now)) not_before_ = {};
}

// "1 n<not before> g<gentle> o<observed at>,<limit>,<remaining>,<until>,<apart> s<times>
// w<length>:<part>x<calls>,…"
std::string BudgetState::encode() const {
  const auto number = [](Time time) { return time.time_since_epoch().count(); };
  std::string text = "1";
  if (not_before_ != Time{}) text += fmt::format(" n{}", number(not_before_));
  if (gentle_ > 0) text += fmt::format(" g{}", gentle_);
  if (observed_at_ != Time{})
    text += fmt::format(" o{},{},{},{},{}", number(observed_at_), limit_.value_or(-1),
                        remaining_.value_or(-1), number(spread_until_), spread_.count());
  for (std::size_t i = 0; i < sends_.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? " s" : ",", number(sends_[i]));
  for (const Window& it : windows_)
    for (std::size_t i = 0; i < it.parts.size(); ++i)
      text += fmt::format("{}{}x{}", i == 0 ? fmt::format(" w{}:", it.per) : ",", it.parts[i].first,
                          it.parts[i].second);
  return text;
}

bool BudgetState::read(std::string_view word) {
  const char kind = word.front();
  word.remove_prefix(1);
  std::int64_t a = 0, b = 0;
  const auto time = [&] { return Time(Span(a)); };
  if (kind == 'n') {
    if (!read_number(word, a) || a <= 0) return false;
    not_before_ = time();
  } else if (kind == 'g') {
    if (!read_number(word, gentle_) || gentle_ < 0 || gentle_ > gentle_calls) return false;
  } else if (kind == 'o') {
    std::int64_t limit = 0, remaining = 0, until = 0;
    if (!read_number(word, a) || !skip(word, ',') || !read_number(word, limit) || !skip(word, ',') ||
        !read_number(word, remaining) || !skip(word, ',') || !read_number(word, until) || !skip(word, ',') ||
        !read_number(word, b) || b < 0 || b > longest_hold.count() || a <= 0 || until < 0 ||
        until > a + longest_hold.count())
      return false;
    observed_at_ = time();
    spread_until_ = Time(Span(until));
    spread_ = Span(b);
    if (limit > 0) limit_ = limit;
    if (remaining >= 0) remaining_ = remaining;
  } else if (kind == 's') {
    do {
      if (sends_.size() > max_booked || !read_number(word, a) || a < 0) return false;
      if (!sends_.empty() && time() < sends_.back()) return false;
      sends_.push_back(time());
    } while (skip(word, ','));
  } else if (kind == 'w') {
    if (windows_.size() >= max_windows || !read_number(word, a) || a < Span(1min).count() || !skip(word, ':'))
      return false;
    if (!windows_.empty() && a <= windows_.back().per) return false;
    Window& window = windows_.emplace_back(Window{.per = a});
    do {
      if (window.parts.size() >= max_parts || !read_number(word, a) || !skip(word, 'x') ||
          !read_number(word, b) || b < 1 || b > 2'000'000'000)
        return false;
      if (!window.parts.empty() && a <= window.parts.back().first) return false;
      window.parts.emplace_back(a, b);
    } while (skip(word, ','));
  } else {
    return false;
  }
  return word.empty();
}

BudgetState BudgetState::decode(std::string_view text, bool* damaged) {
  BudgetState state;
  bool good = text.empty() || (text.starts_with('1') && text.size() <= max_text);
  text.remove_prefix(std::min<std::size_t>(1, text.size()));
  while (good && !text.empty()) {
    good = skip(text, ' ') && !text.empty() && text.front() != ' ';
    if (!good) break;
    const std::string_view word = text.substr(0, text.find(' '));
    good = state.read(word);
    text.remove_prefix(word.size());
  }
  if (damaged) *damaged = !good;
  return good ? state : BudgetState{};
}

}  // namespace http
