// What a run needs of its databases: sessions to the store and to the destination, with the ledger and the
// loader that work on them. A connection that breaks takes the staged rows along; then the whole desk is
// opened anew, and what was under way begins again.
//
//   auto desk = TRY(Desk::open(parts, collector, report, fetch, progress, stop));
//   SliceEnd end = TRY(desk->loader().load(name, units, state, stop));
//
// Belongs to one thread; what it is made of must outlive it.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "collect/destination.hpp"
#include "collect/ledger.hpp"
#include "collect/loader.hpp"
#include "collect/loads.hpp"
#include "collect/run.hpp"

namespace collect {

class Desk {
 public:
  // Verifies the destination, and brings the ledger up to date with what is in another database (CO2).
  static base::Result<std::unique_ptr<Desk>> open(const RunnerParts& parts,
                                                  const config::Collector& collector, RunReport& report,
                                                  const http::FetchOptions& fetch,
                                                  const ProgressSink& progress, std::stop_token stop);

  Ledger& ledger() { return *ledger_; }
  Loader& loader() { return *loader_; }
  bool has_table() const { return destination_->exists(); }
  // Of the collector of this run. Where rows are in another database, or the collector was another, what the
  // last answer is recognised by is there only if the rows that belong to it surely are (CO12).
  base::Result<std::vector<CursorRecord>> cursors(const RunRecord& run, std::stop_token stop);
  base::Result<bool> has_rows(std::stop_token stop) { return destination_->has_rows(std::move(stop)); }
  // Lines in another database that the ledger has taken over; none are needed of a run that ended well.
  base::Result<void> forget_loads(const RunRecord& run, std::stop_token stop);

  // A slice that this run committed, although the answer to that was lost; then it is in the ledger too.
  base::Result<std::optional<SliceRecord>> committed(RunRecord& run, const std::string& slice,
                                                     std::stop_token stop);

 private:
  Desk() = default;
  base::Result<void> claim(RunRecord& run, std::stop_token stop);
  base::Result<void> hold(store::Session& session, RunRecord& run, std::stop_token stop);

  std::unique_ptr<store::Session> store_, rows_;  // without rows_ the store is the destination
  std::optional<Ledger> ledger_;
  std::optional<Loads> loads_;
  std::optional<Destination> destination_;
  std::optional<Loader> loader_;
};

// The database that destination.database names.
base::Result<store::Database*> destination_of(const RunnerParts& parts, const config::Collector& collector,
                                              std::stop_token stop);

}  // namespace collect
