#include "schedule/recovery.hpp"

#include <algorithm>
#include <array>

namespace schedule {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::array<seconds, 4> rungs{first_rung, seconds{90}, seconds{210}, seconds{450}};
constexpr microseconds shortest_step = seconds{192};  // 4 minutes - 20 %
constexpr microseconds longest_step = longest_rung;

WallTime rung_after(const Attempts& attempts, base::Rng& rng) {
  // After a jump back of the clock the past lies ahead; the ladder then begins anew.
  const WallTime first = std::min(attempts.first_failed, attempts.now);
  for (const seconds rung : rungs)
    if (first + rung > attempts.now) return first + rung;
  const microseconds step{rng.between(shortest_step.count(), longest_step.count())};
  const WallTime next = std::min(attempts.last_began, attempts.now) + step;
  return next > attempts.now ? next : attempts.now + step;  // it passed while the run was still going
}

}  // namespace

Recovery recovery_of(Outcome outcome, std::optional<FailureType> type) {
  switch (outcome) {
    case Outcome::failed:
      // A failure that nobody could name may pass.
      return type.value_or(FailureType::transient) == FailureType::transient ? Recovery::ladder
                                                                             : Recovery::none;
    case Outcome::timeout:
    case Outcome::incomplete:
    case Outcome::lost:
    case Outcome::partial: return Recovery::ladder;
    case Outcome::rate_limited: return Recovery::exact_instant;
    case Outcome::cancelled: return Recovery::at_once;
    case Outcome::success:
    case Outcome::not_modified:
    case Outcome::empty:
    case Outcome::held:
    case Outcome::rejected:
    case Outcome::unverified: break;
  }
  return Recovery::none;
}

bool is_good(Outcome outcome) {
  return outcome == Outcome::success || outcome == Outcome::not_modified || outcome == Outcome::unverified;
}

std::optional<WallTime> next_try(const Attempts& attempts, std::optional<WallTime> next_start,
                                 base::Rng& rng) {
  const WallTime next = rung_after(attempts, rng);
  return next_start && *next_start <= next ? std::nullopt : std::optional(next);
}

}  // namespace schedule
