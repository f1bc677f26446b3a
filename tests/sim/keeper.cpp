#include "sim/keeper.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "collect/settlement.hpp"
#include "store/testing.hpp"

namespace sim {
namespace {

using namespace std::chrono_literals;
using collect::FailureType;
using collect::Outcome;

constexpr base::Duration look_every = 10s;

}  // namespace

World::World(std::uint64_t seed, Fleet (*make)(int, base::Rng&), int collectors,
             std::unique_ptr<store::Database> migrated)
    : rng(seed), database(std::move(migrated)), fleet(make(collectors, rng)) {}

void Keeper::start() {
  if (!world_.database->dialect().is_server()) {
    const auto session = store::testing::session_of(*world_.database);
    ASSERT_OK(collect::Ledger(*session, world_.clock).mark_lost({}));
  }
  roster_ = keeper::make_roster(catalogue_of(world_.fleet), world_.clock.wall());
  board_ = std::make_unique<keeper::Board>(roster_, "1", world_.clock.wall());
  scheduler_ = std::make_unique<keeper::Scheduler>(
      keeper::SchedulerParts{.database = *store_,
                             .clock = world_.clock,
                             .log = world_.log,
                             .metrics = world_.metrics,
                             .launch = [this](keeper::Launch it) { launch(std::move(it)); },
                             .workers = workers},
      roster_, *board_);
}

void Keeper::stop() {
  scheduler_->stop();
  for (int i = 0; i < 100 && scheduler_->running() > 0; ++i) {
    work();
    world_.clock.advance(100ms);
  }
  if (scheduler_->running() > 0) world_.journal.fault("a stop leaves runs under way");
  if (unanswered() != 0) world_.journal.fault("a stop leaves requests without an answer");
  kill();
}

void Keeper::kill() {
  scheduler_.reset();
  board_.reset();
  runs_.clear();
  answered_ = asked_;
  world_.journal.died(number_);
  if (!world_.database->dialect().is_server()) return;
  const auto session = store::testing::session_of(*world_.database);
  ASSERT_OK(store::testing::execute(
      *session,
      "UPDATE {pulse}runs SET lease_until = '2001-01-01T00:00:00Z' WHERE state = 'running' AND process = $1",
      {std::int64_t{number_}}));
}

void Keeper::turn() {
  work();
  if (world_.database->dialect().is_server() && world_.clock.steady() >= look_at_) {
    look_at_ = world_.clock.steady() + look_every;
    scheduler_->look_around();
  }
  scheduler_->turn();
}

base::Duration Keeper::rest() const {
  base::Duration rest = scheduler_->rest();
  const base::SteadyTime now = world_.clock.steady();
  if (world_.database->dialect().is_server()) rest = std::min(rest, look_at_ - now);
  for (const auto& run : runs_) {
    if (run->launch.stop.stop_requested() && !run->stopping) return {};
    rest = std::min(rest, run->next - now);
  }
  return std::max(rest, base::Duration{});
}

void Keeper::reload() {
  roster_ = keeper::renewed(roster_, catalogue_of(world_.fleet), world_.clock.wall());
  scheduler_->renew(roster_);
}

void Keeper::request(const std::string& collector) {
  ++asked_;
  keeper::Request request;
  request.collector = std::make_shared<config::Collector>(world_.fleet.at(collector).collector);
  request.options.started_by = collect::StartedBy::request;
  request.deadline = world_.clock.steady() + world_.seconds(0, 600);
  request.on_end = [this](const std::optional<collect::RunReport>&) { ++answered_; };
  scheduler_->request(std::move(request));
}

void Keeper::come_late(const std::string& collector) {
  const auto newest = world_.journal.newest(collector);
  if (!newest) return;
  const auto slots = world_.fleet.at(collector).entry.timetable->between(*newest - 48h, *newest - 1us, 1000);
  if (slots.empty()) return;
  collect::RunRecord record;
  record.id = fmt::format("late{}", ++world_.ids);
  record.collector = collector;
  record.host = "elsewhere";
  record.process = 99;
  record.started_at = world_.clock.wall();
  record.slot = collect::RunSlot{.time = slots[world_.rng.below(slots.size())]};
  const auto session = store::testing::session_of(*world_.database);
  if (collect::Ledger(*session, world_.clock).begin(record, std::nullopt, {}))
    world_.journal.fault("a slot of " + collector + " that is long past was claimed");
}

// ---- runs ----

void Keeper::launch(keeper::Launch launch) {
  auto run = std::make_unique<Run>();
  collect::RunRecord& record = run->report.run;
  record.id = fmt::format("r{:07}", ++world_.ids);
  record.collector = launch.collector->name;
  record.started_by = launch.options.started_by;
  record.slot = launch.options.slot;
  record.host = "host";
  record.process = number_;
  record.definition = "d";
  run->next = world_.clock.steady() + (world_.chance(0.2) ? world_.seconds(0, 3) : base::Duration{});
  run->launch = std::move(launch);
  runs_.push_back(std::move(run));
  world_.journal.launched(number_, record.collector, scheduler_->running(), workers);
}

void Keeper::work() {
  std::vector<std::unique_ptr<Run>> waiting;
  for (std::unique_ptr<Run>& it : std::exchange(runs_, {}))
    if (step(*it)) waiting.push_back(std::move(it));
  runs_.insert(runs_.end(), std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
}

bool Keeper::step(Run& run) {
  const base::SteadyTime now = world_.clock.steady();
  if (run.begun && run.launch.stop.stop_requested() && !run.stopping) {
    run.stopping = true;
    // A COMMIT under way finishes.
    if (!world_.chance(0.2)) {
      run.report.run.outcome = Outcome::cancelled;
      run.report.run.failure_type.reset();
    }
    run.next = std::min(run.next, now + std::chrono::milliseconds(world_.rng.between(0, 2000)));
  }
  if (run.next > now) return true;
  if (!run.begun) {
    begin(run);
    if (run.begun) return true;
    world_.journal.not_begun(number_, run.report.run.collector);
  } else {
    end(run);
  }
  scheduler_->ended(run.launch.id, run.report);
  return false;
}

void Keeper::begin(Run& run) {
  collect::RunRecord& record = run.report.run;
  record.started_at = world_.clock.wall();
  const auto refuse = [&](const std::string& why) {
    record.outcome = Outcome::failed;
    record.failure_type = FailureType::transient;
    record.error = why;
    record.slot = run.launch.options.slot;
    record.finished_at = record.started_at;
  };
  if (!world_.is_calm && world_.chance(0.003)) return refuse("the disk is full");
  const auto session = store_->session({});
  if (!session) return refuse(session.error().message);
  const auto begun = collect::Ledger(**session, world_.clock).begin(record, std::nullopt, {});
  if (!begun) {
    run.report.busy = begun.error().code == base::Code::conflict;
    return refuse(begun.error().message);
  }
  if (!world_.is_calm && world_.chance(0.002)) return refuse("the answer to that was lost");
  run.begun = run.report.begun = true;
  world_.journal.begun(number_, record, world_.clock.wall());
  choose_end(run);
}

void Keeper::choose_end(Run& run) {
  collect::RunRecord& record = run.report.run;
  const base::SteadyTime now = world_.clock.steady();
  record.outcome = Outcome::success;
  run.next = now + world_.seconds(1, world_.is_calm ? 15 : 60);
  if (world_.is_calm) return;
  const double length = world_.rng.unit();
  if (length < 0.06) run.next = now + world_.seconds(300, 2400) / world_.pace;
  if (length < 0.01) run.next = now + world_.seconds(3600, 5 * 3600) / world_.pace;
  const double share = world_.rng.unit();
  const auto fails = [&](Outcome outcome, std::optional<FailureType> type) {
    record.outcome = outcome;
    record.failure_type = type;
  };
  const double transient = record.slot && record.slot->again ? 0.4 : 0.10;  // outages last
  if (share < transient)
    fails(Outcome::failed, FailureType::transient);
  else if (share < transient + 0.03)
    fails(Outcome::failed, FailureType::credentials);
  else if (share < transient + 0.07)
    fails(Outcome::rate_limited, FailureType::transient);
  else if (share < transient + 0.09)
    fails(Outcome::timeout, FailureType::transient);
  else if (share < transient + 0.11)
    fails(Outcome::partial, FailureType::transient);
  else if (share < transient + 0.13)
    fails(Outcome::incomplete, FailureType::data);
  else if (share < transient + 0.14)
    fails(Outcome::rejected, FailureType::data);
  else if (share < transient + 0.16)
    fails(Outcome::empty, std::nullopt);
  record.allow_empty = record.outcome == Outcome::empty && world_.chance(0.5);
  if (record.outcome == Outcome::rate_limited && world_.chance(0.8))
    run.report.retry_at =
        world_.clock.wall() + std::chrono::floor<std::chrono::microseconds>(
                                  run.next - now + world_.seconds(1, 4 * 3600) / world_.pace);
}

void Keeper::end(Run& run) {
  collect::RunRecord& record = run.report.run;
  record.finished_at = std::max(world_.clock.wall(), record.started_at);
  if (record.outcome != Outcome::cancelled && !collect::ended_well(record))
    record.first_failed = record.started_at + (*record.finished_at - record.started_at) / 2;
  if (collect::ended_well(record)) record.counts.inserted = 1;
  run.report.open = collect::open_slot_after(*run.launch.collector, record, run.report.retry_at, world_.rng);
  world_.journal.ended(number_, record);
  if (!world_.is_calm && world_.chance(0.01)) return;
  const auto session = store_->session({});
  if (!session) return;
  const auto ended = collect::Ledger(**session, world_.clock).finish(record, run.report.open, {});
  run.report.recorded = ended.has_value();
  if (ended && *ended) world_.journal.recorded(record, run.report.retry_at);
  if (ended && !*ended) world_.journal.fault(record.id + " was taken for dead while it lived");
}

}  // namespace sim
