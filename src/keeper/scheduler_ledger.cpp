// What the scheduler writes to the ledger and reads back, however long that takes to answer.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "keeper/scheduler.hpp"

namespace keeper {
namespace {

using base::Code;
using base::Result;
using base::WallTime;
using namespace std::chrono_literals;

constexpr base::Duration patience_with_store = 10s;  // in a turn: nothing else happens meanwhile
constexpr base::Duration ask_store_every = 2s;
constexpr std::size_t missed_at_once = 100;
constexpr std::size_t read_at_once = 50;  // collectors, of a database that may be far away
constexpr base::Duration patience_at_the_end = 700ms;
constexpr base::Duration overlap_of_looks = 5min;  // clocks of machines that share a database differ

// The store is there, and does not take what is asked of it.
bool is_refusal(const base::Error& error) {
  return error.code == Code::invalid_data || error.code == Code::permission || error.code == Code::internal ||
         error.code == Code::invalid_config;
}

}  // namespace

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
// others: it is tried without the text of its error, then given up.
Result<void> Scheduler::finish_ends(store::Session& session, const std::stop_token& stop) {
  collect::Ledger ledger(session, parts_.clock);
  while (!unfinished_.empty()) {
    collect::RunReport& report = unfinished_.back();
    auto done = ledger.finish(report.run, report.open, stop);
    if (!done && is_refusal(done.error())) {
      report.run.error = "the store refused the text of this error; the log has it";
      const auto again = ledger.finish(report.run, report.open, stop);
      if (!again && !is_refusal(again.error())) return again.error();
      parts_.log.collector(report.run.collector)
          .critical(again ? "the end of the run is recorded without the text of its error"
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
        .set(base::epoch_seconds(*past.last_success));
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

}  // namespace keeper
