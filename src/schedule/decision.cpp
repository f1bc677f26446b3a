#include "schedule/decision.hpp"

#include <algorithm>

namespace schedule {
namespace {

using std::chrono::microseconds;

constexpr microseconds instant{1};
constexpr WallTime before_all{-instant};

microseconds micros(base::Duration duration) { return std::chrono::floor<microseconds>(duration); }

std::optional<WallTime> earlier(std::optional<WallTime> a, std::optional<WallTime> b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

// What the clock says about an entry that is on and has a timetable.
struct View {
  View(const Entry& the_entry, const State& the_state, WallTime time)
      : entry(the_entry),
        state(the_state),
        table(*the_entry.timetable),
        offset(micros(the_entry.offset())),
        now(time),
        until(time - offset) {
    if (never_ran())
      first = table.latest(before_all, now).value_or(WallTime{});  // the same on all machines
    else
      first = table.next(*state.last_slot);
  }

  bool never_ran() const { return !state.last_slot; }
  bool is_due() const { return first && (never_ran() || *first <= until); }
  WallTime newest() const {
    return never_ran() ? *first : table.latest(*state.last_slot, until).value_or(*first);
  }
  std::optional<WallTime> next_start() const { return first ? std::optional(*first + offset) : std::nullopt; }
  bool too_late(WallTime slot) const {
    return !never_ran() && entry.late_maximum_delay && until - slot > micros(*entry.late_maximum_delay);
  }
  bool on_time(WallTime slot) const {
    return never_ran() || std::min(now, state.seen_due.value_or(now)) - offset - slot <= misfire_threshold;
  }
  // The slot to start; nothing: all that are due are out, for the reason that why_none() gives.
  std::optional<WallTime> choose() const {
    if (entry.recover_missed == RecoverMissed::all) {
      if (!too_late(*first)) return first;
      const auto slot = table.next(until - micros(*entry.late_maximum_delay) - instant);
      return slot && *slot <= until ? slot : std::nullopt;
    }
    const WallTime slot = newest();
    if (too_late(slot) || (entry.recover_missed == RecoverMissed::none && !on_time(slot)))
      return std::nullopt;
    return slot;
  }
  MissedReason why_missed(bool all) const {
    if (entry.recover_missed == RecoverMissed::all || (all && too_late(newest())))
      return MissedReason::too_late;
    return entry.recover_missed == RecoverMissed::last ? MissedReason::superseded : MissedReason::not_wanted;
  }

  const Entry& entry;
  const State& state;
  const Timetable& table;
  const microseconds offset;
  const WallTime now;
  const WallTime until;           // a slot up to here is due
  std::optional<WallTime> first;  // the oldest that was neither claimed nor missed
};

// No new slot is due: the open one, or nothing.
Decision go_on(const View& view) {
  Decision decision;
  const State& state = view.state;
  const auto next_start = view.is_due() ? std::nullopt : view.next_start();
  if (state.running || !state.open) {
    decision.look_again = next_start;
    return decision;
  }
  WallTime at = state.open->try_at;
  // So far ahead lies what another side asked for, but no rung and no interruption: the clock was set back.
  const bool asked_for = !state.open->on_ladder && state.not_before && *state.not_before >= at;
  if (!asked_for && at > view.now + longest_rung) at = view.now;
  if (state.open->sooner) at = std::min(at, *state.open->sooner);
  if (state.not_before) at = std::max(at, *state.not_before);
  if (at <= view.now)
    decision.start = Decision::Start{state.open->slot, true, state.open->try_at};
  else
    decision.look_again = earlier(at, next_start);
  return decision;
}

Decision beside_a_run(const View& view) {
  Decision decision;
  // A backlog that `all` works off is no overlap.
  const bool backlog = *view.first + view.offset <= view.state.running->began;
  decision.waiting = view.never_ran() || backlog || view.entry.overlap != Overlap::skip;
  if (!decision.waiting)
    decision.missed = Decision::Missed{*view.first, view.newest(), MissedReason::overlap};
  else if (!view.never_ran() && !backlog && view.entry.overlap == Overlap::cancel)
    decision.cancel = !view.state.cancelling;
  return decision;
}

// Nothing: the slot may start, as far as other collectors are concerned.
std::optional<Decision> behind_others(const View& view, const Upstream& upstream) {
  const Entry& entry = view.entry;
  if (entry.after.empty()) return std::nullopt;
  const bool in_the_way = upstream.failed && entry.on_upstream_failure == OnUpstreamFailure::skip;
  if (upstream.settled && !in_the_way) return std::nullopt;
  std::optional<WallTime> deadline;
  if (entry.deadline) deadline = view.table.next_time_of_day(*view.first, *entry.deadline);
  if (deadline && *deadline <= view.now) return std::nullopt;
  Decision decision;
  if (!upstream.settled || deadline) {
    decision.waiting = true;
    decision.look_again = deadline;
  } else {
    decision.missed = Decision::Missed{*view.first, view.newest(), MissedReason::upstream};
  }
  return decision;
}

}  // namespace

Decision decide(const Entry& entry, const State& state, const Upstream& upstream, WallTime now) {
  if (!entry.enabled || !entry.timetable) return {};
  const View view(entry, state, now);
  if (!view.is_due()) return go_on(view);
  if (state.running) return beside_a_run(view);
  const bool interrupted = state.open && !state.open->on_ladder;
  if (interrupted && entry.recover_missed == RecoverMissed::all) return go_on(view);

  Decision decision;
  if (state.not_before && *state.not_before > now) {
    decision.waiting = true;
    decision.look_again = state.not_before;
    return decision;
  }
  if (const auto held = behind_others(view, upstream)) return *held;

  const auto slot = view.choose();
  if (!slot) {
    decision.missed = Decision::Missed{*view.first, view.newest(), view.why_missed(true)};
    return decision;
  }
  decision.start = Decision::Start{*slot, false};
  if (const auto before = view.table.latest(*view.first - instant, *slot - instant))
    decision.missed = Decision::Missed{*view.first, *before, view.why_missed(false)};
  if (state.open) decision.gave_up = state.open->slot;
  return decision;
}

std::optional<WallTime> pending_slot(const Entry& entry, const State& state, WallTime now) {
  if (!entry.enabled || !entry.timetable) return std::nullopt;
  const View view(entry, state, now);
  return view.is_due() ? view.choose() : std::nullopt;
}

bool is_settled(const Entry& entry, const State& state, WallTime slot) {
  if (state.running || state.open) return false;
  if (!entry.enabled || !entry.timetable) return true;
  if (!state.last_slot) return false;
  const auto next = entry.timetable->next(*state.last_slot);
  return !next || *next > slot;
}

void apply(const Decision& decision, State& state, WallTime now) {
  const auto handled = [&](WallTime slot) {
    state.last_slot = state.last_slot ? std::max(*state.last_slot, slot) : slot;
  };
  if (decision.missed) handled(decision.missed->last);
  if (decision.start) {
    if (!decision.start->again) {
      handled(decision.start->slot);
      state.open.reset();
    }
    state.running = State::Running{decision.start->slot, now};
    state.cancelling = false;
  }
  if (decision.cancel) state.cancelling = true;
  if (!decision.waiting)
    state.seen_due.reset();
  else if (!state.seen_due)
    state.seen_due = now;
}

State after_run(const Entry& entry, State state, const RunEnd& end, base::Rng& rng,
                base::Duration max_retry_after) {
  const WallTime slot = state.running ? state.running->slot : end.began;
  const bool for_the_next = end.outcome == Outcome::cancelled && state.cancelling;
  OpenSlot open{slot, end.first_failed.value_or(end.ended), end.ended, false};
  if (state.open && state.open->slot == slot) open.first_failed = state.open->first_failed;
  state.running.reset();
  state.cancelling = false;
  state.open.reset();
  if (!state.last_slot) state.last_slot = end.began;  // by hand, before any slot
  if (end.outcome != Outcome::cancelled) state.failed = !is_good(end.outcome);
  if (for_the_next || !entry.enabled || !entry.timetable) return state;

  switch (recovery_of(end.outcome, end.failure_type)) {
    case Recovery::none: return state;
    case Recovery::at_once: break;
    case Recovery::exact_instant:
      if (end.retry_at && *end.retry_at - end.ended > max_retry_after) return state;
      [[fallthrough]];
    case Recovery::ladder: {
      auto next_start = entry.timetable->next(*state.last_slot);
      if (next_start) *next_start += micros(entry.offset());
      const auto rung = next_try({open.first_failed, end.began, end.ended}, next_start, rng);
      // An instant that is nearer than the next rung would be asked for again and again (`Retry-After: 0`).
      const bool is_named =
          end.retry_at && recovery_of(end.outcome, end.failure_type) == Recovery::exact_instant;
      if (is_named) state.not_before = end.retry_at;
      if (is_named && *end.retry_at >= rung.value_or(end.ended + first_rung)) {
        open.try_at = *end.retry_at;
        break;
      }
      if (!rung) return state;
      open.try_at = *rung;
      open.on_ladder = true;
    }
  }
  state.open = open;
  return state;
}

}  // namespace schedule
