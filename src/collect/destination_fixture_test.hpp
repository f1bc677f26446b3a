// For the tests of destinations: a database of each engine, and what a run does with its rows.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "collect/destination.hpp"
#include "collect/fixture_test.hpp"
#include "store/conformance_test.hpp"

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

// A file loads as memory does; its readers are others, which is the store's to test.
inline constexpr std::array loading_engines{store::testing::engines[1], store::testing::engines[2]};

class DestinationTest : public ::testing::TestWithParam<store::testing::Engine> {
 protected:
  using Kind = store::ColumnType::Kind;

  bool is_sqlite() const { return database_->dialect().name() == "sqlite"; }
  std::string type(Kind kind) const { return database_->dialect().type({.kind = kind}); }
  store::Table describe(const std::string& table, const std::string& schema = {}) {
    store::Table found;
    const auto asked =
        session_->transact(store::Access::read, {}, [&](store::Connection& c) -> base::Result<void> {
          found = TRY(database_->describe(c, schema, table));
          return {};
        });
    EXPECT_TRUE(asked) << store::testing::message_of(asked);
    return found;
  }
  bool has_table(const std::string& name) { return describe(name).exists; }
  std::size_t width(const std::string& table) { return describe(table).columns.size(); }
  Lines staging_tables() {
    return lines(is_sqlite()
                     ? "SELECT name FROM sqlite_temp_schema WHERE type = 'table'"
                     : "SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r' AND "
                       "pg_table_is_visible(oid)");
  }
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

  store::testing::TempFolder folder_;
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  std::unique_ptr<store::Database> database_ = GetParam().open(folder_);
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
  config::Collector collector_ = collector_with(item_fields, "[id]");
  int runs_ = 0;
};

#define ON_EVERY_ENGINE(Suite)                                                                     \
  INSTANTIATE_TEST_SUITE_P(Engines, Suite, ::testing::ValuesIn(collect::testing::loading_engines), \
                           store::testing::name_of)

}  // namespace collect::testing
