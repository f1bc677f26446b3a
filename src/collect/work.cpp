#include "collect/work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace collect {
namespace {

using base::Code;
using base::Error;
using base::Result;
using Disposition = config::Destination::WriteDisposition;

// A last attempt, cut to what was left of the run, ends a little before it: timers count in milliseconds.
constexpr std::chrono::milliseconds close_to_the_end{50};
constexpr std::chrono::seconds patience_at_the_beginning{30};  // with a rate limit
constexpr int max_failures_of_a_slice = 4;  // in the database, after its pages were fetched

bool asks_store(const config::PartitionRouter& router) {
  return router.type == config::PartitionRouter::Type::table ||
         std::any_of(router.of.begin(), router.of.end(), asks_store);
}

bool appends_without_key(const config::Destination& it) {
  return it.write_disposition == Disposition::append && it.primary_key.empty();
}

}  // namespace

Work::Work(const RunnerParts& parts, const config::Collector& collector, const RunOptions& options,
           RunReport& report, base::SteadyTime deadline, const telemetry::Logger& logger)
    : parts_(parts),
      collector_(collector),
      options_(options),
      report_(report),
      deadline_(deadline),
      logger_(logger),
      patience_{parts.clock, parts.rng, deadline,
                [this](const Error& error, base::Duration next) {
                  warn_of_database(error, next);
                  show({.phase = Progress::Phase::wait,
                        .expected = {},
                        .note = fmt::format("the database: {}; again in {}", error.message,
                                            base::format_duration(next))});
                }},
      opening_(opening_of(options)) {}

// Who is tried again by itself need not hold a worker while nothing is won yet.
std::shared_ptr<http::Opening> Work::opening_of(const RunOptions& options) {
  auto opening = std::make_shared<http::Opening>();
  opening->single_attempt = options.started_by == StartedBy::retry;
  const bool by_itself = options.started_by == StartedBy::retry || options.started_by == StartedBy::schedule;
  if (by_itself) opening->patience = patience_at_the_beginning;
  return opening;
}

// Again from its start, at a new desk, if a server failed it. `task` learns whether it is again, and may say
// that its error is not a database's.
template <class Task>
std::invoke_result_t<Task, Desk&, bool, bool&> Work::at_desk(const std::stop_token& stop, const Task& task) {
  bool again = false;
  return patience_.until(
      [&](bool& of_server) -> std::invoke_result_t<Task, Desk&, bool, bool&> {
        of_server = of_server_;
        if (!desk_) {
          auto opened = open_desk(stop);
          of_server = of_server_;
          if (!opened) return of_database(std::move(opened).error());
        }
        bool is_database = true;
        auto done = task(*desk_, std::exchange(again, true), is_database);
        if (done) {
          database_error_.clear();
          database_warned_at_.reset();
          return done;
        }
        of_server = of_server_ && is_database;
        if (of_server) close_desk();
        return done;
      },
      stop);
}

Result<void> Work::perform(std::stop_token stop) {
  TRY(at_desk(stop, [&](Desk& desk, bool, bool&) -> Result<void> {
    recognises_ = TRY(may_recognise_answers(desk, stop));
    TRY(read_states(desk, stop));
    cycle_ = TRY(desk.ledger().cycle(report_.run, stop));
    if (cycle_.committed.empty() || desk.has_table()) return {};
    cycle_ = {.started_at = report_.run.started_at,
              .committed = {}};  // the table they were committed to is gone
    return desk.ledger().leave_cycle(report_.run, stop);
  }));
  TRY(load_all(stop));
  if (report_.run.outcome == Outcome::empty)
    report_.run.allow_empty = TRY(at_desk(
        stop, [&](Desk& desk, bool, bool&) -> Result<bool> { return may_be_empty(desk.ledger(), stop); }));
  explain_empty();
  TRY(at_desk(stop, [&](Desk& desk, bool, bool&) { return desk.forget_loads(report_.run, stop); }));
  close_desk();
  return {};
}

