#include "keeper/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/text.hpp"

namespace keeper {
namespace {

using base::Code;
using base::Result;
using base::WallTime;
using namespace std::chrono_literals;

constexpr base::Duration longest_rest = 60s;
constexpr base::Duration patience_with_store = 10s;  // in a turn: nothing else happens meanwhile
constexpr base::Duration ask_store_every = 2s;
constexpr std::chrono::seconds after_busy = 1s, after_no_begin = 15s;
constexpr std::size_t missed_at_once = 100;
constexpr std::size_t read_at_once = 50;  // collectors, of a database that may be far away
constexpr base::Duration patience_at_the_end = 700ms;
constexpr base::Duration overlap_of_looks = 5min;  // clocks of machines that share a database differ

telemetry::Level level_of(schedule::Condition condition) {
  using schedule::Condition;
  switch (condition) {
    case Condition::invalid:
    case Condition::stuck:
    case Condition::failing:
    case Condition::stale:
    case Condition::late: return telemetry::Level::critical;
    case Condition::recovering:
    case Condition::suspect:
    case Condition::unverified: return telemetry::Level::warning;
    case Condition::never_ran:
    case Condition::adopting:
    case Condition::paused:
    case Condition::healthy: break;
  }
  return telemetry::Level::info;
}

// The store is there, and does not take what is asked of it.
bool is_refusal(const base::Error& error) {
  return error.code == Code::invalid_data || error.code == Code::permission || error.code == Code::internal ||
         error.code == Code::invalid_config;
}

double seconds_of(WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

}  // namespace

Scheduler::Scheduler(SchedulerParts parts, Roster roster, Board& board)
    : parts_(std::move(parts)), roster_(std::move(roster)), board_(board) {
  for (const std::string& name : roster_.names()) news_.insert(name);
}

Scheduler::~Scheduler() = default;

void Scheduler::turn() {
  watch_clock();
  const bool can_begin = catch_up() && !stopping_;
  start_requests(can_begin);
  if (can_begin) plan();
  judge();
  parts_.metrics
      .gauge("pulse_schedule_last_tick_timestamp_seconds", "When the scheduler last looked what is due.")
      .set(seconds_of(parts_.clock.wall()));
  parts_.metrics.gauge("pulse_runs_in_progress", "Runs under way in this process.")
      .set(static_cast<double>(active_.size()));
}

base::Duration Scheduler::rest() const {
  if (store_silent_since_) return std::max(base::Duration{}, ask_store_at_ - parts_.clock.steady());
  if (stopping_) return longest_rest;
  const WallTime now = parts_.clock.wall();
  base::Duration rest = longest_rest;
  const auto until = [&](std::optional<WallTime> time) {
    if (time) rest = std::min(rest, std::max(base::Duration{}, base::Duration(*time - now)));
  };
  if (!news_.empty()) return {};  // there is more to read
  if (planner_) until(planner_->next_wake());
  until(board_.next_change());
  for (const auto& request : requests_)
    rest = std::min(rest, std::max(base::Duration{}, request->deadline - parts_.clock.steady()));
  return rest;
}

// SC4: a clock that was set is worth a line, for times in the ledger do not fit together then.
void Scheduler::watch_clock() {
  const WallTime wall = parts_.clock.wall();
  const base::SteadyTime steady = parts_.clock.steady();
  if (last_turn_) {
    const auto jump = (wall - last_turn_->first) - (steady - last_turn_->second);
    if (jump > 60s || jump < -60s)
      parts_.log.logger().warning(
          "the machine's clock was set",
          {{"by_seconds", std::chrono::duration_cast<std::chrono::seconds>(jump).count()}});
    if (jump > 60s || jump < -60s)  // what can be true of the ledger depends on the time
      for (const std::string& name : roster_.names()) news_.insert(name);
    if (jump > 1s || jump < -1s)
      for (const auto& [name, it] : hold_off_) news_.insert(name);
  }
  last_turn_ = {wall, steady};
}

// ---- the ledger ----

Result<void> Scheduler::with_ledger(base::Duration patience, const std::stop_token& stop,
                                    const LedgerWork& work) {
  std::stop_source ending;
  const std::stop_callback forward(stop, [&ending] { ending.request_stop(); });
  const auto alarm =
      parts_.clock.alarm(parts_.clock.steady() + patience, [&ending] { ending.request_stop(); });
  const auto use = [&]() -> Result<void> {
    const auto session = TRY(parts_.database.session(ending.get_token()));
    return work(*session, ending.get_token());
  };
  auto done = use();
  if (!done && done.error().code == Code::cancelled && !stop.stop_requested())
    return base::error(Code::timeout, "no answer within {}", base::format_duration(patience));
  return done;
}

Result<void> Scheduler::with_ledger(const LedgerWork& work) {
  return with_ledger(patience_with_store, parts_.stop, work);
}

// False: the store does not answer, so that nobody knows what is due.
bool Scheduler::catch_up() {
  if (knows_all() && unfinished_.empty() && missed_.empty() && news_.empty() && !store_silent_since_)
    return true;
  if (store_silent_since_ && parts_.clock.steady() < ask_store_at_) return false;
  const auto done = with_ledger([this](store::Session& session, std::stop_token stop) -> Result<void> {
    TRY(finish_ends(session, stop));
    TRY(write_missed(session, stop));
    if (store_silent_since_)  // that is over: whoever could not begin for it need not wait any longer
      for (const auto& [name, it] : std::exchange(hold_off_, {})) news_.insert(name);
    return read_news(session, stop);
  });
  if (!done) {
    if (!parts_.stop.stop_requested()) say_store(done.error());
    return false;
  }
  if (store_silent_since_) {
    parts_.log.logger().info(
        "the store answers again",
        {{"after", base::format_duration(parts_.clock.steady() - *store_silent_since_)}});
    board_.warn("store", "");
    store_silent_since_.reset();
  }
  return knows_all();
}

void Scheduler::say_store(const base::Error& error) {
  const base::SteadyTime now = parts_.clock.steady();
  if (!store_silent_since_) {
    store_silent_since_ = now;
    parts_.log.logger().critical("the store does not answer; nothing is started until it does",
                                 {{"error", error.message}});
    board_.warn("store",
                fmt::format("The store does not answer since {}; nothing is started until it does: {}",
                            base::to_iso8601(parts_.clock.wall()), error.message));
  }
  ask_store_at_ = now + ask_store_every;
}

// Runs whose end the store did not take. One that it refuses, for what stands in it, must not keep the
// others: it is tried without its words, then given up.
Result<void> Scheduler::finish_ends(store::Session& session, const std::stop_token& stop) {
  collect::Ledger ledger(session, parts_.clock);
  while (!unfinished_.empty()) {
    collect::RunReport& report = unfinished_.back();
    auto done = ledger.finish(report.run, report.open, stop);
    if (!done && is_refusal(done.error())) {
      report.run.error = "its words could not be recorded";
      const auto again = ledger.finish(report.run, report.open, stop);
      if (!again && !is_refusal(again.error())) return again.error();
      parts_.log.collector(report.run.collector)
          .critical(again ? "the end of the run is recorded without its words"
                          : "the end of the run cannot be recorded: the store refuses it",
                    {{"run", report.run.id}, {"error", done.error().message}});
    } else if (!done) {
      return done.error();
    }
    unfinished_.pop_back();
  }
  return {};
}

void Scheduler::record_ends() {
  if (unfinished_.empty()) return;
  const auto done = with_ledger(
      patience_at_the_end, {},
      [this](store::Session& session, const std::stop_token& stop) { return finish_ends(session, stop); });
  if (!done)
    parts_.log.logger().critical(
        "the ends of runs are not on record: the next start will find these runs lost",
        {{"runs", unfinished_.size()}, {"error", done.error().message}});
}

Result<void> Scheduler::write_missed(store::Session& session, const std::stop_token& stop) {
  // In one order in all processes, so that none waits for another in a circle; the oldest slots first, for
  // nothing older than a known one is taken.
  std::sort(missed_.begin(), missed_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.collector, a.first) > std::tie(b.collector, b.first);
  });
  while (!missed_.empty()) {
    const std::size_t count = std::min(missed_at_once, missed_.size());
    const std::vector<collect::MissedSlots> some(missed_.rbegin(),
                                                 missed_.rbegin() + static_cast<std::ptrdiff_t>(count));
    const auto recorded = TRY(collect::Ledger(session, parts_.clock).miss(some, stop));
    for (std::size_t i = 0; i < some.size(); ++i)
      if (!recorded[i]) news_.insert(some[i].collector);  // another process knows more
    missed_.resize(missed_.size() - count);
  }
  return {};
}

