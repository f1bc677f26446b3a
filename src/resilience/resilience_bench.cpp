// A guarded call that does nothing: each policy alone, all of them, and the rejection by an open breaker.
// Time and allocations; with two threads the policies are shared.
#include <benchmark/benchmark.h>

#include <cstddef>

#include "resilience/pipeline.hpp"

// bench/CMakeLists.txt, where no sanitizer replaces operator new.
#ifdef COUNT_ALLOCATIONS
#include "count_allocations.hpp"
#else
std::size_t count_allocations() { return 0; }
#endif

namespace {

using namespace std::chrono_literals;
using resilience::Attempt;
using resilience::CircuitBreaker;
using resilience::CircuitOptions;

using Result = base::Result<int>;

struct Shared {
  base::SystemClock clock;
  resilience::Gcra gcra{{.calls = 1'000'000, .per = 1ms, .burst = 1'000'000}};
  resilience::TokenBucket bucket{{.calls = 1'000'000, .per = 1ms, .burst = 1'000'000}};
  CircuitBreaker of_calls{{.window = CircuitOptions::Window::count}};
  CircuitBreaker of_time{CircuitOptions{}};
  CircuitBreaker open{CircuitOptions{}};
  resilience::RetryBudget budget{{.initial = 100}};
  resilience::Bulkhead bulkhead{{.concurrent = 16}};
  Shared() { open.force(CircuitBreaker::State::forced_open); }
};

Shared& shared() {
  static Shared it;
  return it;
}

// Of all threads, for each call.
class Allocations {
 public:
  explicit Allocations(benchmark::State& state) : state_(state) {}
  ~Allocations() {
    state_.counters["allocations"] = benchmark::Counter(static_cast<double>(count_allocations() - before_),
                                                        benchmark::Counter::kAvgIterations);
  }

 private:
  benchmark::State& state_;
  const std::size_t before_ = count_allocations();
};

template <class Pipeline>
void run(benchmark::State& state, const Pipeline& guarded) {
  const Allocations allocations(state);
  for (auto _ : state) {
    auto result = guarded.call([](const Attempt& attempt) -> Result { return attempt.number; });
    benchmark::DoNotOptimize(result);
  }
}

base::Rng& rng() {
  thread_local base::Rng it(1);
  return it;
}

auto bare() { return resilience::pipeline(shared().clock, rng()); }
const resilience::RetryOptions five{.max_attempts = 5, .backoff = {}};

void read_clock(benchmark::State& state) {
  const base::Clock& clock = shared().clock;
  for (auto _ : state) benchmark::DoNotOptimize(clock.steady());
}
void breaker_alone(benchmark::State& state, CircuitBreaker& breaker) {
  const base::SteadyTime now = shared().clock.steady();
  const Allocations allocations(state);
  for (auto _ : state) {
    const auto permit = breaker.try_acquire(now);
    benchmark::DoNotOptimize(permit);
    if (permit) breaker.finish(*permit, CircuitBreaker::CallResult::success, 0ns, now);
  }
}
void closed_of_calls(benchmark::State& state) { breaker_alone(state, shared().of_calls); }
void closed_of_time(benchmark::State& state) { breaker_alone(state, shared().of_time); }
void open_alone(benchmark::State& state) { breaker_alone(state, shared().open); }

void call_bare(benchmark::State& state) { run(state, bare()); }
void call_bulkhead(benchmark::State& state) { run(state, bare().bulkhead(shared().bulkhead)); }
void call_gcra(benchmark::State& state) { run(state, bare().limit(shared().gcra)); }
void call_bucket(benchmark::State& state) { run(state, bare().limit(shared().bucket)); }
void call_breaker_of_calls(benchmark::State& state) { run(state, bare().breaker(shared().of_calls)); }
void call_breaker_of_time(benchmark::State& state) { run(state, bare().breaker(shared().of_time)); }
void call_retry(benchmark::State& state) { run(state, bare().budget(shared().budget).retry(five)); }
void call_timeout(benchmark::State& state) { run(state, bare().timeout(5s)); }
void call_all(benchmark::State& state) {
  run(state,
      bare().limit(shared().gcra).breaker(shared().of_calls).budget(shared().budget).retry(five).timeout(5s));
}
void call_all_of_time(benchmark::State& state) {
  run(state, bare()
                 .bulkhead(shared().bulkhead)
                 .limit(shared().gcra)
                 .breaker(shared().of_time)
                 .budget(shared().budget)
                 .retry(five)
                 .timeout(5s));
}
void call_open(benchmark::State& state) { run(state, bare().breaker(shared().open)); }

BENCHMARK(read_clock);
BENCHMARK(closed_of_calls)->ThreadRange(1, 2);
BENCHMARK(closed_of_time)->ThreadRange(1, 2);
BENCHMARK(open_alone)->ThreadRange(1, 2);
BENCHMARK(call_bare)->ThreadRange(1, 2);
BENCHMARK(call_bulkhead)->ThreadRange(1, 2);
BENCHMARK(call_gcra)->ThreadRange(1, 2);
BENCHMARK(call_bucket)->ThreadRange(1, 2);
BENCHMARK(call_breaker_of_calls)->ThreadRange(1, 2);
BENCHMARK(call_breaker_of_time)->ThreadRange(1, 2);
BENCHMARK(call_retry)->ThreadRange(1, 2);
BENCHMARK(call_timeout)->ThreadRange(1, 2);
BENCHMARK(call_all)->ThreadRange(1, 2);
BENCHMARK(call_all_of_time)->ThreadRange(1, 2);
BENCHMARK(call_open)->ThreadRange(1, 2);

}  // namespace
