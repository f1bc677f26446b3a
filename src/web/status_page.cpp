#include "web/status_page.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "web/page_frame.hpp"

namespace web {
namespace {

using schedule::Condition;

const Mood& mood(Condition condition) {
  switch (condition) {
    case Condition::invalid:
    case Condition::stuck:
    case Condition::failing:
    case Condition::stale: return bad;
    case Condition::late:
    case Condition::recovering:
    case Condition::suspect:
    case Condition::unverified: return odd;
    case Condition::never_ran:
    case Condition::adopting: return waiting;
    case Condition::paused: return off;
    case Condition::healthy: break;
  }
  return good;
}

constexpr std::size_t condition_count = static_cast<std::size_t>(Condition::healthy) + 1;
using Counts = std::array<std::size_t, condition_count>;

Counts count(const std::vector<Collector>& collectors) {
  Counts counts{};
  for (const Collector& collector : collectors) ++counts[static_cast<std::size_t>(collector.condition)];
  return counts;
}

std::size_t count_of(const Counts& counts, const Mood& wanted) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (&mood(static_cast<Condition>(i)) == &wanted) sum += counts[i];
  return sum;
}

std::string words(Condition condition) {
  std::string text(schedule::to_string(condition));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string plural(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string cell(std::string_view label, std::string_view content) {
  return fmt::format("<td role=\"cell\" data-label=\"{}\"><div>{}</div></td>", label, content);
}

std::string last_run(const Collector& collector, base::WallTime now) {
  std::string content = "<span class=\"dim\">none yet</span>";
  if (const auto& run = collector.last_run)
    content = fmt::format("{}, {}, {}", outside(run->outcome, 40), plural(run->rows, "row"),
                          time_tag(run->ended, rough(now - run->ended) + " ago"));
  if (const auto& success = collector.last_success;
      success && (!collector.last_run || *success < collector.last_run->ended))
    content += fmt::format(" <span class=\"dim\">last success {}</span>",
                           time_tag(*success, rough(now - *success) + " ago"));
  if (const auto& since = collector.running_since)
    content = fmt::format("<p class=\"running\"><span aria-hidden=\"true\">▶</span> {}</p>",
                          time_tag(*since, "running for " + rough(now - *since))) +
              content;
  if (!collector.error.empty())
    content += fmt::format("<p class=\"error\">{}</p>", outside(collector.error, maximum_text));
  return content;
}

std::string next_start(const Collector& collector, base::WallTime now) {
  if (!collector.next_start) return "<span class=\"dim\">not planned</span>";
  const bool is_try = collector.next_is != Collector::NextIs::slot;
  const std::string when = *collector.next_start <= now ? "now" : "in " + rough(*collector.next_start - now);
  return time_tag(*collector.next_start, (is_try ? "new try " : "") + when);
}

std::string row(const Collector& collector, base::WallTime now) {
  const Mood& it = mood(collector.condition);
  std::string condition =
      fmt::format("<span class=\"badge {}\"><span aria-hidden=\"true\">{}</span> {}</span>", it.css, it.sign,
                  words(collector.condition));
  if (collector.since)
    condition += fmt::format(" <span class=\"dim\">{}</span>",
                             time_tag(*collector.since, "for " + rough(now - *collector.since)));
  return fmt::format("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">{}</th>{}{}{}</tr>\n",
                     outside(collector.name, maximum_name), cell("Condition", condition),
                     cell("Last run", last_run(collector, now)),
                     cell("Next start", next_start(collector, now)));
}

struct Headline {
  std::string text;
  const Mood& mood;
};

Headline headline(const Counts& counts, std::size_t total) {
  if (total == 0) return {"No collectors yet", waiting};
  const auto some = [&](std::size_t number, std::string_view one, std::string_view many) {
    return fmt::format("{} of {} {}", grouped(number), plural(total, "collector"), number == 1 ? one : many);
  };
  if (const std::size_t number = count_of(counts, bad); number > 0)
    return {some(number, "needs attention", "need attention"), bad};
  if (const std::size_t number = count_of(counts, odd); number > 0)
    return {some(number, "is not quite well", "are not quite well"), odd};
  if (count_of(counts, good) == total)
    return {total == 1 ? "The collector is healthy"
                       : fmt::format("All {} collectors are healthy", grouped(total)),
            good};
  return {"No collector needs attention", good};
}

std::string summary(const Counts& counts, const Totals& totals) {
  std::string list = "<ul class=\"counts\" aria-label=\"Collectors by condition\">\n";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const auto condition = static_cast<Condition>(i);
    list += fmt::format("<li class=\"badge {}\">{} {}</li>\n", mood(condition).css, grouped(counts[i]),
                        words(condition));
  }
  return list + fmt::format("</ul>\n<p class=\"dim\">Last 24 hours: {}, {} failed, {}.</p>\n",
                            plural(totals.runs, "run"), grouped(totals.failed_runs),
                            plural(totals.rows, "row"));
}

std::string table(const std::vector<Collector>& collectors, base::WallTime now) {
  std::vector<const Collector*> order;
  for (const Collector& collector : collectors) order.push_back(&collector);
  const std::size_t shown = std::min(order.size(), maximum_rows);
  std::stable_sort(order.begin(), order.end(),
                   [](const Collector* a, const Collector* b) { return a->condition < b->condition; });

  // The roles repeat what the elements mean: on narrow screens they are laid out as cards, and browsers then
  // no longer tell that this is a table.
  std::string html =
      "<table role=\"table\">\n<caption>Collectors, the worst first</caption>\n<thead role=\"rowgroup\"><tr "
      "role=\"row\">";
  for (const std::string_view column : {"Collector", "Condition", "Last run", "Next start"})
    html += fmt::format("<th role=\"columnheader\" scope=\"col\">{}</th>", column);
  html += "</tr></thead>\n<tbody role=\"rowgroup\">\n";
  for (std::size_t i = 0; i < shown; ++i) html += row(*order[i], now);
  html += "</tbody>\n</table>\n";
  if (order.size() > shown)
    html +=
        fmt::format("<p>And {} more, none of them worse: see the <a href=\"/api/v1/status\">JSON</a>.</p>\n",
                    grouped(order.size() - shown));
  return html;
}

constexpr std::string_view empty_state =
    "<div class=\"empty\"><p>There are no collectors yet.</p>\n<p>Start with an example: <code>pulse init "
    "FOLDER</code></p></div>\n";

}  // namespace

std::string status_page(const Status& status, base::WallTime now) {
  const Counts counts = count(status.collectors);
  const Headline line = headline(counts, status.collectors.size());
  return framed({.program = status.program,
                 .version = status.version,
                 .started_at = status.started_at,
                 .now = now,
                 .headline = line.text,
                 .mood = &line.mood,
                 .warnings = status.warnings},
                status.collectors.empty() ? std::string(empty_state)
                                          : summary(counts, status.totals) + table(status.collectors, now));
}

}  // namespace web
