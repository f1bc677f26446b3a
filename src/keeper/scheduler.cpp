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
constexpr std::chrono::milliseconds between_tries = 500ms;  // of collectors whose host is back
constexpr std::chrono::seconds after_busy = 1s, after_no_begin = 15s;

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
      .set(base::epoch_seconds(parts_.clock.wall()));
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

// One after the other: whether all of them may be asked at once, the host's gate decides.
void Scheduler::host_is_back(const std::string& host) {
  if (!planner_) return;
  WallTime at = parts_.clock.wall();
  for (std::size_t i = 0; i < roster_.members.size(); ++i) {
    const Kept& collector = roster_.members[i].collector;
    if (!collector || collector.outline().host != host) continue;
    schedule::State state = planner_->state(i);
    if (state.running || !state.open || !state.open->on_ladder || state.open->try_at <= at) continue;
    state.open->sooner = at;
    planner_->update(i, state);
    at += between_tries;
  }
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
    broken.run.finished_at = broken.run.first_failed = parts_.clock.wall();
    broken.open = schedule::OpenSlot{.slot = parts_.clock.wall(),  // whichever it took
                                     .first_failed = parts_.clock.wall(),
                                     .try_at = parts_.clock.wall() + schedule::first_rung,
                                     .on_ladder = true};
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
