#include "web/status_page.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "web/message.hpp"
#include "web/status_style.hpp"

namespace web {
namespace {

using schedule::Condition;

constexpr std::size_t maximum_name = 120;  // bytes, before escaping
constexpr std::size_t maximum_text = 300;

// What a condition asks of the reader; said by words and a sign, the colour only repeats it.
struct Mood {
  std::string_view css;
  std::string_view sign;
};
constexpr Mood bad{"bad", "✖"}, odd{"odd", "▲"}, waiting{"waiting", "○"}, off{"off", "–"}, good{"good", "✔"};

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

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string plural(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

// An outside text of its own direction of writing, so that it cannot turn around what stands beside it.
std::string outside(std::string_view text, std::size_t bytes) {
  return "<bdi>" + escape_html(base::shorten(text, bytes)) + "</bdi>";
}

// "12 s", "5 min", "2 h 5 min", "3 d 4 h".
std::string rough(base::Duration duration) {
  using namespace std::chrono;
  if (duration < 1min)
    return fmt::format("{} s", std::max<std::int64_t>(0, floor<seconds>(duration).count()));
  return base::format_duration(floor<minutes>(duration));
}

std::string time_tag(base::WallTime time, std::string_view text) {
  const std::string exact = base::to_iso8601(time).substr(0, 19) + "Z";  // to the second
  return fmt::format("<time datetime=\"{0}\" title=\"{0}\">{1}</time>", exact, text);
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
  return time_tag(*collector.next_start,
                  *collector.next_start <= now ? "now" : "in " + rough(*collector.next_start - now));
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

std::string warning_list(const std::vector<std::string>& warnings) {
  if (warnings.empty()) return {};
  std::string list = "<ul class=\"warnings\" aria-label=\"Warnings\">\n";
  for (std::size_t i = 0; i < std::min(warnings.size(), maximum_warnings); ++i)
    list += fmt::format("<li>{}</li>\n", outside(warnings[i], maximum_text));
  if (warnings.size() > maximum_warnings)
    list += fmt::format("<li>and {} more</li>\n", grouped(warnings.size() - maximum_warnings));
  return list + "</ul>\n";
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
  const std::string program = escape_html(base::shorten(status.program, maximum_name));

  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"refresh\" content=\"15\">\n"
      "<title>{} – {}</title>\n<style>{}</style>\n</head>\n<body>\n",
      line.text, program, status_style);
  html += fmt::format(
      "<header>\n<h1>{}</h1>\n<p class=\"headline {}\"><span aria-hidden=\"true\">{}</span> "
      "{}</p>\n</header>\n<main>\n{}",
      program, line.mood.css, line.mood.sign, line.text, warning_list(status.warnings));
  if (status.collectors.empty())
    html += empty_state;
  else
    html += summary(counts, status.totals) + table(status.collectors, now);
  html += fmt::format(
      "</main>\n<footer>\n<p>{} {}, up for {}. As of {}; this page reloads every 15 s.</p>\n"
      "<p><a href=\"/api/v1/status\">JSON</a> <a href=\"/metrics\">Metrics</a> <a href=\"/readyz\">Ready?</a>"
      "</p>\n</footer>\n</body>\n</html>\n",
      program, outside(status.version, maximum_name),
      time_tag(status.started_at, rough(now - status.started_at)),
      time_tag(now, base::to_iso8601(now).substr(11, 8) + " UTC"));
  return html;
}

}  // namespace web
