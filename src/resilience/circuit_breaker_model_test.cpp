// The breaker beside a model that keeps every call and counts anew each time, under random sequences of
// calls: results out of order, late, lost, twice, of every kind, with time standing still or leaping.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "resilience/circuit_breaker.hpp"

using base::Duration;
using base::SteadyTime;
using resilience::CircuitBreaker;
using resilience::CircuitOptions;
using resilience::OutcomeWindow;
using Result = CircuitBreaker::CallResult;
using State = CircuitBreaker::State;

namespace {

struct Model {
  struct Call {
    std::int64_t bucket;
    bool failed, slow;
  };
  struct Permit {
    int epoch;
    int probe;  // its number, 0: none
  };

  CircuitOptions options;
  State state = State::closed;
  int epoch = 0;
  SteadyTime probe_at{};
  std::deque<Call> calls{};
  std::map<int, SteadyTime> probes{};  // number → end of its lease
  int last_probe = 0, successes = 0;

  void change(State to) {
    state = to;
    ++epoch;
    calls.clear();
    probes.clear();
    successes = 0;
  }
  void open(SteadyTime now) {
    change(State::open);
    probe_at = now + options.open_for;
  }
  std::optional<Permit> acquire(SteadyTime now) {
    if (state == State::open && now >= probe_at) change(State::half_open);
    if (state == State::closed || state == State::forced_closed) return Permit{epoch, 0};
    if (state != State::half_open) return {};
    if (static_cast<int>(probes.size()) == options.probes) {
      const auto over =
          std::find_if(probes.begin(), probes.end(), [&](auto& it) { return it.second <= now; });
      if (over == probes.end()) return {};
      probes.erase(over);
    }
    probes[++last_probe] = now + options.probe_lease;
    return Permit{epoch, last_probe};
  }
  void finish(Permit permit, Result result, Duration elapsed, SteadyTime now) {
    if (permit.epoch != epoch) return;
    const bool slow = elapsed > options.slow_call, failed = result == Result::failure;
    if (state == State::half_open && probes.erase(permit.probe) == 1 && result != Result::ignored) {
      if (failed || slow)
        open(now);
      else if (++successes == options.successes_to_close)
        change(State::closed);
    } else if (state == State::closed && result != Result::ignored) {
      add({now.time_since_epoch() / (options.period / OutcomeWindow::buckets), failed, slow});
      judge(now);
    }
  }
  void add(Call call) {
    calls.push_back(call);
    const bool timed = options.window == CircuitOptions::Window::time;
    while (timed ? calls.front().bucket <= call.bucket - OutcomeWindow::buckets
                 : static_cast<int>(calls.size()) > options.calls)
      calls.pop_front();
  }
  void judge(SteadyTime now) {
    double all = 0, failed = 0, slow = 0;
    for (const Call& call : calls) {
      all += 1;
      failed += call.failed ? 1 : 0;
      slow += call.slow ? 1 : 0;
    }
    if (all >= options.minimum_calls && ((failed > 0 && failed / all >= options.failure_rate) ||
                                         (slow > 0 && slow / all >= options.slow_rate)))
      open(now);
  }
};

struct World {
  base::Rng& rng;
  CircuitOptions options;
  CircuitBreaker breaker{options};
  Model model{options};
  SteadyTime now{std::chrono::hours{1}};
  std::vector<std::pair<CircuitBreaker::Permit, Model::Permit>> permits{};
  std::map<State, int> visits{};

  void acquire() {
    const auto real = breaker.try_acquire(now);
    const auto expected = model.acquire(now);
    ASSERT_EQ(real.has_value(), expected.has_value());
    if (!real) return;
    ASSERT_EQ(real->probe, expected->probe != 0);
    if (rng.below(20) != 0) permits.emplace_back(*real, *expected);  // else it is lost
  }
  void finish() {
    if (permits.empty()) return;
    const std::size_t which = rng.below(permits.size());
    const auto [real, expected] = permits[which];
    const auto result = rng.below(3) == 0   ? Result::failure
                        : rng.below(5) == 0 ? Result::ignored
                                            : Result::success;
    const Duration elapsed{rng.between(0, 1200)};
    breaker.finish(real, result, elapsed, now);
    model.finish(expected, result, elapsed, now);
    if (rng.below(20) == 0) return;  // and it will be finished once more
    permits.erase(permits.begin() + static_cast<std::ptrdiff_t>(which));
  }
  void force() {
    const auto state = rng.below(3) == 0 ? State::closed : static_cast<State>(2 + rng.below(3));
    breaker.force(state);
    model.change(state);
  }
  void compare() {
    const bool due = model.state == State::open && now >= model.probe_at;
    ++visits[model.state];
    ASSERT_EQ(breaker.state(now), due ? State::half_open : model.state);
    if (model.state == State::open) {
      ASSERT_EQ(breaker.next_probe_at(), model.probe_at);
    }
  }
  void step() {
    now += Duration(rng.between(0, rng.below(100) == 0 ? 5000 : 40));
    const std::uint64_t choice = rng.below(1000);
    if (choice < 3)
      force();
    else if (choice < 500)
      acquire();
    else
      finish();
    compare();
  }
};

TEST(CircuitBreakerModel, RandomCalls) {
  base::Rng rng(20251122);
  std::map<State, int> visits;
  for (int round = 0; round < 40; ++round) {
    // Rates of eighths, for which the two ways to divide agree.
    World world{rng,
                {.window = round % 2 == 0 ? CircuitOptions::Window::count : CircuitOptions::Window::time,
                 .calls = static_cast<int>(rng.between(4, 30)),
                 .period = Duration(OutcomeWindow::buckets * rng.between(1, 60)),
                 .minimum_calls = static_cast<int>(rng.between(1, 4)),
                 .failure_rate = static_cast<double>(rng.between(4, 8)) / 8,
                 .slow_call = rng.below(2) == 0 ? Duration::max() : Duration(1000),
                 .slow_rate = static_cast<double>(rng.between(2, 8)) / 8,
                 .open_for = Duration(rng.between(0, 800)),
                 .probes = static_cast<int>(rng.between(1, 3)),
                 .probe_lease = Duration(rng.between(1, 600)),
                 .successes_to_close = static_cast<int>(rng.between(1, 4))}};
    for (int step = 0; step < 2000; ++step) {
      world.step();
      if (testing::Test::HasFatalFailure()) FAIL() << "round " << round << ", step " << step;
    }
    for (const auto& [state, number] : world.visits) visits[state] += number;
  }
  for (const State state :
       {State::closed, State::open, State::half_open, State::forced_open, State::forced_closed})
    EXPECT_GT(visits[state], 100) << "state " << static_cast<int>(state) << " was hardly seen";
}

}  // namespace