Result<void> Work::rehearse(std::stop_token stop) {
  for (const config::Field& field : collector_.fields) report_.columns.push_back(field.column);
  rehearsal_ =
      std::make_unique<Loader>(parts_, collector_, report_, fetch_options(), options_.progress, std::nullopt);
  TRY(load_all(std::move(stop)));
  report_.run.allow_empty = collector_.allow_empty.always || collector_.allow_empty.within;
  explain_empty();
  return {};
}

void Work::fail(const Error& error, bool stopped) {
  RunRecord& run = report_.run;
  if (run.outcome == Outcome::lost) return;
  run.outcome = outcome_of(error);
  run.error = parts_.redactor.redact(error.message);
  if (error.retry_after) report_.retry_at = parts_.clock.wall() + *error.retry_after;
  // Waiting for a database ends with the deadline, by the alarm or by itself: whichever comes first.
  const bool is_over = parts_.clock.steady() >= deadline_ && !database_error_.empty();
  if ((error.code == Code::cancelled || is_over) && !stopped) {
    run.outcome = Outcome::timeout;
    run.error =
        fmt::format("the run took longer than its timeout of {}", base::format_duration(collector_.timeout));
    if (!database_error_.empty()) run.error += "; the database: " + parts_.redactor.redact(database_error_);
  } else if (error.code == Code::timeout && parts_.clock.steady() >= deadline_ - close_to_the_end) {
    run.outcome = Outcome::timeout;
  }
  if (run.outcome != Outcome::cancelled) run.failure_type = failure_type_of(error);
  if (run.outcome == Outcome::timeout) run.failure_type = FailureType::transient;
}

// ---- the databases ----

Result<void> Work::open_desk(std::stop_token stop) {
  of_server_ = true;  // if it cannot even be opened
  const store::Database* const rows = TRY(destination_of(parts_, collector_, stop));
  of_server_ = parts_.database->dialect().is_server() || rows->dialect().is_server();
  desk_ = TRY(Desk::open(parts_, collector_, report_, fetch_options(), options_.progress, std::move(stop)));
  return {};
}

void Work::close_desk() {
  if (!desk_) return;
  dropped_ += desk_->loader().dropped();
  duplicate_keys_ += desk_->loader().duplicate_keys();
  desk_.reset();
}

// Only while the table holds what was committed, as far as that is cheap to see. A run that goes on with what
// one before left open fetches all of that, and so does one that was asked to fetch everything.
Result<bool> Work::may_recognise_answers(Desk& desk, std::stop_token stop) const {
  if (options_.resume == RunOptions::Resume::never || report_.run.cycle != report_.run.id) return false;
  return desk.has_rows(std::move(stop));
}

Result<void> Work::read_states(Desk& desk, std::stop_token stop) {
  for (CursorRecord& it : TRY(desk.cursors(report_.run, std::move(stop)))) {
    Validators answer;
    if (recognises_) answer = {std::move(it.etag), std::move(it.last_modified), std::move(it.content_hash)};
    states_[it.partition] = {{std::move(it.high_water), it.covered_until}, std::move(answer), true};
  }
  return {};
}

// ---- the slices ----

Result<void> Work::load_all(std::stop_token stop) {
  register_secrets(collector_, parts_.redactor);
  Planner planner({parts_.engine, parts_.clock, parts_.redactor}, collector_, fetch_options(),
                  options_.dry_run ? nullptr : parts_.database);
  const std::vector<Partition> partitions = TRY(plan(planner, stop));
  TRY(loads_together() && !partitions.empty() ? load_together(partitions, stop)
                                              : load_apart(planner, partitions, stop));
  say_what_was_dropped();
  conclude(tally_, collector_, report_.run);
  report_.run.error = parts_.redactor.redact(report_.run.error);
  return {};
}