Result<void> Scheduler::read_news(store::Session& session, const std::stop_token& stop) {
  std::vector<std::string> names;
  std::erase_if(news_, [this](const std::string& name) { return !roster_.find(name); });
  for (const std::string& name : news_)
    if (names.size() < read_at_once) names.push_back(name);
  const auto pasts = TRY(collect::History(session, parts_.clock).of(names, stop));
  for (const std::string& name : names) news_.erase(name);
  if (!planner_) {
    for (std::size_t i = 0; i < names.size(); ++i) first_read_[names[i]] = pasts[i];
    if (!news_.empty()) return {};
    std::vector<schedule::State> states(roster_.members.size());
    for (const auto& [name, past] : first_read_) states[*roster_.find(name)] = past.state;
    // One of our own that is on its way into the ledger.
    for (const std::string& name : active_names_)
      if (const auto member = roster_.find(name))
        states[*member].running = schedule::State::Running{parts_.clock.wall(), parts_.clock.wall()};
    planner_ = std::make_unique<schedule::Planner>(roster_.entries(), std::move(states));
    for (const auto& [name, past] : std::exchange(first_read_, {})) set(*roster_.find(name), past);
    return {};
  }
  for (std::size_t i = 0; i < names.size(); ++i) set(*roster_.find(names[i]), pasts[i]);
  return {};
}

