// The log of one collector, as it is and as it grows.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "program/output.hpp"
#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/log_reader.hpp"
#include "pulse/selection.hpp"

namespace pulse {
namespace {

using program::complain;
using program::complain_text;
using program::print;

using namespace std::chrono_literals;

constexpr std::int64_t usual_lines = 50;
constexpr base::Duration poll_interval = 200ms;

// A complaint, or "". Who has a log is known, also if the collector is gone since.
std::string unknown_name(const App& app, const std::string& name, const std::filesystem::path& folder) {
  std::vector<std::string> names = names_of_logs(folder);
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  for (const config::CatalogueEntry& entry : select(app, {}, {}).entries) names.push_back(entry.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return no_such_collector(name, {names.begin(), names.end()});
}

bool print_line(App& app, std::string_view line, bool on_terminal) {
  const std::string redacted = app.redactor.redact(line);
  print("{}\n", on_terminal ? base::escape_control(redacted) : redacted);
  return std::ferror(stdout) == 0;
}

}  // namespace

int logs(App& app, const LogsOptions& options) {
  LogQuery query{.folder = app.settings.path_of(app.settings.logs.directory), .collector = options.name};
  query.follow = options.follow;
  if (!options.since.empty()) {
    const auto duration = base::parse_duration(options.since);
    if (!duration) {
      complain("--since {}: is not a duration; write 30s, 15m, 1h, 2d or 1w\n", options.since);
      return usage;
    }
    query.since = app.clock.wall() - *duration;
  }
  if (options.lines || options.since.empty()) query.lines = options.lines.value_or(usual_lines);
  if (const std::string unknown = unknown_name(app, options.name, query.folder); !unknown.empty()) {
    complain_text(unknown);
    return usage;
  }
  const telemetry::Zone zone(app.settings.logs.timezone);
  const bool on_terminal = isatty(STDOUT_FILENO) == 1;
  LogReader reader(
      query, zone, [&](std::string_view line) { return print_line(app, line, on_terminal); },
      [](std::string_view what) { complain("left out: {}\n", base::escape_control(what)); });
  const auto failed = [](const base::Error& error) {
    complain("{}\n", base::escape_control(error.message));
    return int{unavailable};
  };
  const auto is_there = reader.print_existing();
  if (!is_there) return failed(is_there.error());
  if (!*is_there)
    complain("{} has no log yet in {}{}\n", options.name, query.folder.string(),
             options.follow ? "; waiting for its first line" : "");
  while (options.follow && app.clock.sleep_for(poll_interval, app.signals.token())) {
    const auto is_read = reader.print_new();
    if (!is_read) return failed(is_read.error());
    if (!*is_read) break;
  }
  return ok;
}

}  // namespace pulse