Result<std::vector<Partition>> Work::plan(Planner& planner, const std::stop_token& stop) {
  const auto& router = collector_.partition_router;
  return patience_.until(
      [&](bool& of_server) {
        of_server = of_server_ && router && asks_store(*router);
        return planner.partitions(stop);
      },
      stop);
}

// A table that is replaced must not lose what one partition could not give (CO1); rows without a key would
// come twice if some partitions were committed and the run were tried again.
bool Work::loads_together() const {
  return collector_.destination.write_disposition == Disposition::replace ||
         appends_without_key(collector_.destination);
}

Result<void> Work::load_together(const std::vector<Partition>& partitions, const std::stop_token& stop) {
  tally_.partitions = 1;
  const bool done = std::any_of(cycle_.committed.begin(), cycle_.committed.end(),
                                [](const SliceRecord& it) { return it.name == "all"; });
  if (done && appends_without_key(collector_.destination)) {
    logger_.info("a run before this one committed all, and died before it could say so; nothing is fetched",
                 {{"run", report_.run.id}, {"cycle", report_.run.cycle}});
    tally_.done = 1;
    return {};
  }
  std::vector<Unit> units;
  for (const Partition& it : partitions) units.push_back({.partition = &it});
  Standing standing = states_[partitions.front().key];
  standing.cursor = {};  // such a table holds no more than what its last run fetched
  return load_slice("all", units, standing, stop);
}

Result<void> Work::load_apart(const Planner& planner, const std::vector<Partition>& partitions,
                              const std::stop_token& stop) {
  tally_.partitions = static_cast<std::int64_t>(partitions.size());
  const std::vector<bool> done = TRY(find_done(planner, partitions, stop));
  tally_.done = std::count(done.begin(), done.end(), true);
  if (tally_.done > 0)
    logger_.info("going on where an earlier run left off", {{"run", report_.run.id},
                                                            {"cycle", report_.run.cycle},
                                                            {"committed", tally_.done},
                                                            {"open", tally_.partitions - tally_.done}});
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (done[i]) continue;
    TRY(load_partition(planner, partitions[i], stop));
    if (is_hopeless(tally_, collector_)) break;
  }
  if (tally_.slices == 0 && tally_.partitions > 0)
    logger_.info("nothing is due: all up to incremental_sync.end has been collected",
                 {{"run", report_.run.id}});
  return {};
}

// Of each partition, whether the cycle has committed all of it, as far as it was due when the cycle began. If
// that is so of every one, there is nothing to go on with: a new cycle begins, and rows with a key come once
// however often they are fetched.
Result<std::vector<bool>> Work::find_done(const Planner& planner, const std::vector<Partition>& partitions,
                                          const std::stop_token& stop) {
  std::vector<bool> done(partitions.size(), false);
  if (cycle_.committed.empty()) return done;
  std::map<std::string_view, base::WallTime> reached;
  for (const SliceRecord& it : cycle_.committed) {
    base::WallTime& end = reached.try_emplace(it.partition, base::WallTime::min()).first->second;
    end = std::max(end, it.window_end.value_or(base::WallTime::max()));
  }
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto found = reached.find(partitions[i].key);
    if (found == reached.end()) continue;
    const auto units = TRY(planner.units(partitions[i], states_[partitions[i].key].cursor));
    if (units.empty()) {  // nothing is due up to incremental_sync.end
      done[i] = true;
      continue;
    }
    const auto due =
        units.back().window ? std::min(units.back().window->end, cycle_.started_at) : cycle_.started_at;
    done[i] = found->second >= due;
  }
  if (!std::all_of(done.begin(), done.end(), [](bool it) { return it; })) return done;
  TRY(at_desk(stop, [&](Desk& desk, bool, bool&) { return desk.ledger().leave_cycle(report_.run, stop); }));
  return std::vector<bool>(partitions.size(), false);
}