void Scheduler::set(std::size_t member, const collect::Past& past) {
  const std::string& name = roster_.members[member].entry.name;
  board_.set(member, past);
  say_held_back(name, past.held_back_until);
  if (!is_active(name)) {  // what is under way here is on its way into the ledger; its end will be news
    schedule::State state = past.state;
    const schedule::State& before = planner_->state(member);
    if (state.last_slot == before.last_slot) state.seen_due = before.seen_due;  // the next one still waits
    if (const auto given = gave_way_.find(name);
        given != gave_way_.end() && state.open && !state.open->on_ladder && state.open->slot == given->second)
      state.open.reset();
    if (const auto until = begin_after(name))
      state.not_before = std::max(state.not_before.value_or(*until), *until);
    planner_->update(member, state);
  }
  if (past.last_success)
    parts_.metrics
        .gauge("pulse_run_last_success_timestamp_seconds", "When the last successful run ended.",
               {{"collector", name}})
        .set(seconds_of(*past.last_success));
}

void Scheduler::say_held_back(const std::string& name, std::optional<WallTime> until) {
  if (!until) {
    held_back_.erase(name);
    return;
  }
  if (const auto said = held_back_.find(name); said != held_back_.end() && said->second == *until) return;
  held_back_[name] = *until;
  parts_.log.collector(name).critical(
      "held back: it was running each time pulse crashed",
      {{"collector", name}, {"crashes", collect::crashes_to_hold_back}, {"until", base::to_iso8601(*until)}});
}

void Scheduler::look_around() {
  if (store_silent_since_ && parts_.clock.steady() < ask_store_at_) return;
  const WallTime now = parts_.clock.wall();
  std::vector<std::string> alive;
  {
    const std::lock_guard lock(own_runs_mutex_);
    for (const auto& [launch, run] : own_runs_) alive.push_back(run);
  }
  const auto done = with_ledger([&](store::Session& session, std::stop_token stop) -> Result<void> {
    TRY(finish_ends(session, stop));  // else our own would be found lost
    for (const collect::RunRecord& run : TRY(collect::Ledger(session, parts_.clock).mark_lost(stop, alive))) {
      parts_.log.collector(run.collector)
          .warning("run lost: its process ended without recording an end",
                   {{"run", run.id}, {"process", run.process}, {"host", run.host}});
      news_.insert(run.collector);
    }
    const WallTime since = std::min(looked_around_at_.value_or(now), now) -
                           std::chrono::ceil<std::chrono::microseconds>(overlap_of_looks);
    for (const std::string& name : TRY(collect::History(session, parts_.clock).changed_since(since, stop)))
      news_.insert(name);
    // Clocks may differ by more than that: what we wait for is asked for.
    for (std::size_t i = 0; planner_ && i < roster_.members.size(); ++i)
      if (planner_->state(i).running && !is_active(roster_.members[i].entry.name))
        news_.insert(roster_.members[i].entry.name);
    return {};
  });
  if (done)
    looked_around_at_ = now;
  else if (!parts_.stop.stop_requested())
    say_store(done.error());
}

