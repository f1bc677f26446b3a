#include "web/status_json.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace web {
namespace {

using Json = nlohmann::ordered_json;

Json time(const std::optional<base::WallTime>& time) {
  return time ? Json(base::to_iso8601(*time)) : Json(nullptr);
}

Json collector_json(const Collector& collector) {
  Json last_run = nullptr;
  if (collector.last_run)
    last_run = {{"outcome", collector.last_run->outcome},
                {"ended", time(collector.last_run->ended)},
                {"rows", collector.last_run->rows}};
  return {{"name", collector.name},
          {"condition", schedule::to_string(collector.condition)},
          {"since", time(collector.since)},
          {"running_since", time(collector.running_since)},
          {"last_run", std::move(last_run)},
          {"last_success", time(collector.last_success)},
          {"next_start", time(collector.next_start)},
          {"next_is", collector.next_start ? Json(to_string(collector.next_is)) : Json(nullptr)},
          {"error", collector.error.empty() ? Json(nullptr) : Json(collector.error)}};
}

}  // namespace

std::string_view to_string(Collector::NextIs next_is) {
  switch (next_is) {
    case Collector::NextIs::slot: return "slot";
    case Collector::NextIs::retry: return "retry";
    case Collector::NextIs::rate_limit: return "rate_limit";
  }
  return "slot";
}

std::string status_json(const Status& status, base::WallTime now) {
  Json conditions = Json::object();
  for (const Collector& collector : status.collectors) {
    Json& count = conditions[std::string(schedule::to_string(collector.condition))];
    count = count.is_null() ? 1 : count.get<std::uint64_t>() + 1;
  }
  Json collectors = Json::array();
  for (const Collector& collector : status.collectors) collectors.push_back(collector_json(collector));
  const Json document = {{"program", status.program},
                         {"version", status.version},
                         {"now", time(now)},
                         {"started_at", time(status.started_at)},
                         {"warnings", status.warnings},
                         {"totals",
                          {{"collectors", status.collectors.size()},
                           {"conditions", std::move(conditions)},
                           {"runs_24h", status.totals.runs},
                           {"failed_runs_24h", status.totals.failed_runs},
                           {"rows_24h", status.totals.rows}}},
                         {"collectors", std::move(collectors)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace web
