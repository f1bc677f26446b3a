// For collect's tests: collectors from YAML, short forms of queries, and a world in which runs take place.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collect/run.hpp"
#include "collect/scripted_transport_test.hpp"
#include "decode/json.hpp"
#include "store/migrations.hpp"
#include "store/testing.hpp"

namespace collect::testing {

inline config::Collector collector_from(const std::string& yaml,
                                        const std::map<std::string, std::string>& environment = {}) {
  config::Faults faults;
  auto source = config::parse_collector(yaml, "items.yaml", faults);
  const auto variable = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  auto collector =
      source ? config::read_collector(std::move(*source), {}, variable, faults, {"store", "warehouse"})
             : std::nullopt;
  if (!collector) {
    ADD_FAILURE() << faults.text() << yaml;
    std::abort();
  }
  return *std::move(collector);
}

// A collector of https://api.example/items with these keys besides.
inline config::Collector collector_with(const std::string& fields, const std::string& primary_key,
                                        const std::string& more = {}, const std::string& table = "items") {
  return collector_from(
      "name: items\nrequester: {url_base: 'https://api.example', path: /items}\nfields: " + fields +
      "\ndestination: {table: '" + table + "', primary_key: " + primary_key + "}\n" + more);
}

inline const char* const item_fields =
    "{id: {path: id, type: integer}, name: name, price: {path: price, type: number}}";

inline decode::Document document_of(std::string json) {
  auto document = decode::decode_json(std::move(json));
  if (!document) {
    ADD_FAILURE() << document.error().message;
    std::abort();
  }
  return *std::move(document);
}

inline std::unique_ptr<store::Database> migrated(std::unique_ptr<store::Database> database) {
  const auto version = store::migrate(*database, store::embedded_migrations(), {});
  if (!version) ADD_FAILURE() << version.error().message;
  return database;
}
inline std::unique_ptr<store::Database> migrated_database() {
  return migrated(store::testing::open(":memory:"));
}

// All rows of a query, "1|text|NULL" each.
inline std::vector<std::string> lines_of(store::Session& session, const std::string& sql) {
  const auto rows = store::testing::query(session, sql);
  if (!rows) {
    ADD_FAILURE() << rows.error().message;
    return {};
  }
  std::vector<std::string> lines;
  for (const store::Row& row : *rows) {
    std::string line;
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      line += (i == 0 ? "" : "|") + (row.is_null(i) ? std::string("NULL") : row.text(i));
    lines.push_back(line);
  }
  return lines;
}

inline std::vector<std::string> temp_tables(store::Session& session) {
  return lines_of(session, "SELECT name FROM sqlite_temp_schema WHERE type = 'table'");
}

// All that a run needs, in memory and on simulated time.
struct World {
  explicit World(std::deque<http::Outcome> script = {}, std::unique_ptr<store::Database> on = nullptr)
      : database(on ? migrated(std::move(on)) : migrated_database()) {
    transport.script = std::move(script);
  }

  RunReport run(const config::Collector& collector, const RunOptions& options = {}) {
    return run_on(database.get(), collector, options);
  }
  RunReport run_on(store::Database* store, const config::Collector& collector,
                   const RunOptions& options = {}) {
    Runner runner({store, engine, clock, rng, log, metrics, redactor, databases});
    return runner.run(collector, options, stop.get_token());
  }
  // The newest run, as the ledger has it.
  RunRecord recorded() {
    const auto runs = Ledger(*session, clock).list({}, {});
    if (runs && !runs->empty()) return runs->front();
    ADD_FAILURE() << (runs ? "no run is on record" : runs.error().message);
    return {};
  }
  std::int64_t count(const std::string& from) {
    return store::testing::number(*session, "SELECT count(*) FROM " + from);
  }
  bool has_table(const std::string& name) {
    return count(database->dialect().is_server() ? "pg_class WHERE relkind = 'r' AND relname = '" + name + "'"
                                                 : "sqlite_schema WHERE name = '" + name + "'") == 1;
  }
  // As it was when made, without the cost of making another.
  void wipe(const std::string& table) {
    ASSERT_OK(session->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
      TRY(c.execute("DROP TABLE IF EXISTS " + table));
      for (const char* const name : {"slices", "runs", "cursors", "quarantine"})
        TRY(c.execute(std::string("DELETE FROM {pulse}") + name));
      return {};
    }));
  }
  std::vector<std::string> lines(const std::string& sql) { return lines_of(*session, sql); }

  base::SimulatedClock clock{base::SimulatedClock::Mode::automatic};
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::Session> session = store::testing::session_of(*database);
  base::Redactor redactor;
  telemetry::Metrics metrics;
  std::string logged;
  telemetry::Log log{{.directory = {},
                      .level = telemetry::Level::debug,
                      .timezone = "UTC",
                      .console = true,
                      .console_writer = [this](std::string_view line) { logged += line; }},
                     clock,
                     redactor};
  base::Rng rng{1};
  ScriptedTransport transport;
  http::Engine engine{transport, clock, base::Rng(2), &metrics};
  std::stop_source stop;
  std::function<base::Result<store::Database*>(const std::string&, std::stop_token)> databases;
};

}  // namespace collect::testing