// ---- what is due ----

void Scheduler::plan() {
  const WallTime now = parts_.clock.wall();
  const std::size_t room = parts_.workers > active_.size() ? parts_.workers - active_.size() : 0;
  const schedule::Plan plan = planner_->due(now, room);
  for (const auto& it : plan.missed)
    missed_.push_back({planner_->entry(it.entry).name, it.first, it.last, it.reason});
  for (const std::size_t i : plan.cancels)
    for (auto& [id, active] : active_)
      if (active.name == planner_->entry(i).name) {
        active.stop.request_stop();
        if (const auto& running = planner_->state(i).running) gave_way_[active.name] = running->slot;
      }
  // On record before the run of a later slot is: a slot that is older than a known one counts as passed.
  if (!missed_.empty() && !catch_up()) {
    for (const auto& it : plan.starts) news_.insert(planner_->entry(it.entry).name);
    return;
  }
  for (const auto& it : plan.starts)
    if (planner_->state(it.entry).running) start(it);  // else the ledger had news of it just now
}

void Scheduler::start(const schedule::Plan::Start& start) {
  const Member& member = roster_.members[start.entry];
  const std::string& name = member.entry.name;
  // What was due a moment ago has been settled by another process meanwhile.
  const auto& planned = planner_->state(start.entry).running;
  if (!member.collector || is_active(name) || !planned || planned->slot != start.slot) {
    news_.insert(name);
    return;
  }
  collect::RunOptions options;
  options.started_by = start.again ? collect::StartedBy::retry : collect::StartedBy::schedule;
  options.slot = collect::RunSlot{.time = start.slot, .again = start.again, .try_at = start.try_at};
  launch(member.collector, std::move(options), nullptr);
}

void Scheduler::launch(std::shared_ptr<const config::Collector> collector, collect::RunOptions options,
                       std::shared_ptr<Request> request) {
  const std::uint64_t id = ++next_id_;
  Active& active = active_[id];
  active.name = collector->name;
  if (request)
    active.forward = std::make_unique<std::stop_callback<std::function<void()>>>(
        request->stop, [stop = active.stop]() mutable { stop.request_stop(); });
  active.request = std::move(request);
  active_names_.insert(collector->name);
  if (const auto member = roster_.find(collector->name)) board_.set_running(*member, parts_.clock.wall());
  options.on_begin = [this, id](const std::string& run) {
    const std::lock_guard lock(own_runs_mutex_);
    own_runs_[id] = run;
  };
  parts_.launch({id, std::move(collector), std::move(options), active.stop.get_token()});
}

void Scheduler::ended(std::uint64_t id, const collect::RunReport& report) {
  const auto found = active_.find(id);
  if (found == active_.end()) return;
  const Active active = std::move(found->second);
  active_.erase(found);
  const std::string on_record = forget_own(id);
  active_names_.erase(active_names_.find(active.name));
  if (!report.begun && on_record.empty()) {
    not_begun(active.name, report);
  } else {
    hold_off_.erase(active.name);
    for (auto& [name, it] : hold_off_) it.refused.clear();  // what one run may, the others may too
  }
  say_refused();
  if (report.begun && !report.recorded) unfinished_.push_back(report);
  if (!report.begun && !on_record.empty()) {  // it broke in the middle
    collect::RunReport& broken = unfinished_.emplace_back(report);
    broken.run.id = on_record;
    broken.run.collector = active.name;
    broken.run.finished_at = parts_.clock.wall();
  }
  news_.insert(active.name);
  if (active.request && active.request->on_end) active.request->on_end(report);
}

std::string Scheduler::forget_own(std::uint64_t id) {
  const std::lock_guard lock(own_runs_mutex_);
  const auto found = own_runs_.find(id);
  return found == own_runs_.end() ? std::string() : std::move(own_runs_.extract(found).mapped());
}

