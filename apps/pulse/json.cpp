#include "pulse/json.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace pulse {
namespace {

using Json = nlohmann::ordered_json;

// Texts may hold anything that came from outside: what is not UTF-8 is replaced, never thrown at the user.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n'; }

Json run_json(const collect::RunRecord& run) {
  Json json{{"run", run.id}, {"collector", run.collector}, {"outcome", to_string(run.outcome)}};
  json["failure_type"] = run.failure_type ? Json(to_string(*run.failure_type)) : Json();
  json["error"] = run.error.empty() ? Json() : Json(run.error);
  json["started_at"] = base::to_iso8601(run.started_at);
  json["finished_at"] = run.finished_at ? Json(base::to_iso8601(*run.finished_at)) : Json();
  json["duration_seconds"] =
      run.finished_at ? Json(std::chrono::duration<double>(*run.finished_at - run.started_at).count())
                      : Json();
  json["started_by"] = to_string(run.started_by);
  json["slot"] = run.slot ? Json(base::to_iso8601(run.slot->time)) : Json();
  json["attempt"] = run.attempt;
  json["cycle"] = run.cycle;
  json["host"] = run.host;
  json["process"] = run.process;
  const collect::Counts& counts = run.counts;
  json["counts"] = {{"requests", counts.requests},
                    {"pages", counts.pages},
                    {"received_bytes", counts.received_bytes},
                    {"records", counts.records},
                    {"staged", counts.staged},
                    {"inserted", counts.inserted},
                    {"updated", counts.updated},
                    {"unchanged", counts.unchanged},
                    {"deleted", counts.deleted},
                    {"quarantined", counts.quarantined},
                    {"conflicts", counts.conflicts}};
  return json;
}

Json cell_json(const store::Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return {};
}

void add_faults(const std::vector<config::Fault>& faults, const char* severity, Json& list) {
  for (const config::Fault& fault : faults) {
    Json json{{"severity", severity}, {"file", fault.file}};
    if (fault.mark.origin.empty()) {
      json["line"] = fault.mark.line;
      json["column"] = fault.mark.column;
    } else {
      json["origin"] = fault.mark.origin;
    }
    json["key"] = fault.key;
    json["message"] = fault.message;
    json["remedy"] = fault.remedy;
    list.push_back(std::move(json));
  }
}

}  // namespace

std::string to_json(const std::vector<config::Fault>& faults, const std::vector<config::Fault>& warnings) {
  Json list = Json::array();
  add_faults(faults, "fault", list);
  add_faults(warnings, "warning", list);
  return dump(list);
}

std::string to_json(const std::vector<collect::RunRecord>& runs) {
  Json list = Json::array();
  for (const collect::RunRecord& run : runs) list.push_back(run_json(run));
  return dump(list);
}

std::string to_json(const std::vector<collect::RunReport>& reports,
                    const std::vector<InvalidCollector>& invalid) {
  Json list = Json::array();
  for (const collect::RunReport& report : reports) {
    Json json = run_json(report.run);
    json["recorded"] = report.recorded;
    json["busy"] = report.busy;  // it did not begin: another process is at it
    Json bad = Json::array();
    for (const collect::BadRecord& record : report.quarantined)
      bad.push_back({{"record", record.position},
                     {"column", record.column.empty() ? Json() : Json(record.column)},
                     {"reason", record.reason},
                     {"raw", record.raw}});
    json["quarantined_records"] = std::move(bad);
    if (!report.columns.empty()) {
      Json rows = Json::array();
      for (const auto& cells : report.rows) {
        Json row;
        for (std::size_t i = 0; i < cells.size(); ++i) row[report.columns[i]] = cell_json(cells[i]);
        rows.push_back(std::move(row));
      }
      json["rows"] = std::move(rows);
    }
    list.push_back(std::move(json));
  }
  for (const InvalidCollector& collector : invalid) {
    Json json{{"collector", collector.name}, {"outcome", "invalid"}, {"faults", Json::array()}};
    add_faults(collector.faults, "fault", json["faults"]);
    list.push_back(std::move(json));
  }
  return dump(list);
}

std::string to_json(const std::vector<Fire>& fires) {
  Json list = Json::array();
  for (const Fire& fire : fires)
    list.push_back({{"slot", base::to_iso8601(fire.slot)},
                    {"start", base::to_iso8601(fire.start)},
                    {"local", fire.local}});
  return dump(list);
}

}  // namespace pulse
