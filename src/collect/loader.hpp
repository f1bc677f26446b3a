// One slice of a run: fetch → decode → map → stage → judge → commit, all its rows in one transaction with the
// slice's record and its cursor (CO1); where the destination is another database, with a line that the ledger
// is brought up to date from (CO2). A dry run ends before the stage.
//
// Belongs to one thread; what it is made of must outlive it.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "collect/destination.hpp"
#include "collect/ledger.hpp"
#include "collect/loads.hpp"
#include "collect/mapper.hpp"
#include "collect/page_reader.hpp"
#include "collect/plan.hpp"
#include "collect/run.hpp"
#include "config/collector.hpp"

namespace collect {

// Where the rows go; absent in a dry run.
struct LoadTarget {
  store::Session& store;  // the ledger's
  Ledger& ledger;
  store::Session& rows;  // the destination's; without `loads` it is the same
  Destination& destination;
  Loads* loads;
};

// How far a partition has come.
struct Standing {
  CursorState cursor;
  Validators answer;         // of what its rows were committed from; empty: everything is to be fetched
  bool is_recorded = false;  // the ledger knows it, perhaps with another answer
};

struct SliceEnd {
  enum class State { committed, empty, not_modified, incomplete, rejected };
  State state = State::committed;
  std::string reason{};         // of incomplete and rejected
  bool without_total = false;   // total_path leads to no number
  bool without_cursor = false;  // there were rows, and none told how far they go
};

class Loader {
 public:
  Loader(const RunnerParts& parts, const config::Collector& collector, RunReport& report,
         http::FetchOptions fetch, ProgressSink progress, std::optional<LoadTarget> target);

  // Several units make one slice where all must be committed together (replace). `state` is the partition's,
  // moved on after the commit. An error: nothing of the slice was committed.
  base::Result<SliceEnd> load(const std::string& name, const std::vector<Unit>& units, Standing& state,
                              std::stop_token stop);

  // After an error: what is at fault.
  enum class Fault {
    source,  // the API or what it sent: this slice
    store,   // a database: all slices; staged rows may be gone
    file,    // the collector: all slices
  };
  Fault fault() const { return fault_; }
  bool not_modified() const { return set_.not_modified; }           // also if recording that failed
  std::int64_t dropped() const { return mapper_.dropped(); }        // by schema_contract: discard_row
  std::uint64_t duplicate_keys() const { return duplicate_keys_; }  // in JSON objects, of all slices

 private:
  base::Result<void> begin_slice(std::stop_token stop);
  base::Result<void> read_all(const std::vector<Unit>& units, const Standing& state, std::stop_token stop);
  base::Result<void> read(const PageQuery& query, const Partition& partition, bool is_first,
                          std::stop_token stop);
  base::Result<void> take(const Page& page, std::stop_token stop);
  std::optional<std::span<const store::Param>> map(const decode::Value& record, const Page& page);
  void show_row(std::span<const store::Param> row);
  std::optional<std::string> reason_to_reject() const;
  base::Result<SliceEnd> commit(const std::string& name, const std::vector<Unit>& units, Standing& state,
                                std::stop_token stop);
  base::Result<SliceEnd> commit_not_modified(const std::string& name, const Unit& unit, Standing& state,
                                             std::stop_token stop);
  SliceRecord slice_record(const std::string& name, const Unit* unit) const;
  std::optional<CursorRecord> cursor_record(const Unit* unit, const Standing& from,
                                            const CursorState& to) const;
  base::Result<void> write_rows(store::Connection& connection);
  base::Result<void> commit_together(const Load& load, std::stop_token stop);
  base::Result<void> commit_apart(const Load& load, std::stop_token stop);
  base::Result<void> transact(store::Session& session, std::stop_token stop, const store::Work& work);
  base::Error lost();
  void keep_bad();
  void set_aside(BadRecord bad);
  base::Result<void> quarantine_alone(std::stop_token stop);
  template <class T>
  base::Result<T> of_store(base::Result<T> result);

  const RunnerParts& parts_;
  const config::Collector& collector_;
  RunReport& report_;
  const http::FetchOptions fetch_;
  const ProgressSink progress_;
  const std::optional<LoadTarget> target_;
  const bool recognises_;     // answers that it has committed already
  const bool lacks_columns_;  // so its rows are not all that an answer holds
  Mapper mapper_;
  PageReader reader_;
  Fault fault_ = Fault::source;
  std::size_t rows_shown_ = 0;  // of the slices before
  std::uint64_t duplicate_keys_ = 0;

  // Of the slice under way:
  PageSet set_;
  Counts counts_;
  std::int64_t position_ = 0;
  std::vector<BadRecord> bad_;  // the first ones; bad_count_ are all
  std::int64_t bad_count_ = 0;
  std::size_t bad_bytes_ = 0;
  std::int64_t dropped_before_ = 0;    // by the mapper, in other slices
  std::optional<base::Error> failed_;  // a record that ends the run
  std::optional<CursorTracker> tracker_;
  std::optional<Destination::Shrunk> shrunk_;  // the rows were refused
};

}  // namespace collect
