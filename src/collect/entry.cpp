#include "collect/entry.hpp"

#include "collect/ledger.hpp"

namespace collect {
namespace {

schedule::RecoverMissed to_pure(config::Schedule::RecoverMissed it) {
  switch (it) {
    case config::Schedule::RecoverMissed::last: return schedule::RecoverMissed::last;
    case config::Schedule::RecoverMissed::all: return schedule::RecoverMissed::all;
    case config::Schedule::RecoverMissed::none: return schedule::RecoverMissed::none;
  }
  return schedule::RecoverMissed::last;
}

schedule::Overlap to_pure(config::Schedule::Overlap it) {
  switch (it) {
    case config::Schedule::Overlap::skip: return schedule::Overlap::skip;
    case config::Schedule::Overlap::queue: return schedule::Overlap::queue;
    case config::Schedule::Overlap::cancel: return schedule::Overlap::cancel;
  }
  return schedule::Overlap::skip;
}

}  // namespace

base::Result<schedule::Entry> entry_of(const config::Collector& collector) {
  schedule::Entry entry{.name = collector.name, .enabled = collector.enabled, .after = collector.after};
  entry.priority = static_cast<int>(collector.priority);
  entry.group = collector.concurrency_group;
  if (collector.on_upstream_failure == config::OnUpstreamFailure::run)
    entry.on_upstream_failure = schedule::OnUpstreamFailure::run;
  if (collector.deadline) entry.deadline = collector.deadline->since_midnight;
  if (!collector.schedule) return entry;
  const config::Schedule& it = *collector.schedule;
  const schedule::Zone zone = TRY(schedule::Zone::find(it.timezone));
  entry.timetable = it.cron ? schedule::Timetable(*it.cron, zone) : schedule::Timetable(*it.every, zone);
  entry.splay = it.splay;
  entry.recover_missed = to_pure(it.recover_missed);
  entry.late_maximum_delay = it.late_maximum_delay;
  entry.overlap = to_pure(it.overlap);
  return entry;
}

base::WallTime resumable_since(const config::Collector& collector, base::WallTime now) {
  using namespace std::chrono_literals;
  const auto entry = entry_of(collector);
  if (!entry || !entry->timetable) return now - 10min;
  const auto offset = std::chrono::ceil<std::chrono::microseconds>(entry->offset());
  const auto slot = entry->timetable->latest(now - offset - resumable_for, now - offset);
  return slot ? *slot + offset : now - resumable_for;
}

}  // namespace collect
