#include "config/scheduling.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/schema.hpp"
#include "config/types.hpp"
#include "expr/template_time.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

// A fault at a column of the text, past the opening quote. A value from the environment is not shown, so a
// sentence that quotes parts of it is not either.
void fault_inside(const Node& node, Context& context, std::string_view what, const schedule::CronFault& fault,
                  const std::string& allowed) {
  if (node.from_environment)
    return context.fault(node.mark, fmt::format("{} is no {}", shown(node), what), allowed);
  Mark mark = node.mark;
  mark.column += static_cast<int>(fault.column) + (node.quoted ? 1 : 0);
  context.fault(mark, fmt::format("{} is no {}: {}", shown(node), what, fault.message));
}

Type<base::Duration> every() {
  const std::string allowed = "write 30s, 15m, 1h, 2d or 1w, at most 52w";
  return {{"duration", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) -> std::optional<base::Duration> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            const auto period = schedule::parse_every(*text);
            if (period) return *period;
            fault_inside(node, context, "period", period.error(), allowed);
            return std::nullopt;
          }};
}

void check_schedule(const Schedule& schedule, const Node& node, Context& context) {
  if (schedule.cron.has_value() == schedule.every.has_value())
    context.fault(node.mark, schedule.cron ? "has both cron and every" : "has neither cron nor every",
                  "give exactly one of them");
  else if (schedule.every && schedule.splay >= *schedule.every)
    context.fault_at(node.nearest("splay").mark, "splay", "is not shorter than every",
                     "a start may not be put off past the next one; make it shorter");
}

std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 99; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hours = digit(0) * 10 + digit(1), minutes = digit(3) * 10 + digit(4);
  if (hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::minutes(hours * 60 + minutes);
}

}  // namespace

Type<schedule::Cron> cron() {
  const std::string allowed = "write \"minute hour day month weekday\", as in \"0 */4 * * *\", or \"@daily\"";
  return {{"cron", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) -> std::optional<schedule::Cron> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            auto cron = schedule::Cron::parse(*text);
            if (cron) return std::move(*cron);
            fault_inside(node, context, "cron expression", cron.error(), allowed);
            return std::nullopt;
          }};
}

Type<std::string> timezone() {
  const std::string allowed = "write a name of the time zone database: UTC, America/Sao_Paulo";
  return {{"time zone", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            const auto fault = expr::check_zone(*text);
            if (!fault) return text;
            if (text->empty() || node.from_environment)
              context.fault(node.mark, shown(node) + " is no time zone", allowed);
            else
              context.fault(node.mark, base::escape_control(base::shorten(*fault, 200)), allowed);
            return std::nullopt;
          }};
}

Table<Schedule> schedule_table() {
  Table<Schedule> table;
  table.key("cron", &Schedule::cron, maybe(cron()), optional(),
            "minute hour day month weekday; with six fields the seconds come first; or @hourly, @daily, "
            "@weekly, @monthly, @yearly. If both day fields are other than *, either matches.");
  table.key("every", &Schedule::every, maybe(every()), optional(),
            "Instead of cron: the multiples of a period since 1970, in UTC.");
  table.key("timezone", &Schedule::timezone, timezone(), defaults("UTC"),
            "The zone cron is read in, and `today` in templates.");
  table.key("splay", &Schedule::splay, duration(0s, 24h), defaults("0s"),
            "Starts are put off by a part of this that depends on the name, so that not all begin at once.");
  using Missed = Schedule::RecoverMissed;
  table.key("recover_missed", &Schedule::recover_missed,
            one_of<Missed>({{"last", Missed::last}, {"all", Missed::all}, {"none", Missed::none}}),
            defaults("last"), "Which runs to make up for after pulse was down.");
  table.key("late_maximum_delay", &Schedule::late_maximum_delay, maybe(duration(1s, 366 * 24h)), optional(),
            "A missed run later than this is left out.");
  using Overlap = Schedule::Overlap;
  table.key(
      "overlap", &Schedule::overlap,
      one_of<Overlap>({{"skip", Overlap::skip}, {"queue", Overlap::queue}, {"cancel", Overlap::cancel}}),
      defaults("skip"),
      "When a run is due and the one before is still going: skip the new one, start it afterwards, or "
      "cancel the old one.");
  table.rule(check_schedule);
  return table;
}

Type<Schedule> schedule() {
  auto whole = nested(schedule_table());
  whole.info.name = "cron, or map";
  whole.info.allowed = "write \"0 */4 * * *\", or {every: 15m}";
  whole.info.schema = fmt::format(R"({{"anyOf": [{}, {}]}})", scalar_schema, whole.info.schema);
  const auto short_form = cron();
  whole.read = [read_whole = whole.read, short_form](const Node& node,
                                                     Context& context) -> std::optional<Schedule> {
    if (node.kind == Node::Kind::mapping) return read_whole(node, context);
    // Judged first, so that its fault names `schedule`, not `schedule.cron`; then the table fills in the
    // rest.
    if (!short_form.read(node, context)) return std::nullopt;
    Node map(Node::Kind::mapping, node.mark);
    map.entries.push_back({"cron", node.mark, node});
    return read_whole(map, context);
  };
  return whole;
}

Type<OnUpstreamFailure> on_upstream_failure() {
  return one_of<OnUpstreamFailure>({{"skip", OnUpstreamFailure::skip}, {"run", OnUpstreamFailure::run}});
}

Type<TimeOfDay> time_of_day() {
  const std::string allowed = "write hours and minutes, from 00:00 to 23:59";
  return {{"time of day", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) -> std::optional<TimeOfDay> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            if (const auto time = parse_time_of_day(*text)) return TimeOfDay{*time};
            context.fault(node.mark, shown(node) + " is no time of day", allowed);
            return std::nullopt;
          }};
}

}  // namespace config
