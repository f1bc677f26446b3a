// For the tests of destinations: a database in memory, and what a run does with its rows.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "collect/destination.hpp"
#include "collect/fixture_test.hpp"

namespace collect::testing {

using Row = std::vector<store::Param>;
using Lines = std::vector<std::string>;
inline const store::Param null;

struct Staged {
  std::int64_t inserted, updated, unchanged, staged, conflicts;
  std::int64_t deleted = 0;
  bool operator==(const Staged&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Staged& it) {
  return out << "inserted " << it.inserted << ", updated " << it.updated << ", unchanged " << it.unchanged
             << ", staged " << it.staged << ", conflicts " << it.conflicts << ", deleted " << it.deleted;
}
inline Staged staged(const Counts& it) {
  return {it.inserted, it.updated, it.unchanged, it.staged, it.conflicts, it.deleted};
}

// A collector whose destination has these keys besides the table `items`.
inline config::Collector collector_into(const std::string& fields, const std::string& destination) {
  return collector_from("name: items\nrequester: {url_base: 'https://api.example', path: /items}\nfields: " +
                        fields + "\ndestination: {table: items, " + destination + "}\n");
}

// One page.
inline store::RowSource rows_of(const std::vector<Row>& rows) {
  return [&rows, next = std::size_t{0}]() mutable -> std::optional<std::span<const store::Param>> {
    if (next == rows.size()) return std::nullopt;
    return rows[next++];
  };
}

class DestinationTest : public ::testing::Test {
 protected:
  base::Result<void> merge(store::Session& session, Destination& destination, Counts& counts) {
    return session.transact(store::Access::write, {}, [&](store::Connection& connection) {
      return destination.merge(connection, clock_.wall(), counts);
    });
  }
  base::Result<Staged> load_pages(const std::vector<std::vector<Row>>& pages) {
    const std::string run = "run" + std::to_string(++runs_);
    const auto session = store::testing::session_of(*database_);
    Destination destination(collector_, run, *database_, *session);
    TRY(destination.verify({}));
    for (const auto& page : pages) TRY(destination.stage(rows_of(page), {}));
    Counts counts;
    TRY(destination.fold(counts, {}));
    TRY(merge(*session, destination, counts));
    return staged(counts);
  }
  Staged load(const std::vector<Row>& rows) {
    clock_.advance(std::chrono::seconds(1));
    const auto counts = load_pages({rows});
    if (counts) return *counts;
    ADD_FAILURE() << counts.error().message;
    return {};
  }
  base::Result<void> verify() { return Destination(collector_, "run0", *database_, *session_).verify({}); }
  void execute(const std::string& sql) { ASSERT_OK(store::testing::execute(*session_, sql)); }
  Lines lines(const std::string& sql) { return lines_of(*session_, sql); }

  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  std::unique_ptr<store::Database> database_ = store::testing::open(":memory:");
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
  config::Collector collector_ = collector_with(item_fields, "[id]");
  int runs_ = 0;
};

}  // namespace collect::testing
