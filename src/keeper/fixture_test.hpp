// For keeper's tests: collectors from a line of YAML each, and a daemon whose runs the test plays itself.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "collect/fixture_test.hpp"
#include "collect/settlement.hpp"
#include "keeper/scheduler.hpp"
#include "store/faulty_database_test.hpp"

namespace keeper::testing {

inline config::Collector collector(const std::string& name, const std::string& more = {}) {
  return collect::testing::collector_from("name: " + name +
                                          "\nrequester: {url_base: 'https://api.example', path: /i}\n"
                                          "fields: {id: id}\ndestination: {table: t, primary_key: [id]}\n" +
                                          more);
}
inline config::CatalogueEntry good(const std::string& name, const std::string& more = {}) {
  return {name, name + ".yaml", collector(name, more), {}};
}
inline config::CatalogueEntry faulty(const std::string& name, const std::string& message = "is unknown") {
  config::CatalogueEntry entry{name, name + ".yaml", std::nullopt, {}};
  entry.faults.add({.file = name + ".yaml",
                    .mark = {.line = 3, .column = 1},
                    .key = "typo",
                    .message = message,
                    .remedy = {}});
  return entry;
}
inline config::Catalogue catalogue(std::vector<config::CatalogueEntry> entries) {
  config::Catalogue it;
  it.entries = std::move(entries);
  return it;
}

struct House {
  explicit House(std::vector<config::CatalogueEntry> entries, std::size_t worker_count = 4)
      : roster(make_roster(catalogue(std::move(entries)), clock.wall())),
        board(roster, "1", clock.wall()),
        workers(worker_count) {
    start();
  }
  void start() {
    scheduler = std::make_unique<Scheduler>(
        SchedulerParts{.database = store,
                       .clock = clock,
                       .log = log,
                       .metrics = metrics,
                       .launch = [this](Launch it) { launches.push_back(std::move(it)); },
                       .workers = workers},
        roster, board);
  }
  void renew(std::vector<config::CatalogueEntry> entries) {
    roster = renewed(roster, catalogue(std::move(entries)), clock.wall());
    scheduler->renew(roster);
  }

  // As the daemon does it, up to that time.
  void live(base::Duration how_long) {
    const base::SteadyTime end = clock.steady() + how_long;
    for (int turns = 0; turns < 100'000; ++turns) {
      scheduler->turn();
      const base::Duration rest = std::min(scheduler->rest(), end - clock.steady());
      if (rest <= base::Duration{} && clock.steady() >= end) return;
      clock.advance(std::max<base::Duration>(rest, std::chrono::microseconds{1}));
    }
    ADD_FAILURE() << "it never rests";
  }

  // "name slot" of what was launched since the last call, in minutes since the start; `~` a new try, `!` by
  // hand without a slot.
  std::vector<std::string> launched() {
    std::vector<std::string> texts;
    for (; told < launches.size(); ++told) {
      const auto& slot = launches[told].options.slot;
      texts.push_back(launches[told].collector->name +
                      (slot ? fmt::format(" {}{}", slot->again ? "~" : "", minutes(slot->time)) : "!"));
    }
    return texts;
  }
  std::string minutes(base::WallTime time) const {
    return fmt::format("{:g}", std::chrono::duration<double, std::ratio<60>>(time - started).count());
  }

  collect::RunReport report_of(const Launch& launch) {
    collect::RunReport report;
    report.run.id = fmt::format("r{:03}", ++ids);
    report.run.collector = launch.collector->name;
    report.run.started_by = launch.options.started_by;
    report.run.slot = launch.options.slot;
    report.run.host = "host";
    report.run.process = 1;
    report.run.started_at = clock.wall();
    return report;
  }
  // The run of a launch as far as its first line. By default of the newest launch.
  collect::RunReport begin(std::size_t index = npos) {
    collect::RunReport report = report_of(launches.at(index == npos ? launches.size() - 1 : index));
    report.begun = true;
    EXPECT_TRUE(collect::Ledger(*session, clock).begin(report.run, std::nullopt, {}));
    return report;
  }
  void end(collect::RunReport report, collect::Outcome outcome = collect::Outcome::success,
           std::size_t index = npos, bool records = true) {
    const Launch& launch = launches.at(index == npos ? launches.size() - 1 : index);
    report.run.outcome = outcome;
    if (outcome == collect::Outcome::failed) report.run.failure_type = collect::FailureType::transient;
    report.run.finished_at = clock.wall();
    if (outcome == collect::Outcome::failed) report.run.first_failed = clock.wall();
    report.open = collect::open_slot_after(*launch.collector, report.run, report.retry_at, rng);
    if (records) {
      EXPECT_TRUE(collect::Ledger(*session, clock).finish(report.run, report.open, {}));
    }
    report.recorded = records;
    scheduler->ended(launch.id, report);
  }
  void refuse(bool busy = false, std::size_t index = npos) {
    const Launch& launch = launches.at(index == npos ? launches.size() - 1 : index);
    collect::RunReport report = report_of(launch);
    report.busy = busy;
    report.run.outcome = collect::Outcome::failed;
    report.run.error = "the disk is full";
    report.run.finished_at = clock.wall();
    scheduler->ended(launch.id, report);
  }
  void silence() { store.fail_at(1, store::testing::FaultyDatabase::Lasting::for_good); }

  // "slot state reason" of a collector, missed ones with their first.
  std::vector<std::string> slots(const std::string& name = "a") {
    std::vector<std::string> texts;
    const auto rows = store::testing::query(*session,
                                            "SELECT slot, state, COALESCE(reason, '-'), first_slot FROM "
                                            "{pulse}schedule_slots WHERE collector = $1 ORDER BY slot",
                                            {name});
    EXPECT_TRUE(rows);
    for (const store::Row& row : *rows) {
      const auto first = base::parse_timestamp(row.text(3));
      texts.push_back(fmt::format("{}{} {} {}", first ? minutes(*first) + "-" : "",
                                  minutes(*base::parse_timestamp(row.text(0))), row.text(1), row.text(2)));
    }
    return texts;
  }
  std::vector<std::string> outcomes() {
    return collect::testing::lines_of(*session, "SELECT state FROM {pulse}runs ORDER BY id");
  }
  std::string warnings() const { return fmt::format("{}", fmt::join(board.status().warnings, "|")); }

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  base::SimulatedClock clock{base::SimulatedClock::Mode::manual,
                             base::WallTime{std::chrono::seconds{1'772'323'200}}};
  const base::WallTime started = clock.wall();  // midnight
  std::unique_ptr<store::Database> database = collect::testing::migrated_database();
  std::unique_ptr<store::Session> session = store::testing::session_of(*database);
  store::testing::FaultyDatabase store{*database};
  base::Redactor redactor;
  telemetry::Metrics metrics;
  std::string logged;
  telemetry::Log log{{.directory = {},
                      .timezone = "UTC",
                      .console = true,
                      .console_writer = [this](std::string_view line) { logged += line; }},
                     clock,
                     redactor};
  base::Rng rng{1};
  Roster roster;
  Board board;
  std::size_t workers;
  std::vector<Launch> launches;
  std::size_t told = 0;
  int ids = 0;
  std::unique_ptr<Scheduler> scheduler;
};
using Texts = std::vector<std::string>;

}  // namespace keeper::testing
