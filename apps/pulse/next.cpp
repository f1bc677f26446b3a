// When a collector, or a cron expression, comes next.
#include <fmt/format.h>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "collect/entry.hpp"
#include "program/output.hpp"
#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/json.hpp"
#include "pulse/local_time.hpp"
#include "pulse/selection.hpp"

namespace pulse {
namespace {

using program::complain;
using program::complain_text;
using program::print;
using program::print_text;

using base::Code;
using base::Result;

// Names of collectors hold no blank and begin with no @.
bool is_expression(const std::string& what) {
  return what.find(' ') != std::string::npos || what.starts_with('@') || what.starts_with('*');
}

Result<schedule::Entry> entry_of_expression(const std::string& text, const std::string& timezone) {
  const auto cron = schedule::Cron::parse(text);
  if (!cron)
    return base::error(Code::invalid_config, "column {}: {}", cron.error().column + 1, cron.error().message);
  schedule::Entry entry{.name = text, .after = {}};
  entry.timetable =
      schedule::Timetable(*cron, TRY(schedule::Zone::find(timezone.empty() ? "UTC" : timezone)));
  return entry;
}

// Nothing: the faults are on stderr.
std::optional<config::Collector> find_collector(const App& app, const std::string& name) {
  Selection selection = select(app, {name}, {});
  if (!selection.faults.empty() || selection.entries.size() != 1 || !selection.entries[0].collector) {
    complain_text(app.redactor.redact(selection.faults.text()));
    return std::nullopt;
  }
  return std::move(*selection.entries[0].collector);
}

void print_fires(const schedule::Entry& entry, const std::vector<base::WallTime>& slots, base::WallTime now) {
  for (const base::WallTime slot : slots) {
    const base::WallTime start = slot + std::chrono::floor<std::chrono::microseconds>(entry.offset());
    const std::string distance = start > now ? "in " + base::format_duration(start - now)
                                             : base::format_duration(now - start) + " ago";
    print("{}  {}", local_text(slot, entry.timetable->zone()), distance);
    if (start != slot) print("  (starts {} later, its splay)", base::format_duration(start - slot));
    print("\n");
  }
}

}  // namespace

int next(App& app, const NextOptions& options) {
  std::optional<config::Collector> collector;
  if (!is_expression(options.what)) {
    collector = find_collector(app, options.what);
    if (!collector) return configuration;
    if (!collector->schedule) {
      complain("{}: has no schedule, so it only runs when somebody runs it\n", options.what);
      return configuration;
    }
    if (!options.timezone.empty()) collector->schedule->timezone = options.timezone;
  }
  const auto entry =
      collector ? collect::entry_of(*collector) : entry_of_expression(options.what, options.timezone);
  if (!entry) {
    complain("{}: {}\n", options.what, entry.error().message);
    return usage;
  }
  base::WallTime from = app.clock.wall();
  if (!options.from.empty()) {
    const auto parsed = base::parse_timestamp(options.from);
    if (!parsed) {
      complain("--from {}: {}; write 2026-11-22T08:00:00Z\n", options.from, parsed.error());
      return usage;
    }
    from = *parsed;
  }
  std::vector<base::WallTime> slots;
  for (base::WallTime at = from; slots.size() < static_cast<std::size_t>(options.count);) {
    const auto slot = entry->timetable->next(at);
    if (!slot) break;
    slots.push_back(at = *slot);
  }
  if (options.json) {
    std::vector<Fire> fires;
    for (const base::WallTime slot : slots)
      fires.push_back({slot, slot + std::chrono::floor<std::chrono::microseconds>(entry->offset()),
                       local_text(slot, entry->timetable->zone())});
    print_text(to_json(fires));
  } else if (slots.empty()) {
    print("never again (the time zones of this machine are known until 2037)\n");
  } else {
    print_fires(*entry, slots, app.clock.wall());
  }
  return ok;
}

}  // namespace pulse
