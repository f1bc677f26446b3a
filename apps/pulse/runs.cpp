#include <fmt/format.h>

#include "base/text.hpp"
#include "collect/ledger.hpp"
#include "program/output.hpp"
#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/json.hpp"

namespace pulse {
namespace {

using program::complain;
using program::print;
using program::print_text;

// "schedule", or "retry 3" for the third new try of a slot.
std::string by(const collect::RunRecord& run) {
  const std::string_view who = to_string(run.started_by);
  return run.started_by == collect::StartedBy::retry ? fmt::format("{} {}", who, run.attempt - 1)
                                                     : std::string(who);
}

void print_table(const std::vector<collect::RunRecord>& runs) {
  std::size_t width = 9;
  for (const collect::RunRecord& run : runs) width = std::max(width, run.collector.size());
  print("{:<22} {:<20} {:<{}} {:<10} {:<12} {:>10} {:>9} {:>9} {:>9} {:>11}\n", "RUN", "STARTED (UTC)",
        "COLLECTOR", width, "BY", "OUTCOME", "DURATION", "INSERTED", "UPDATED", "UNCHANGED", "QUARANTINED");
  for (const collect::RunRecord& run : runs) {
    const std::string duration =
        run.finished_at ? base::format_duration(*run.finished_at - run.started_at) : "–";
    print("{:<22} {:<20} {:<{}} {:<10} {:<12} {:>10} {:>9} {:>9} {:>9} {:>11}\n", run.id,
          base::to_iso8601(run.started_at).substr(0, 19), run.collector, width, by(run),
          to_string(run.outcome), duration, grouped(run.counts.inserted), grouped(run.counts.updated),
          grouped(run.counts.unchanged), grouped(run.counts.quarantined));
    if (!run.error.empty())
      print("    {}{}{}\n", run.failure_type ? to_string(*run.failure_type) : "",
            run.failure_type ? ": " : "", base::escape_control(run.error));
  }
}

}  // namespace

int runs(App& app, const RunsOptions& options) {
  collect::RunFilter filter{.collector = options.name, .started_since = {}, .limit = options.limit};
  if (!options.since.empty()) {
    const auto duration = base::parse_duration(options.since);
    if (!duration) {
      complain("--since {}: is not a duration; write 30s, 15m, 1h, 2d or 1w\n", options.since);
      return usage;
    }
    filter.started_since = app.clock.wall() - *duration;
  }
  const auto list = [&]() -> base::Result<std::vector<collect::RunRecord>> {
    const auto database = TRY(app.open_store_to_read());
    const auto session = TRY(database->session(app.signals.token()));
    TRY(collect::Ledger(*session, app.clock).check_present(*database, app.signals.token()));
    return collect::Ledger(*session, app.clock).list(filter, app.signals.token());
  }();
  if (!list) {
    complain("{}\n", app.redactor.redact(list.error().message));
    return unavailable;
  }
  if (options.json)
    print_text(to_json(*list));
  else if (list->empty())
    print("no runs{}{}{} yet\n", options.name.empty() ? "" : " of ", options.name,
          options.since.empty() ? "" : " in this time");
  else
    print_table(*list);
  return ok;
}

}  // namespace pulse
