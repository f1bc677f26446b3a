// One `pulse run` of the simulation: the real scheduler, on runs that are only told. They begin and end in
// the ledger as real ones do; how long they take and how they end is chance.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "keeper/scheduler.hpp"
#include "sim/journal.hpp"
#include "store/faulty_database_test.hpp"

namespace sim {

struct World {
  World(std::uint64_t seed, Fleet (*make)(int, base::Rng&), int collectors,
        std::unique_ptr<store::Database> migrated);
  bool chance(double share) { return rng.unit() < share; }
  base::Duration seconds(std::int64_t low, std::int64_t high) {
    return std::chrono::seconds(rng.between(low, high));
  }

  base::Rng rng;
  base::SimulatedClock clock{base::SimulatedClock::Mode::manual,
                             base::WallTime{std::chrono::seconds{1'772'323'200}}};  // 2026-03-01
  std::unique_ptr<store::Database> database;
  base::Redactor redactor;
  telemetry::Log log{{.directory = {}, .timezone = "UTC", .console = false}, clock, redactor};
  telemetry::Metrics metrics;
  Fleet fleet;
  Journal journal{fleet};
  bool is_calm = false;  // all goes well
  int pace = 1;          // so much shorter are long runs and waits
  std::int64_t ids = 0;
};

class Keeper {
 public:
  Keeper(World& world, int number)
      : world_(world),
        number_(number),
        store_(std::make_unique<store::testing::FaultyDatabase>(*world.database)) {}

  void start();
  void stop();  // cleanly
  void kill();
  bool is_up() const { return scheduler_ != nullptr; }

  // From its next call but some on, the database is gone, for this process.
  void cut(int call) { store_->fail_at(call, store::testing::FaultyDatabase::Lasting::for_good); }
  void heal() { store_->heal(); }

  void turn();
  base::Duration rest() const;
  void reload();
  void request(const std::string& collector);
  void come_late(const std::string& collector);  // for a slot that is long past
  std::int64_t unanswered() const { return asked_ - answered_; }

 private:
  struct Run {
    keeper::Launch launch;
    collect::RunReport report;
    base::SteadyTime next{};
    bool begun = false, stopping = false, launched = true;
  };
  void launch(keeper::Launch launch);
  bool step(Run& run);  // false: it is over
  void begin(Run& run);
  void end(Run& run);
  void choose_end(Run& run);
  void work();

  static constexpr std::size_t workers = 12;

  World& world_;
  const int number_;
  std::unique_ptr<store::testing::FaultyDatabase> store_;
  std::unique_ptr<keeper::Board> board_;
  std::unique_ptr<keeper::Scheduler> scheduler_;
  keeper::Roster roster_;
  std::vector<std::unique_ptr<Run>> runs_;
  base::SteadyTime look_at_{};
  std::int64_t asked_ = 0, answered_ = 0;
};

}  // namespace sim
