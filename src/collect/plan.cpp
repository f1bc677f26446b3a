#include "collect/plan.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "decode/json.hpp"

namespace collect {
namespace {

using base::Code;
using base::Result;
using decode::Value;

std::string cell_json(const store::Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&cell)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&cell)) return decode::to_json(Value::string(*text));
  return "null";
}

// One column gives a value, several give a map.
std::string row_json(const store::Row& row, const std::vector<std::string>& names) {
  if (names.size() == 1) return cell_json(row.cells[0]);
  std::string map;
  for (std::size_t i = 0; i < row.cells.size(); ++i)
    map += (i == 0 ? "" : ",") + decode::to_json(Value::string(names[i])) + ':' + cell_json(row.cells[i]);
  return '{' + map + '}';
}

base::Error too_large(std::string_view what) {
  return base::error(Code::invalid_data, "{} more than {}", what, base::format_size(max_partition_bytes));
}

}  // namespace

std::string Unit::name() const {
  std::string name = partition->key;
  if (window)
    name += fmt::format("{}[{}, {})", name.empty() ? "" : " ", base::to_iso8601(window->start),
                        base::to_iso8601(window->end));
  return name.empty() ? "all" : name;
}

Planner::Planner(PageReaderParts parts, const config::Collector& collector, http::FetchOptions fetch,
                 store::Database* store)
    : parts_(std::move(parts)), collector_(collector), fetch_(std::move(fetch)), store_(store) {}

Result<std::vector<Partition>> Planner::partitions(std::stop_token stop) {
  const auto& router = collector_.partition_router;
  return plan_partitions(router ? &*router : nullptr,
                         {.rows = [&](const config::PartitionRouter& it) { return rows(it, stop); },
                          .records = [&](const config::PartitionRouter& it) { return records(it, stop); }});
}

Result<std::vector<Unit>> Planner::units(const Partition& partition, const CursorState& state) const {
  const auto& sync = collector_.incremental_sync;
  if (!sync) return std::vector{Unit{.partition = &partition}};
  expr::TemplateValues values;
  values.now = parts_.clock.wall();
  values.partitions = partition.values;
  const SyncBounds bounds = TRY_WITH(render_bounds(*sync, values), "incremental_sync");
  if (!sync->is_time()) return std::vector{Unit{.partition = &partition, .bounds = bounds}};
  std::vector<Unit> units;
  for (const Window& window : TRY_WITH(plan_windows(*sync, bounds, state, values.now), "incremental_sync"))
    units.push_back({.partition = &partition, .window = window, .bounds = bounds});
  return units;
}

// As JSON, since that is what documents are made of.
Result<std::vector<Value>> Planner::rows(const config::PartitionRouter& router, std::stop_token stop) {
  if (store_ == nullptr)
    return base::error(Code::invalid_config,
                       "partition_router.query needs the database, and a dry run does not open it");
  const auto session = TRY(store_->session(stop));
  std::string json;
  auto read = session->transact(store::Access::read, std::move(stop),
                                [&](store::Connection& connection) -> Result<void> {
                                  const auto names = TRY(connection.column_names(router.query));
                                  for (const store::Row& row : TRY(connection.query(router.query))) {
                                    json += (json.empty() ? "" : ",") + row_json(row, names);
                                    if (json.size() > max_partition_bytes)
                                      return too_large("partition_router.query gives");
                                  }
                                  return {};
                                });
  if (!read) {  // what the store refuses is the query's fault, not the API's
    if (read.error().code != Code::cancelled && read.error().code != Code::unavailable)
      read.error().code = Code::invalid_config;
    return std::move(read.error()).with("partition_router.query");
  }
  documents_.push_back(TRY(decode::decode_json('[' + json + ']')));
  const auto items = documents_.back().root.items();
  return std::vector<Value>(items.begin(), items.end());
}

// Copied out of the parent's pages, which are gone when the next one comes.
Result<std::vector<Value>> Planner::records(const config::PartitionRouter& router, std::stop_token stop) {
  const config::ParentRequest& parent = *router.parent;
  PageReaderParts parts = parts_;
  parts.api_budget = collector_.api_budget;
  PageReader reader(parts, parent.requester, parent.paginator, parent.decoder, parent.record_selector);
  expr::TemplateValues values;
  values.now = parts_.clock.wall();
  std::string json;
  const auto take = [&](const std::unique_ptr<Page> page) -> Result<void> {
    for (const Value& record : page->records) json += (json.empty() ? "" : ",") + decode::to_json(record);
    if (json.size() > max_partition_bytes) return too_large("the parent's records are");
    return {};
  };
  const auto restart = [&]() -> Result<void> {
    json.clear();
    return {};
  };
  PageSet set;
  http::FetchOptions fetch = fetch_;
  fetch.retry = make_retry_policy(parent.requester.error_handler);
  TRY_WITH(reader.read({values, fetch}, take, restart, set, std::move(stop)), "partition_router.parent");
  if (!set.incomplete.empty())
    return base::error(Code::unavailable, "partition_router.parent: {}", set.incomplete);
  documents_.push_back(TRY(decode::decode_json('[' + json + ']')));
  const auto items = documents_.back().root.items();
  return std::vector<Value>(items.begin(), items.end());
}

}  // namespace collect
