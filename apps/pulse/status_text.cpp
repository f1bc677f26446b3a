#include "pulse/status_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "program/columns.hpp"
#include "pulse/health_words.hpp"
#include "pulse/terminal.hpp"

namespace pulse {
namespace {

using program::cut;
using program::printable;

using schedule::Condition;

constexpr std::size_t maximum_name = 120, maximum_error = 300, maximum_warning = 500;  // columns

// "03:12" today, "2025-11-20 03:12" on another day.
std::string shown_time(base::WallTime time, base::WallTime now, const telemetry::Zone& zone) {
  const std::string text = zone.text(time);
  return zone.day(time) == zone.day(now) ? text.substr(11, 5) : text.substr(0, 16);
}

bool is_success(const web::LastRun& run) { return run.outcome == "success" || run.outcome == "not_modified"; }

std::string_view next_words(web::Collector::NextIs next_is) {
  switch (next_is) {
    case web::Collector::NextIs::slot: return "next start";
    case web::Collector::NextIs::retry: return "new try";
    case web::Collector::NextIs::rate_limit: return "new try, as the API asks,";
  }
  return "next start";
}

// "failing since 03:12 (2 h); last run failed 05:08 (4 min ago); next start 05:16 (in 4 min)"
std::string details(const web::Collector& collector, base::WallTime now, const telemetry::Zone& zone) {
  std::vector<std::string> parts;
  if (collector.since)
    parts.push_back(fmt::format("{} {} ({})", words_of(collector.condition).since,
                                shown_time(*collector.since, now, zone), rough(now - *collector.since)));
  if (collector.running_since)
    parts.push_back(fmt::format("running since {} ({})", shown_time(*collector.running_since, now, zone),
                                rough(now - *collector.running_since)));
  if (const auto& run = collector.last_run) {
    const std::string what = is_success(*run) ? "last success" : "last run " + run->outcome;
    const std::string rows =
        is_success(*run) ? fmt::format(", {} rows", grouped(static_cast<std::int64_t>(run->rows))) : "";
    parts.push_back(
        fmt::format("{} {} ({}){}", what, shown_time(run->ended, now, zone), ago(run->ended, now), rows));
  }
  if (const auto& success = collector.last_success;
      success && !(collector.last_run && is_success(*collector.last_run)))
    parts.push_back(fmt::format("last success {} ({})", shown_time(*success, now, zone), ago(*success, now)));
  if (collector.next_start)
    parts.push_back(fmt::format("{} {} ({})", next_words(collector.next_is),
                                shown_time(*collector.next_start, now, zone),
                                until(*collector.next_start, now)));
  return base::join(parts, "; ");
}

std::string coloured(std::string_view text, Condition condition, const TextStyle& style) {
  if (!style.colour) return std::string(text);
  return fmt::format("{}{}{}", words_of(condition).colour, text, no_colour);
}

std::string entry(const web::Collector& collector, base::WallTime now, const TextStyle& style,
                  const telemetry::Zone& zone) {
  const HealthWords& words = words_of(collector.condition);
  const std::string mark = style.unicode ? std::string(words.mark) : fmt::format("[{}]", words.word);
  std::string text =
      fmt::format("{} {} {} {}\n", mark, cut(collector.name, maximum_name, style.unicode),
                  style.unicode ? "—" : "-", coloured(words.headline, collector.condition, style));
  if (!collector.error.empty())
    text += fmt::format("   Error: {}\n", cut(collector.error, maximum_error, style.unicode));
  if (verdict(collector.condition) == Verdict::well && !style.details) return text;
  if (const std::string line = details(collector, now, zone); !line.empty())
    text += "   " + printable(line, style.unicode) + '\n';
  return text;
}

std::string summary(const web::Status& status, const TextStyle& style) {
  const auto counts = counts_of(status);
  const auto healthy = counts.find(Condition::healthy);
  std::string text = style.unicode ? "📊 SUMMARY\n" : "SUMMARY\n";
  text += fmt::format("Total collectors: {}\nHealthy: {}\n", status.collectors.size(),
                      healthy == counts.end() ? 0 : healthy->second);
  for (const auto& [condition, count] : counts)
    if (condition != Condition::healthy)
      text += coloured(fmt::format("{}: {}", words_of(condition).counted, count), condition, style) + '\n';
  return text;
}

}  // namespace

Verdict verdict(Condition condition) {
  switch (condition) {
    case Condition::healthy:
    case Condition::paused: return Verdict::well;
    case Condition::adopting: return Verdict::warning;
    default: return Verdict::unhealthy;
  }
}

Verdict verdict(const web::Status& status) {
  Verdict worst = status.warnings.empty() ? Verdict::well : Verdict::warning;
  for (const web::Collector& collector : status.collectors)
    worst = std::max(worst, verdict(collector.condition));
  return worst;
}

std::string status_text(const web::Status& status, base::WallTime now, const TextStyle& style,
                        const telemetry::Zone& zone) {
  std::string text;
  for (const web::Collector* collector : worst_first(status)) text += entry(*collector, now, style, zone);
  if (!text.empty()) text += '\n';
  for (const std::string& warning : status.warnings)
    text += fmt::format("{} {}\n", style.unicode ? "⚠" : "[WARNING]",
                        cut(warning, maximum_warning, style.unicode));
  return text + summary(status, style);
}

std::vector<std::string> changes_of_health(const web::Status* before, const web::Status& status,
                                           base::WallTime now, const TextStyle& style,
                                           const telemetry::Zone& zone) {
  std::map<std::string_view, Condition> known;
  if (before != nullptr)
    for (const web::Collector& collector : before->collectors) known[collector.name] = collector.condition;
  std::vector<std::string> lines;
  const auto add = [&](std::string_view name, std::string_view what) {
    lines.push_back(fmt::format("[{}] {}: {}", zone.text(now), cut(name, maximum_name, style.unicode),
                                printable(what, style.unicode)));
  };
  for (const web::Collector* collector : worst_first(status)) {
    const auto old = known.find(collector->name);
    const std::string_view is = schedule::to_string(collector->condition);
    const std::string why =
        collector->error.empty() ? "" : ": " + cut(collector->error, maximum_error, style.unicode);
    if (old == known.end()) {
      if (before != nullptr || verdict(collector->condition) != Verdict::well)
        add(collector->name, fmt::format("{}{}", is, why));
      continue;
    }
    if (old->second != collector->condition)
      add(collector->name, fmt::format("{} → {}{}", schedule::to_string(old->second), is, why));
    known.erase(old);
  }
  if (before == nullptr) return lines;
  for (const web::Collector& collector : before->collectors)
    if (known.contains(collector.name)) add(collector.name, "gone");
  return lines;
}

}  // namespace pulse
