#include "http/budget_store.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "store/batch.hpp"

namespace http {
namespace {

using base::Result;
using store::Access;
using store::Connection;

constexpr std::chrono::hours kept_idle{24};

// Waits for whoever has the row now. Several are locked in the order of their keys: nobody waits in a circle.
std::string select_row(const Connection& connection) {
  return std::string(
             "SELECT state FROM {pulse}http_budgets WHERE host = $1 AND credential = $2 AND resource = $3") +
         (connection.dialect().is_server() ? " FOR UPDATE" : "");
}

Result<void> lock_row(Connection& connection, BudgetRow& row) {
  const BudgetKey& key = row.key;
  const std::string sql = select_row(connection);
  auto found = TRY(connection.query(sql, {key.host, key.credential, key.resource}));
  if (found.empty() && connection.dialect().is_server()) {
    // There must be a row to wait for.
    TRY(
        connection.execute("INSERT INTO {pulse}http_budgets (host, credential, resource, state, updated_at, "
                           "expires_at) VALUES ($1, $2, $3, '', {now}, {now}) ON CONFLICT DO NOTHING",
                           {key.host, key.credential, key.resource}));
    found = TRY(connection.query(sql, {key.host, key.credential, key.resource}));
  }
  if (!found.empty()) row.state = BudgetState::decode(found[0].text(0));
  return {};
}

Result<void> write_row(Connection& connection, const BudgetRow& row, base::WallTime now) {
  const BudgetKey& key = row.key;
  const auto held = row.state.not_before(now);
  const std::string text = row.state.encode(), at = base::to_iso8601(now),
                    until = base::to_iso8601(now + row.state.longest_window() + kept_idle),
                    not_before = held ? base::to_iso8601(*held) : "";
  TRY(connection.execute(
      "INSERT INTO {pulse}http_budgets AS old (host, credential, resource, state, not_before, updated_at, "
      "expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (host, credential, resource) DO UPDATE "
      "SET "
      "state = EXCLUDED.state, not_before = EXCLUDED.not_before, updated_at = EXCLUDED.updated_at, "
      "expires_at = EXCLUDED.expires_at",
      {key.host, key.credential, key.resource, text,
       held ? store::Param(std::string_view(not_before)) : store::Param(), at, until}));
  return {};
}

}  // namespace

Result<void> DatabaseBudgetStore::change(const std::vector<BudgetKey>& keys, const BudgetChange& work,
                                         std::stop_token stop) {
  const auto session = TRY(database_.session(stop));
  return session->transact(Access::write, stop, [&](Connection& connection) -> Result<void> {
    std::vector<BudgetRow> rows;
    for (const BudgetKey& key : keys) TRY(lock_row(connection, rows.emplace_back(BudgetRow{key})));
    const base::WallTime at =
        TRY(store::shared_now(connection, clock_));  // behind the locks, which may have taken long
    work(rows, at);
    for (const BudgetRow& row : rows)
      if (row.changed) TRY(write_row(connection, row, at));
    return {};
  });
}

Result<std::vector<BudgetRow>> DatabaseBudgetStore::held(std::size_t limit, base::WallTime& at,
                                                         std::stop_token stop) {
  std::vector<BudgetRow> list;
  const auto session = TRY(database_.session(stop));
  TRY(session->transact(Access::read, stop, [&](Connection& connection) -> Result<void> {
    at = TRY(store::shared_now(connection, clock_));
    const auto rows = TRY(connection.query(
        "SELECT host, credential, resource, state FROM {pulse}http_budgets WHERE not_before > $1 "
        "ORDER BY not_before DESC LIMIT $2",
        {base::to_iso8601(at), static_cast<std::int64_t>(limit)}));
    for (const store::Row& row : rows)
      list.push_back({{row.text(0), row.text(1), row.text(2)}, BudgetState::decode(row.text(3))});
    return {};
  }));
  return list;
}

Result<std::int64_t> purge_budgets(store::Session& session, base::Clock& clock, std::stop_token stop) {
  std::int64_t gone = 0;
  TRY_WITH(session.transact(Access::write, std::move(stop),
                            [&](Connection& connection) -> Result<void> {
                              gone = TRY(
                                  connection.execute("DELETE FROM {pulse}http_budgets WHERE expires_at < $1",
                                                     {base::to_iso8601(clock.wall())}));
                              return {};
                            }),
           "deleting old budgets");
  return gone;
}

}  // namespace http
