// For tests of the ledger, on every engine.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"
#include "collect/fixture_test.hpp"
#include "collect/ledger.hpp"
#include "store/conformance_test.hpp"

namespace collect::testing {

class LedgerTest : public ::testing::TestWithParam<store::testing::Engine> {
 protected:
  RunRecord run(const std::string& id, const std::string& collector = "items") {
    RunRecord record;
    record.id = id;
    record.collector = collector;
    record.started_at = clock_.wall();
    record.host = "host-1";
    record.process = 4711;
    record.definition = "d41d";
    return record;
  }
  static collect::Counts counts(std::int64_t from) {
    return {.requests = from,
            .pages = from + 1,
            .received_bytes = from + 2,
            .records = from + 3,
            .staged = from + 4,
            .inserted = from + 5,
            .updated = from + 6,
            .unchanged = from + 7,
            .deleted = from + 8,
            .quarantined = from + 9,
            .conflicts = from + 10};
  }
  static std::vector<std::int64_t> all(const collect::Counts& it) {
    return {it.requests, it.pages,     it.received_bytes, it.records,     it.staged,   it.inserted,
            it.updated,  it.unchanged, it.deleted,        it.quarantined, it.conflicts};
  }
  RunRecord only(const std::string& id) {
    const auto runs = ledger_.list({.collector = {}, .started_since = {}, .limit = 1000}, {});
    EXPECT_TRUE(runs);
    for (const RunRecord& record : *runs)
      if (record.id == id) return record;
    ADD_FAILURE() << id << " is not on record";
    return {};
  }
  base::Result<void> begin(RunRecord record, std::stop_token stop = {}) {
    return ledger_.begin(record, base::WallTime{}, std::move(stop));
  }
  base::Result<void> try_commit(const RunRecord& record, const collect::SliceRecord& slice) {
    return session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
      return ledger_.commit_slice(connection, record, slice);
    });
  }
  static collect::SliceRecord slice_of(const RunRecord& record, const std::string& name) {
    collect::SliceRecord slice;
    slice.name = name;
    slice.counts = record.counts;
    return slice;
  }
  void commit_slice(const RunRecord& record, const std::string& slice) {
    ASSERT_OK(try_commit(record, slice_of(record, slice)));
  }
  // Where there are leases, by the database's clock.
  void expire_leases() {
    if (database_->dialect().is_server())
      ASSERT_OK(
          store::testing::execute(*session_, "UPDATE {pulse}runs SET lease_until = '2001-01-01T00:00:00Z'"));
  }
  void lose_all() {
    expire_leases();
    ASSERT_OK(ledger_.mark_lost({}));
  }
  void quarantine(const RunRecord& record, const std::vector<BadRecord>& bad) {
    ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
      return ledger_.quarantine(connection, record, bad);
    }));
  }
  std::vector<std::string> ids(const collect::RunFilter& filter) {
    std::vector<std::string> list;
    const auto runs = ledger_.list(filter, {});
    EXPECT_TRUE(runs);
    for (const RunRecord& record : *runs) list.push_back(record.id);
    return list;
  }
  std::vector<std::string> lines(const std::string& sql) { return lines_of(*session_, sql); }
  using Lines = std::vector<std::string>;

  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  store::testing::TempFolder folder_;
  std::unique_ptr<store::Database> database_ = migrated(GetParam().open(folder_));
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
  Ledger ledger_{*session_, clock_};
};

}  // namespace collect::testing