// Its windows one after the other: none may overtake one that failed.
Result<void> Work::load_partition(const Planner& planner, const Partition& partition,
                                  const std::stop_token& stop) {
  Standing& state = states_[partition.key];
  const std::int64_t failed = tally_.failed;
  const std::vector<Unit> units = TRY(planner.units(partition, state.cursor));
  if (units.empty()) {  // nothing of it is due
    ++tally_.done;
    return {};
  }
  for (const Unit& unit : units) {
    TRY(load_slice(unit.name(), {unit}, state, stop));
    if (tally_.failed > failed) break;
  }
  tally_.end_partition(failed);
  return {};
}

// An error ends the run: where there is nothing but this slice, and where the others would fare no better.
Result<void> Work::load_slice(const std::string& name, const std::vector<Unit>& units, Standing& state,
                              const std::stop_token& stop) {
  ++tally_.slices;
  const auto end = load_once(name, units, state, stop);
  if (end) {
    tally_.add(name, *end);
    warn_of(*end, name);
    return {};
  }
  const Error& error = end.error();
  const bool is_source = desk_ ? desk_->loader().fault() == Loader::Fault::source
                               : rehearsal_ && rehearsal_->fault() == Loader::Fault::source;
  const bool concerns_all = !is_source || error.code == Code::cancelled || error.code == Code::rate_limited ||
                            error.code == Code::internal || stop.stop_requested();
  if (tally_.partitions == 1 || concerns_all) return error;
  tally_.add(name, error);
  logger_.warning("slice failed", {{"run", report_.run.id}, {"slice", name}, {"error", error.message}});
  return {};
}

// However often a server fails underneath.
Result<SliceEnd> Work::load_once(const std::string& name, const std::vector<Unit>& units, Standing& state,
                                 const std::stop_token& stop) {
  if (rehearsal_) return rehearsal_->load(name, units, state, stop);
  const std::int64_t records = report_.run.counts.records;
  int failures = 0;
  bool not_modified = false;
  return at_desk(stop, [&](Desk& desk, bool again, bool& of_database) -> Result<SliceEnd> {
    if (again) {
      report_.run.counts.records = records;
      if (auto before = TRY(committed_before(desk, name, units, not_modified, state, stop)))
        return *std::move(before);
    }
    auto end = desk.loader().load(name, units, state, stop);
    not_modified = desk.loader().not_modified();
    of_database = desk.loader().fault() == Loader::Fault::store;
    // Staged anew as often as it breaks, a slice could go on costing the API for ever, or breaking the
    // server.
    if (!end && of_database && ++failures == max_failures_of_a_slice) of_database = false;
    // A commit whose answer was lost is looked up, never guessed (CO2); a file's is as good as a server's.
    if (!end && !of_server_ && of_database && end.error().code == Code::unavailable) {
      report_.run.counts.records = records;
      if (auto before = committed_before(desk, name, units, not_modified, state, {}); before && *before)
        return **std::move(before);
    }
    return end;
  });
}

// The slice as this run committed it without learning so; nothing, if it did not.
Result<std::optional<SliceEnd>> Work::committed_before(Desk& desk, const std::string& name,
                                                       const std::vector<Unit>& units, bool not_modified,
                                                       Standing& state, const std::stop_token& stop) {
  const auto slice = TRY(desk.committed(report_.run, name, stop));
  if (!slice) return std::nullopt;
  TRY(read_states(desk, stop));
  if (units.size() == 1) state = states_[units.front().partition->key];
  add_rows(report_.run.counts, slice->counts);
  report_.run.counts.records += slice->counts.records;
  report_.run.counts.quarantined += slice->counts.quarantined;
  using State = SliceEnd::State;
  SliceEnd end{slice->open                  ? State::incomplete
               : not_modified               ? State::not_modified
               : slice->counts.records == 0 ? State::empty
                                            : State::committed};
  if (slice->open) end.reason = "its pages contradict each other";
  return end;
}

}  // namespace collect
