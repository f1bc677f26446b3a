#include "football/single_flight.hpp"

#include <algorithm>
#include <utility>

#include "resilience/deadline.hpp"

namespace football {
namespace {

using base::Code;
using resilience::WaitList;
using namespace std::chrono_literals;

// The longest pause between two attempts: with less than this left, an asker gives up what others need not.
constexpr auto longest_pause = 8s;
constexpr auto worth_another = 1s;  // of more time than the asker before had

}  // namespace

std::optional<base::SteadyTime> better_after(const base::Error& error, base::SteadyTime deadline,
                                             const std::stop_token& stop, base::SteadyTime now) {
  if (error.code == Code::cancelled || stop.stop_requested()) return base::SteadyTime::min();
  if (error.code == Code::rate_limited && error.retry_after)
    return std::max(deadline, resilience::after(now, *error.retry_after));
  const bool may_pass = error.code == Code::timeout || error.code == Code::unavailable;
  if (!may_pass || deadline > resilience::after(now, longest_pause)) return std::nullopt;
  return resilience::after(deadline, worth_another);
}

base::Error not_waited_for(WaitList::Result result) {
  if (result == WaitList::Result::stopped)
    return base::error(Code::cancelled, "API-Football: stopped while another waited for the same answer");
  return base::error(Code::timeout,
                     "API-Football: the deadline came before the answer that another waits for");
}

base::Result<Body> SingleFlight::lead(const std::string& key, const std::shared_ptr<Flight>& flight,
                                      base::SteadyTime deadline, const std::stop_token& stop,
                                      const std::function<base::Result<Body>()>& ask) {
  base::Result<Body> outcome = base::error(Code::internal, "API-Football: the question broke");
  try {
    outcome = ask();
  } catch (const std::exception& broken) {  // those who wait must hear of it
    outcome = base::error(Code::internal, "API-Football: {}", broken.what());
  }
  const std::lock_guard lock(mutex_);
  if (!outcome) flight->better_after = better_after(outcome.error(), deadline, stop, clock_.steady());
  flight->outcome = outcome;
  flights_.erase(key);
  flight->waiting.call_all();
  return outcome;
}

base::Result<Body> SingleFlight::run(const std::string& key, base::SteadyTime deadline,
                                     const std::stop_token& stop,
                                     const std::function<base::Result<Body>()>& ask) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto [place, is_mine] = flights_.try_emplace(key);
    if (is_mine) place->second = std::make_shared<Flight>();
    const std::shared_ptr<Flight> flight = place->second;
    if (is_mine) {
      lock.unlock();
      return lead(key, flight, deadline, stop, ask);
    }
    const WaitList::Result result = flight->waiting.wait(lock, clock_, deadline, stop);
    if (result != WaitList::Result::called) return not_waited_for(result);
    if (!flight->better_after || deadline <= *flight->better_after) return *flight->outcome;
  }
}

}  // namespace football
