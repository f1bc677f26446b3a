#include "pulse/explain_schedule.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "collect/entry.hpp"
#include "pulse/local_time.hpp"

namespace pulse {
namespace {

using config::Schedule;

std::string rule_of(const Schedule& it, const schedule::Entry& entry) {
  std::string text = it.cron ? fmt::format("cron \"{}\", on the clocks of {}", it.cron->text(), it.timezone)
                             : fmt::format("every {}", base::format_duration(*it.every));
  if (it.splay > base::Duration{})
    text += fmt::format(", each start {} later (its part of a splay of {})",
                        base::format_duration(entry.offset()), base::format_duration(it.splay));
  return text;
}

std::string next_start(const schedule::Entry& entry, base::WallTime now) {
  const auto offset = std::chrono::floor<std::chrono::microseconds>(entry.offset());
  const auto slot = entry.timetable->next(now - offset);
  if (!slot) return "never again (the time zones of this machine are known until 2037)";
  return fmt::format("{}, in {}; at once under `pulse run` if it never ran",
                     local_text(*slot + offset, entry.timetable->zone()),
                     base::format_duration(*slot + offset - now));
}

std::string missed(const Schedule& it) {
  std::string text = it.recover_missed == Schedule::RecoverMissed::none  ? "are not made up for"
                     : it.recover_missed == Schedule::RecoverMissed::all ? "are all made up for, one by one"
                                                                         : "the last one is made up for";
  if (it.late_maximum_delay && it.recover_missed != Schedule::RecoverMissed::none)
    text += fmt::format(", if it is not more than {} late", base::format_duration(*it.late_maximum_delay));
  return text;
}

std::string_view overlap(Schedule::Overlap it) {
  switch (it) {
    case Schedule::Overlap::skip: return "a start while the run before goes on is left out";
    case Schedule::Overlap::queue: return "a start while the run before goes on comes after it";
    case Schedule::Overlap::cancel: return "a start while the run before goes on cancels that";
  }
  return "";
}

std::string after(const config::Collector& collector) {
  std::string text = "waits for " + base::join(collector.after, ", ");
  text += collector.on_upstream_failure == config::OnUpstreamFailure::run
              ? ", and runs even if one of them failed"
              : ", and is left out if one of them failed";
  if (collector.deadline) {
    const std::int64_t minutes = collector.deadline->since_midnight.count();
    text += fmt::format("; from {:02}:{:02} on it waits no longer", minutes / 60, minutes % 60);
  }
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> explain_schedule(const config::Collector& collector,
                                                                  base::WallTime now) {
  std::vector<std::pair<std::string, std::string>> lines;
  const auto entry = collect::entry_of(collector);
  if (!collector.schedule) {
    lines.emplace_back("schedule", "none: it runs when somebody runs it");
  } else if (!entry) {
    lines.emplace_back("schedule", entry.error().message);
  } else {
    const Schedule& it = *collector.schedule;
    lines.emplace_back("schedule", rule_of(it, *entry));
    lines.emplace_back("next start", collector.enabled ? next_start(*entry, now)
                                                       : "none: enabled is false, by hand it runs");
    lines.emplace_back("missed", missed(it));
    lines.emplace_back("overlap", overlap(it.overlap));
    if (!collector.after.empty()) lines.emplace_back("after", after(collector));
  }
  if (!collector.concurrency_group.empty())
    lines.emplace_back(
        "group", fmt::format("{}: of all collectors in it one runs at a time", collector.concurrency_group));
  if (collector.priority != 0)
    lines.emplace_back("priority",
                       fmt::format("{}; when workers are few, the greatest goes first", collector.priority));
  return lines;
}

}  // namespace pulse
