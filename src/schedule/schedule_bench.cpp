// The next slot of one expression; and a second of a daemon with 10,000 collectors.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "schedule/planner.hpp"

namespace {

using namespace std::chrono_literals;
using namespace schedule;

constexpr WallTime start{std::chrono::seconds{1'750'000'000}};

void next(benchmark::State& state, const char* cron, const char* zone) {
  const Timetable table(*Cron::parse(cron), *Zone::find(zone));
  WallTime time = start;
  for (auto _ : state) {
    time = table.next(time).value_or(start);
    benchmark::DoNotOptimize(time);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(next, quarter_hours_utc, "*/15 * * * *", "UTC");
BENCHMARK_CAPTURE(next, quarter_hours_berlin, "*/15 * * * *", "Europe/Berlin");
BENCHMARK_CAPTURE(next, daily_berlin, "30 2 * * *", "Europe/Berlin");
BENCHMARK_CAPTURE(next, leap_days_berlin, "0 0 29 2 *", "Europe/Berlin");

void latest(benchmark::State& state) {
  const Timetable table(*Cron::parse("*/15 * * * *"), *Zone::find("Europe/Berlin"));
  for (auto _ : state) benchmark::DoNotOptimize(table.latest(start - 24h * 365, start));
}
BENCHMARK(latest);

// Each runs every 15 minutes: 11 starts a second.
void second_of_10000(benchmark::State& state) {
  std::vector<Entry> entries(10'000);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].name = fmt::format("collector-{}", i);
    entries[i].timetable.emplace(*Cron::parse("*/15 * * * *"), *Zone::find("Europe/Berlin"));
    entries[i].splay = 15min;
  }
  std::vector<State> states(entries.size());
  for (State& it : states) it.last_slot = start;
  Planner planner(std::move(entries), std::move(states));
  base::Rng rng(1);
  WallTime now = start;
  for (auto _ : state) {
    const Plan plan = planner.due(now += 1s, 100'000);
    for (const Plan::Start& it : plan.starts)
      planner.update(it.entry, after_run(planner.entry(it.entry), planner.state(it.entry),
                                         {.outcome = Outcome::success, .began = now, .ended = now}, rng));
  }
}
BENCHMARK(second_of_10000);

}  // namespace
