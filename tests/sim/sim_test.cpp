// Months of scheduling in seconds (SC3, SC4): collectors by chance, runs that end in every way, and a machine
// that stops, is killed, loses its database for a while and has its clock set. Then every slot is looked up.
//
//   SEED=7 build/dev/bin/sim_test --gtest_filter='Sim.SixtyDays*'
//   SEEDS=20 … DAYS=15 …                                           // that many seeds from SEED on; shorter
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "collect/fixture_test.hpp"
#include "sim/environment.hpp"
#include "sim/oracle.hpp"
#include "store/postgres_server_test.hpp"

namespace {

using namespace std::chrono_literals;
using sim::Keeper;
using sim::number_from_environment;
using sim::World;

// What befalls the machines, each at random times.
class Fate {
 public:
  Fate(World& world, std::vector<Keeper>& keepers)
      : world_(world), keepers_(keepers), back_(keepers.size()) {}

  void strike(base::Duration passed) {
    const auto comes = [&](base::Duration every) {
      return world_.chance(std::chrono::duration<double>(passed) / std::chrono::duration<double>(every));
    };
    if (heal_at_ && *heal_at_ <= world_.clock.steady()) heal();
    for (std::size_t i = 0; i < keepers_.size(); ++i) strike(i, comes(3 * 24h), comes(3 * 24h));
    if (!heal_at_ && comes(cuts_every)) {
      keepers_[world_.rng.below(keepers_.size())].cut(static_cast<int>(world_.rng.between(1, 20)));
      heal_at_ = world_.clock.steady() + world_.seconds(1, 900) / (world_.pace > 1 ? 2 : 1);
    }
    if (comes(jumps_every)) {
      const base::WallTime before = world_.clock.wall();
      world_.clock.jump_wall(world_.seconds(-7200, 7200));
      world_.journal.clock_set(before, world_.clock.wall());
    }
    Keeper& keeper = keepers_[world_.rng.below(keepers_.size())];
    auto it = world_.fleet.begin();
    std::advance(it, world_.rng.below(world_.fleet.size()));
    if (keeper.is_up() && comes(4h)) keeper.request(it->first);
    if (comes(4h)) keeper.come_late(it->first);
    if (keeper.is_up() && comes(5 * 24h)) keeper.reload();
  }
  void make_peace() {
    heal();
    for (std::size_t i = 0; i < keepers_.size(); ++i)
      if (!keepers_[i].is_up()) keepers_[i].start();
    world_.is_calm = true;
  }

  base::Duration jumps_every = 7 * 24h, cuts_every = 2 * 24h;

 private:
  void strike(std::size_t i, bool stops, bool dies) {
    Keeper& keeper = keepers_[i];
    const base::SteadyTime now = world_.clock.steady();
    if (!keeper.is_up()) {
      if (now < back_[i]) return;
      heal();
      keeper.start();
      return;
    }
    dies = dies || (crashes_left_ > 0 && world_.chance(0.3));
    if (!stops && !dies) return;
    if (dies)
      keeper.kill();
    else
      keeper.stop();
    // Some crash again and again.
    if (crashes_left_ > 0)
      --crashes_left_;
    else if (dies && world_.chance(0.3))
      crashes_left_ = 4;
    back_[i] = now + (crashes_left_ > 0    ? world_.seconds(1, 60)
                      : world_.chance(0.5) ? world_.seconds(1, 300)
                                           : world_.seconds(300, 12 * 3600));
  }
  void heal() {
    for (Keeper& it : keepers_) it.heal();
    heal_at_.reset();
  }