// A full disk is not asked again at once. What another process has, the ledger says as a rule; this is for
// the moment in which it does not yet.
void Scheduler::not_begun(const std::string& name, const collect::RunReport& report) {
  HoldOff& it = hold_off_[name] = {parts_.clock.steady() + (report.busy ? after_busy : after_no_begin), {}};
  if (report.busy) return;
  // Its beginning may be on record, if only the answer to that was lost.
  collect::RunReport& doubtful = unfinished_.emplace_back(report);
  doubtful.run.outcome = collect::Outcome::cancelled;
  doubtful.run.failure_type.reset();
  doubtful.open = schedule::OpenSlot{.slot = doubtful.run.started_at,  // whichever it took
                                     .first_failed = doubtful.run.started_at,
                                     .try_at = parts_.clock.wall()};
  if (report.run.outcome == collect::Outcome::cancelled) return;
  it.refused = report.run.error;
  parts_.log.logger().critical("a run could not begin: the store does not take it",
                               {{"collector", name}, {"error", report.run.error}});
}

void Scheduler::say_refused() {
  std::string text;
  for (const auto& [name, it] : hold_off_)
    if (!it.refused.empty())
      text = fmt::format("Runs cannot begin, because the store does not take them: {}", it.refused);
  board_.warn("begin", text);
}

// By the wall clock as it is set now.
std::optional<WallTime> Scheduler::begin_after(const std::string& name) const {
  const auto found = hold_off_.find(name);
  if (found == hold_off_.end()) return std::nullopt;
  return parts_.clock.wall() +
         std::chrono::ceil<std::chrono::microseconds>(found->second.until - parts_.clock.steady());
}

// ---- changes from outside ----

void Scheduler::renew(Roster roster) {
  roster_ = std::move(roster);
  board_.renew(roster_);
  planner_.reset();
  first_read_.clear();
  for (const std::string& name : roster_.names()) news_.insert(name);
  forget_metrics();
  std::erase_if(hold_off_, [this](const auto& it) { return !roster_.find(it.first); });
  say_refused();
}

void Scheduler::stop() {
  stopping_ = true;
  for (const auto& it : std::exchange(requests_, {})) it->on_end(std::nullopt);
  for (auto& [id, active] : active_) active.stop.request_stop();
}

void Scheduler::judge() {
  say_what_stays();
  for (const Change& it : board_.judge(parts_.clock.wall())) {
    telemetry::Level level = level_of(it.now.condition);
    // What piled up while nobody looked is on the page, and mended as a rule in a minute.
    if (!it.before && it.now.condition != schedule::Condition::invalid)
      level = std::min(level, telemetry::Level::warning);
    measured_.insert(it.collector);
    parts_.metrics
        .gauge("pulse_collector_healthy", "1: healthy. 0: it is not, and the status page says why.",
               {{"collector", it.collector}})
        .set(it.now.condition == schedule::Condition::healthy ? 1 : 0);
    found_so_.erase(it.collector);
    if (level < level_of(it.now.condition))
      found_so_[it.collector] = {it.now.condition, parts_.clock.steady() + schedule::patience, it.why};
    if (!it.before && level == telemetry::Level::info) continue;
    const std::string event = fmt::format("collector is {}", schedule::to_string(it.now.condition));
    parts_.log.logger().log(level, event,
                            {{"collector", it.collector},
                             {"before", it.before ? schedule::to_string(*it.before) : "unknown"},
                             {"why", it.why}});
  }
}

// It was so when we came, and still is.
void Scheduler::say_what_stays() {
  const base::SteadyTime now = parts_.clock.steady();
  std::erase_if(found_so_, [&](const auto& entry) {
    const auto& [name, it] = entry;
    if (now < it.until) return false;
    parts_.log.logger().log(level_of(it.condition),
                            fmt::format("collector is still {}", schedule::to_string(it.condition)),
                            {{"collector", name}, {"why", it.why}});
    return true;
  });
}

// Of collectors that are gone: an old time in a metric would be a false alarm for ever.
void Scheduler::forget_metrics() {
  std::erase_if(measured_, [this](const std::string& name) {
    if (roster_.find(name) || is_active(name)) return false;
    for (const char* metric : {"pulse_collector_healthy", "pulse_run_last_success_timestamp_seconds"})
      parts_.metrics.remove_gauge(metric, {{"collector", name}});
    return true;
  });
}

}  // namespace keeper
