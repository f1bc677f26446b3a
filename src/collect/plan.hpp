// What one run has to fetch: the partitions, each with its windows, cut into slices (CO1).
//
//   Planner planner(parts, collector, fetch, session);
//   std::vector<Partition> partitions = TRY(planner.partitions(stop));
//   for (const Partition& it : partitions) for (const Unit& unit : TRY(planner.units(it, state))) …
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "collect/page_reader.hpp"
#include "collect/partitions.hpp"
#include "collect/windows.hpp"
#include "config/collector.hpp"
#include "store/database.hpp"

namespace collect {

// A partition × a window: one page set. Without incremental_sync, or where the cursor is no time, there is no
// window.
struct Unit {
  const Partition* partition = nullptr;
  std::optional<Window> window{};
  SyncBounds bounds{};
  std::string name() const;  // of its slice, unique in its run
};

class Planner {
 public:
  // `store`: for routers of type table; null in a dry run.
  Planner(PageReaderParts parts, const config::Collector& collector, http::FetchOptions fetch,
          store::Database* store);

  base::Result<std::vector<Partition>> partitions(std::stop_token stop);
  // Of one partition, in the order of time; none: nothing is due.
  base::Result<std::vector<Unit>> units(const Partition& partition, const CursorState& state) const;

 private:
  base::Result<std::vector<decode::Value>> rows(const config::PartitionRouter& router, std::stop_token stop);
  base::Result<std::vector<decode::Value>> records(const config::PartitionRouter& router,
                                                   std::stop_token stop);

  const PageReaderParts parts_;
  const config::Collector& collector_;
  const http::FetchOptions fetch_;
  store::Database* store_;
  std::vector<decode::Document> documents_;  // what the values given point into
};

}  // namespace collect