  World& world_;
  std::vector<Keeper>& keepers_;
  std::vector<base::SteadyTime> back_;
  std::optional<base::SteadyTime> heal_at_;
  int crashes_left_ = 0;
};

constexpr base::Duration shortest_rest = 1ms;

void live(World& world, std::vector<Keeper>& keepers, Fate* fate, base::Duration how_long) {
  const base::SteadyTime end = world.clock.steady() + how_long;
  int restless = 0;
  while (world.clock.steady() < end) {
    base::Duration rest = 60s;
    for (Keeper& it : keepers) {
      if (!it.is_up()) continue;
      it.turn();
      rest = std::min(rest, it.rest());
    }
    restless = rest < shortest_rest ? restless + 1 : 0;
    if (restless > 1000) return world.journal.fault("the scheduler never rests");
    rest = std::chrono::ceil<std::chrono::milliseconds>(std::max(rest, shortest_rest));
    world.clock.advance(rest);
    if (fate != nullptr) fate->strike(rest);
  }
}

void expect_no_faults(const World& world, std::uint64_t seed) {
  std::string text;
  for (const std::string& it : world.journal.faults()) text += it + "\n";
  EXPECT_TRUE(world.journal.faults().empty()) << "SEED=" << seed << "\n" << text;
}

void sixty_days(std::uint64_t seed) {
  const auto days = static_cast<int>(number_from_environment("DAYS", 60));
  World world(seed, sim::random_fleet, 100, collect::testing::migrated_database());
  std::vector<Keeper> keepers;
  keepers.emplace_back(world, 1);
  keepers[0].start();
  Fate fate(world, keepers);
  live(world, keepers, &fate, days * 24h - 24h);
  fate.make_peace();
  live(world, keepers, nullptr, 12h);  // what piled up
  const base::WallTime calm_since = world.clock.wall();
  live(world, keepers, nullptr, 12h);
  const base::WallTime until = world.clock.wall() - 10min;
  if (keepers[0].unanswered() != 0) world.journal.fault("a request was never answered");
  keepers[0].stop();
  const sim::Verdict verdict = sim::judge(world, until);
  sim::judge_calm(world, calm_since);
  expect_no_faults(world, seed);
  EXPECT_GT(verdict.done, 80 * days);
  EXPECT_GT(verdict.missed, days);
  EXPECT_GT(verdict.gave_up, 1);
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  GTEST_LOG_(INFO) << fmt::format("seed {}: {} slots, {} done, {} missed, {} runs, {} given up", seed,
                                  verdict.slots, verdict.done, verdict.missed, verdict.runs, verdict.gave_up);
}

TEST(Sim, SixtyDaysOfAHundredCollectors) {
  const std::uint64_t first = number_from_environment("SEED", 4), count = number_from_environment("SEEDS", 1);
  for (std::uint64_t seed = first; seed < first + count; ++seed) sixty_days(seed);
}

// Both have all collectors, each sees the other only in the ledger.
TEST(Sim, TwoKeepersOfOneLedger) {
  const std::uint64_t seed = number_from_environment("SEED", 4);
  World world(seed, sim::busy_fleet, 12, collect::testing::migrated(store::testing::open_fresh_postgres()));
  world.pace = 20;
  std::vector<Keeper> keepers;
  keepers.emplace_back(world, 1);
  keepers.emplace_back(world, 2);
  for (Keeper& it : keepers) it.start();
  Fate fate(world, keepers);
  fate.jumps_every = 1000 * 24h;
  fate.cuts_every = 10min;
  live(world, keepers, &fate, 35min);
  keepers[0].kill();  // and is back at peace
  live(world, keepers, nullptr, 5min);
  fate.make_peace();
  live(world, keepers, nullptr, 15min);
  const base::WallTime until = world.clock.wall() - 5min;
  for (Keeper& it : keepers) it.stop();
  const sim::Verdict verdict = sim::judge(world, until);
  expect_no_faults(world, seed);
  EXPECT_GT(verdict.done, 100);
  GTEST_LOG_(INFO) << fmt::format("seed {}: {} slots, {} done, {} missed, {} runs", seed, verdict.slots,
                                  verdict.done, verdict.missed, verdict.runs);
}

}  // namespace
