#include <fmt/format.h>

#include <algorithm>

#include "program/columns.hpp"
#include "pulse/health_words.hpp"
#include "pulse/status_text.hpp"
#include "pulse/terminal.hpp"

namespace pulse {
namespace {

using program::cut;
using program::display_width;
using program::fit;
using program::printable;

using schedule::Condition;

struct Column {
  enum Kind { health, name, last_run, rows, next, error } kind;
  std::string_view title;
  std::size_t width;
};

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest_name = 12, widest_name = 40, narrowest_error = 20;

std::size_t taken(const std::vector<Column>& columns) {
  std::size_t sum = 0;
  for (const Column& column : columns) sum += column.width + gap;
  return sum;  // the gap behind the last one as well: nothing stands there
}

// What there is room for: what tells the least goes first; what is left over shows errors.
std::vector<Column> layout(const web::Status& status, std::size_t width, const TextStyle& style) {
  std::size_t longest = narrowest_name;
  for (const web::Collector& collector : status.collectors)
    longest = std::max(longest, display_width(printable(collector.name, style.unicode)));
  longest = std::min(longest, widest_name);
  std::vector<Column> columns{{Column::health, "HEALTH", style.unicode ? 13u : 10u},
                              {Column::name, "NAME", narrowest_name},
                              {Column::last_run, "LAST RUN", 26},
                              {Column::rows, "ROWS", 11},
                              {Column::next, "NEXT START", 13}};
  for (const Column::Kind kind : {Column::rows, Column::next, Column::last_run, Column::health})
    if (taken(columns) > width + gap)
      std::erase_if(columns, [&](const Column& column) { return column.kind == kind; });
  const std::size_t used = std::min(taken(columns) - gap, width);
  const auto it = std::find_if(columns.begin(), columns.end(),
                               [](const Column& column) { return column.kind == Column::name; });
  it->width = std::min(longest, it->width + (width - used));
  const std::size_t all = taken(columns);
  if (width >= all + narrowest_error) columns.push_back({Column::error, "ERROR", width - all});
  return columns;
}

std::string content(const web::Collector& collector, Column::Kind kind, base::WallTime now,
                    const TextStyle& style) {
  const HealthWords& words = words_of(collector.condition);
  switch (kind) {
    case Column::health:
      return style.unicode ? fmt::format("{} {}", words.mark, words.word) : std::string(words.word);
    case Column::name: return collector.name;
    case Column::last_run:
      if (collector.running_since)
        return fmt::format("{} running {}", style.unicode ? "▶" : ">", rough(now - *collector.running_since));
      if (!collector.last_run) return "-";
      return fmt::format("{}, {}", collector.last_run->outcome, ago(collector.last_run->ended, now));
    case Column::rows:
      return collector.last_run
                 ? fmt::format("{:>11}", grouped(static_cast<std::int64_t>(collector.last_run->rows)))
                 : fmt::format("{:>11}", "-");
    case Column::next:
      if (!collector.next_start) return "-";
      return (collector.next_is == web::Collector::NextIs::slot ? "" : "try ") +
             until(*collector.next_start, now);
    case Column::error: return collector.error;
  }
  return {};
}

std::string row(const web::Collector& collector, const std::vector<Column>& columns, base::WallTime now,
                const TextStyle& style) {
  std::string line;
  for (const Column& column : columns) {
    if (&column != &columns.front()) line.append(gap, ' ');
    const std::string cell = fit(content(collector, column.kind, now, style), column.width, style.unicode);
    const bool in_colour = style.colour && column.kind == Column::health;
    line += in_colour ? fmt::format("{}{}{}", words_of(collector.condition).colour, cell, no_colour) : cell;
  }
  return line;
}

std::string titles(const std::vector<Column>& columns, const TextStyle& style) {
  std::string line;
  for (const Column& column : columns) {
    if (&column != &columns.front()) line.append(gap, ' ');
    line += column.kind == Column::rows ? fmt::format("{:>11}", "ROWS")
                                        : fit(column.title, column.width, style.unicode);
  }
  return line;
}

// "pulse 0.3.0 · 16 collectors: 2 failed, 14 healthy · 24 h: 96 runs, 2 failed, 1,404 rows"
std::string headline(const web::Status& status) {
  std::string counted;
  for (const auto& [condition, count] : counts_of(status)) {
    std::string word(words_of(condition).counted);
    word[0] = static_cast<char>(word[0] + ('a' - 'A'));
    counted += fmt::format("{}{} {}", counted.empty() ? ": " : ", ", count, word);
  }
  const auto number = [](std::uint64_t value) { return grouped(static_cast<std::int64_t>(value)); };
  return fmt::format("{} {} · {} collector{}{} · 24 h: {} runs, {} failed, {} rows", status.program,
                     status.version, status.collectors.size(), status.collectors.size() == 1 ? "" : "s",
                     counted, number(status.totals.runs), number(status.totals.failed_runs),
                     number(status.totals.rows));
}

}  // namespace

std::vector<std::string> watch_table(const web::Status& status, base::WallTime now, TerminalSize size,
                                     const TextStyle& style, std::string_view page) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view text) { lines.push_back(cut(text, size.columns, style.unicode)); };
  add(headline(status));
  if (!page.empty()) add(page);
  for (const std::string& warning : status.warnings)
    if (lines.size() < 4) add((style.unicode ? "⚠ " : "WARNING: ") + warning);
  const std::vector<Column> columns = layout(status, size.columns, style);
  // Only a name that is cut to the terminal is left when nothing else has room.
  const bool only_names = columns.size() == 1 && columns[0].width > size.columns;
  if (lines.size() + 2 <= size.rows && !only_names) lines.push_back(titles(columns, style));
  const auto list = worst_first(status);
  const std::size_t room = size.rows - std::min(size.rows, lines.size());
  const std::size_t shown = list.size() <= room ? list.size() : room == 0 ? 0 : room - 1;
  for (std::size_t i = 0; i < shown; ++i)
    if (only_names)
      add(list[i]->name);
    else
      lines.push_back(row(*list[i], columns, now, style));
  if (shown < list.size() && room > 0) add(fmt::format("… and {} more", list.size() - shown));
  lines.resize(std::min(lines.size(), size.rows));
  return lines;
}

}  // namespace pulse
