// All that is known about one budget (RT4): the calls that were booked, and what the API said. Pure: no
// clock, no lock; times are those of whoever keeps it, a process or a database.
//
//   BudgetState state;
//   if (const auto time = state.reserve({{5, 1s}, {1000, 24h}}, now, latest)) …   // send it then
//
// Windows below a minute: calls at least per/calls apart, so nobody ever sees more than calls + 1 in one.
// Others: never more than `calls` in any window of that length, counted in sixtieths of it (a call may come a
// sixtieth later than it could), at once if there is room. What has to wait for a window, or for `not_before`
// to pass, is spaced also where nothing else spaces it. Not thread-safe. Nothing here fails.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "http/rate_limit_headers.hpp"

namespace http {

struct BudgetWindow {
  std::int64_t calls = 1;
  base::Duration per{};
  bool is_long() const { return per >= std::chrono::minutes{1}; }
  bool operator==(const BudgetWindow&) const = default;
};
using BudgetWindows = std::span<const BudgetWindow>;

class BudgetState {
 public:
  using Time = base::WallTime;
  using Span = Time::duration;
  static constexpr Span longest_hold = std::chrono::hours{24};
  static constexpr std::size_t max_booked = 512;  // calls that wait for their time

  enum class Reason { none, hold, spread, window, crowded };
  struct Earliest {
    Time time;
    Reason reason = Reason::none;  // what moved it last
  };
  // The first instant from `from` on at which one more call may be sent.
  Earliest earliest(BudgetWindows windows, Time from, Time now) const;
  void book(BudgetWindows windows, Time time, Time now);
  // Both; nothing is booked if that would be after `latest`.
  std::optional<Time> reserve(BudgetWindows windows, Time now, Time latest);
  void give_back(Time time);  // one booked call, if it is still on record

  // As many more at `now` as the long windows let, at most `calls`: a process's own stock (see budgets.hpp).
  std::int64_t book_stock(BudgetWindows windows, std::int64_t calls, Time now);
  void book_from_stock(Time time, Time now);
  // Until then a call may be taken that was booked for `now`.
  static Time stock_end(BudgetWindows windows, Time now);

  void hold(Time until, Time now);  // never back, never beyond longest_hold
  // All that one answer says of this budget; the strictest counts, and none holds longer than `longest`.
  // True: calls are sent otherwise than before.
  bool observe(std::span<const LimitNote> notes, Time now, Span longest = longest_hold);
  bool observe(const LimitNote& note, Time now) { return observe({&note, 1}, now); }
  // Takes over what another copy of the same budget knows besides: of the API, and calls in long windows.
  // That copy's times are `ahead` of ours.
  void learn(const BudgetState& other, Span ahead);

  std::optional<Time> not_before(Time now) const;
  bool is_slowed(Time now) const;  // by a hold, by notes, or since a hold ended
  bool has_bookings_after(Time now) const { return !sends_.empty() && sends_.back() > now; }
  std::optional<std::int64_t> limit() const { return limit_; }
  std::optional<std::int64_t> remaining() const { return remaining_; }
  Span longest_window() const;

  std::string encode() const;
  // Anything but our own text: empty, and `damaged`.
  static BudgetState decode(std::string_view text, bool* damaged = nullptr);

 private:
  struct Window {
    std::int64_t per = 0;                                        // µs
    std::vector<std::pair<std::int64_t, std::int64_t>> parts{};  // (number of the sixtieth, calls), in order
  };
  void show(std::span<const LimitNote> notes);
  void prune(Time now);
  Window& window(std::int64_t per);
  void watch(BudgetWindows windows);
  std::pair<Time, bool> after_others(Time time, Span gap) const;
  Time after_window(const BudgetWindow& limit, Time time) const;
  static void add(Window& window, std::int64_t part, std::int64_t calls);
  bool read(std::string_view word);

  std::vector<Time> sends_;      // booked: the last one that has passed, and those to come
  std::vector<Window> windows_;  // the long ones, by length
  Time not_before_{};
  std::int64_t gentle_ = 0;  // calls still to be spaced after a hold
  Time observed_at_{}, spread_until_{};
  Span spread_{};                                  // between calls, until then
  std::optional<std::int64_t> limit_, remaining_;  // of the scarcest note
};

}  // namespace http
