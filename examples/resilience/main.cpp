// What happens when calls to a flaky service are guarded: retries with backoff, an hour of outage that costs
// a few calls, a breaker that opens and finds out by itself when the service is back. In simulated time, so
// the hour takes no time and the output is the same on every run.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "resilience/pipeline.hpp"

using namespace std::chrono_literals;
using base::Code;
using resilience::Attempt;
using resilience::CircuitBreaker;

namespace {

struct Service {
  base::Clock& clock;
  base::SteadyTime start = clock.steady();
  int calls = 0;

  // Every third call fails; from the first minute to the end of the hour, all do.
  base::Result<std::string> ask(const Attempt&) {
    ++calls;
    const base::Duration time = clock.steady() - start;
    if (calls % 3 == 1 || (time >= 1min && time < 1h)) return base::error(Code::unavailable, "503");
    return std::string("hello");
  }
};

std::string_view name(CircuitBreaker::State state) {
  switch (state) {
    case CircuitBreaker::State::closed: return "closed";
    case CircuitBreaker::State::open: return "open";
    case CircuitBreaker::State::half_open: return "half open";
    default: return "forced";
  }
}

}  // namespace

int main() {
  base::SimulatedClock clock(base::SimulatedClock::Mode::automatic);
  base::Rng rng(42);  // a program takes Rng::from_entropy(), so that many of them do not retry in step
  Service service{clock};

  resilience::TokenBucket limiter({.calls = 5, .per = 1s, .burst = 5});
  CircuitBreaker breaker({.minimum_calls = 10, .open_for = 10min});
  resilience::RetryBudget budget;
  const auto guarded = resilience::pipeline(clock, rng)
                           .limit(limiter)
                           .breaker(breaker)
                           .budget(budget)
                           .retry({.max_attempts = 4, .backoff = {.base = 1s, .cap = 8s}})
                           .timeout(5s);

  int answered = 0, rejected = 0, failed = 0, number = 0;
  std::string before;
  for (; clock.steady() < service.start + 62min; ++number, clock.advance(10s)) {
    auto result = guarded.call([&](const Attempt& attempt) { return service.ask(attempt); },
                               resilience::after(clock.steady(), 30s));
    answered += result ? 1 : 0;
    rejected += !result && result.error().rejected() ? 1 : 0;
    failed += !result && !result.error().rejected() ? 1 : 0;
    // One line whenever something is different.
    const std::string now =
        result ? "answered: " + *result : std::move(result.error()).to_error(clock.steady()).message;
    if (now != before) {
      const auto time = std::chrono::duration_cast<std::chrono::seconds>(clock.steady() - service.start);
      fmt::print("{:4d} s  circuit {:9}  budget {:5.1f}  {}\n", time.count(),
                 name(breaker.state(clock.steady())), budget.tokens(), now);
    }
    before = now;
  }
  fmt::print(
      "{} guarded calls: {} answered, {} failed, {} rejected without a call; the service saw {} calls\n",
      number, answered, failed, rejected, service.calls);
  return answered > 0 && rejected > failed ? 0 : 1;
}
