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

}  // namespace

std::string Unit::name() const {
  std::string name = partition->key;
  if (window)
    name += fmt::format("{}[{}, {})", name.empty() ? "" : " ", base::to_iso8601(window->start),
                        base::to_iso8601(window->end));
  return name.empty() ? "all" : name;
}

Planner::Planner(PageReaderParts parts, const config::Collector& collector, http::FetchOptions fetch,
                 store::Session* session)
    : parts_(parts), collector_(collector), fetch_(std::move(fetch)), session_(session) {}

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

// One column gives values, several give maps; as JSON, since that is what documents are made of.
Result<std::vector<Value>> Planner::rows(const config::PartitionRouter& router, std::stop_token stop) {
  if (session_ == nullptr)
    return base::error(Code::invalid_config,
                       "partition_router.query needs the database, and a dry run does not open it");
  std::string json;
  TRY_WITH(session_->transact(store::Access::read, std::move(stop),
                              [&](store::Connection& connection) -> Result<void> {
                                const auto names = TRY(connection.column_names(router.query));
                                for (const store::Row& row : TRY(connection.query(router.query))) {
                                  std::string item;
                                  for (std::size_t i = 0; i < row.cells.size(); ++i) {
                                    item += i == 0 ? "" : ",";
                                    if (names.size() > 1)
                                      item += decode::to_json(Value::string(names[i])) + ':';
                                    item += cell_json(row.cells[i]);
                                  }
                                  json += (json.empty() ? "" : ",") +
                                          (names.size() > 1 ? '{' + item + '}' : item);
                                }
                                return {};
                              }),
           "partition_router.query");
  documents_.push_back(TRY(decode::decode_json('[' + json + ']')));
  const auto items = documents_.back().root.items();
  return std::vector<Value>(items.begin(), items.end());
}

// Copied out of the parent's pages, which are gone when the next one comes.
Result<std::vector<Value>> Planner::records(const config::PartitionRouter& router, std::stop_token stop) {
  const config::ParentRequest& parent = *router.parent;
  PageReader reader(parts_, parent.requester, parent.paginator, parent.decoder, parent.record_selector);
  expr::TemplateValues values;
  values.now = parts_.clock.wall();
  std::string json;
  const auto take = [&](const Page& page) -> Result<void> {
    for (const Value& record : page.records) json += (json.empty() ? "" : ",") + decode::to_json(record);
    if (json.size() > max_partition_bytes)
      return base::error(Code::invalid_data, "the parent's records are more than {}",
                         base::format_size(max_partition_bytes));
    return {};
  };
  const auto restart = [&]() -> Result<void> {
    json.clear();
    return {};
  };
  PageSet set;
  TRY_WITH(reader.read(values, fetch_, take, restart, set, std::move(stop)), "partition_router.parent");
  if (!set.incomplete.empty())
    return base::error(Code::unavailable, "partition_router.parent: {}", set.incomplete);
  documents_.push_back(TRY(decode::decode_json('[' + json + ']')));
  const auto items = documents_.back().root.items();
  return std::vector<Value>(items.begin(), items.end());
}

}  // namespace collect
