#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "base/iso8601.hpp"
#include "outbox/dropping.hpp"
#include "outbox/outbox.hpp"
#include "store/batch.hpp"

namespace outbox {
namespace {

using base::Result;
using store::Connection;

constexpr int sweep_limit = 1000;  // of one statement: the rest at the next claim

// What Claimed is made of. The receipt is of a row that no statement here changes.
constexpr std::string_view columns =
    " RETURNING id, attempt, channel, address, action, body, priority, behind, repeatable, created_at, "
    "(SELECT leader.receipt FROM {ledger}outbox AS leader WHERE leader.id = {ledger}outbox.behind)";

Claimed claimed_of(const store::Row& row) {
  Claimed it;
  it.id = row.integer(0);
  it.attempt = static_cast<int>(row.integer(1));
  it.message.channel = row.text(2);
  it.message.address = row.text(3);
  it.message.action = row.text(4);
  it.message.body = row.text(5);
  it.message.priority = static_cast<Priority>(row.integer(6));
  if (!row.is_null(7)) it.message.after = row.integer(7);
  it.message.repeatable = row.integer(8) != 0;
  if (const auto created = base::parse_timestamp(row.text(9))) it.created = *created;
  it.receipt_of_after = row.text(10);
  return it;
}

// Drops what a query finds, and what stands behind it. `value`: the query's $2.
Result<void> drop(Connection& connection, std::string_view reason, const std::string& found,
                  std::vector<Dropped>* dropped, std::optional<std::string_view> value = std::nullopt) {
  std::vector<store::Param> parameters{reason};
  if (value) parameters.emplace_back(*value);
  const auto rows = TRY(connection.query(
      fmt::format(
          "UPDATE {{ledger}}outbox SET state = 'dropped', reason = $1, ended_at = {{now}}, owner = NULL, "
          "lease_until = NULL WHERE id IN ({}){}",
          found, columns),
      parameters));
  std::vector<std::int64_t> ids;
  for (const store::Row& row : rows) {
    ids.push_back(row.integer(0));
    if (dropped != nullptr) dropped->push_back({claimed_of(row), std::string(reason)});
  }
  return drop_followers(connection, std::move(ids), dropped);
}

// Those that somebody claimed and lost: everybody but this owner, or whoever's lease has passed. Sent or not,
// nobody knows.
Result<void> take_back(Connection& connection, std::optional<std::string_view> all_but,
                       std::vector<Dropped>* dropped) {
  const auto found = [&](int repeatable, int parameter) {
    return fmt::format(
        "SELECT id FROM {{ledger}}outbox WHERE state = 'sending' AND {} AND repeatable = {} LIMIT {}{}",
        all_but ? fmt::format("owner <> ${}", parameter) : "lease_until < {now}", repeatable, sweep_limit,
        connection.dialect().skip_locked());
  };
  TRY(drop(connection, "fate unknown", found(0, 2), dropped, all_but));
  std::vector<store::Param> parameters;
  if (all_but) parameters.emplace_back(*all_but);
  const auto rows = TRY(connection.query(
      fmt::format(
          "UPDATE {{ledger}}outbox SET state = 'pending', owner = NULL, lease_until = NULL WHERE id IN "
          "({}) RETURNING behind",
          found(1, 1)),
      parameters));
  return supersede_behind(connection, rows);
}

}  // namespace

Result<void> drop_followers(Connection& connection, std::vector<std::int64_t> ids,
                            std::vector<Dropped>* dropped) {
  while (!ids.empty()) {
    store::Batch batch = store::batch_of_ids(ids);
    const auto rows = TRY(connection.query(
        fmt::format(
            "UPDATE {{ledger}}outbox SET state = 'dropped', reason = $2, ended_at = {{now}} WHERE state = "
            "'pending' AND state IN ('pending', 'sending') AND behind IN (SELECT s.id FROM {}){}",
            batch.source(connection.dialect(), 1, "s"), columns),
        {batch.text(), orphaned}));
    ids.clear();
    for (const store::Row& row : rows) {
      ids.push_back(row.integer(0));
      if (dropped != nullptr) dropped->push_back({claimed_of(row), std::string(orphaned)});
    }
  }
  return {};
}

Result<std::vector<Claimed>> claim(Connection& connection, const std::string& owner, int limit,
                                   std::chrono::seconds lease, Priority least,
                                   std::vector<Dropped>* dropped) {
  std::vector<Claimed> claimed;
  if (limit <= 0) return claimed;
  const auto& dialect = connection.dialect();
  if (dialect.is_server()) TRY(take_back(connection, std::nullopt, dropped));
  TRY(drop(
      connection, "expired",
      fmt::format("SELECT id FROM {{ledger}}outbox WHERE state = 'pending' AND expires_at <= {{now}} AND "
                  "expires_at IS NOT NULL LIMIT {}{}",
                  sweep_limit, dialect.skip_locked()),
      dropped));
  // Of one address the candidates may hold one of each urgency: the most urgent is picked.
  const auto rows = TRY(connection.query(
      fmt::format(
          "WITH candidates AS MATERIALIZED (SELECT m.id, m.channel, m.address, m.priority FROM "
          "{{ledger}}outbox "
          "AS m WHERE m.state = 'pending' AND m.priority <= $3 AND (m.not_before IS NULL OR m.not_before <= "
          "{{now}}) AND (m.expires_at IS NULL OR m.expires_at > {{now}}) AND (m.behind IS NULL OR EXISTS "
          "(SELECT "
          "1 FROM {{ledger}}outbox AS leader WHERE leader.id = m.behind AND leader.state = 'sent')) AND "
          "(m.priority = 0 OR NOT EXISTS (SELECT 1 FROM {{ledger}}outbox AS o WHERE o.address = m.address "
          "AND "
          "o.state IN ('pending', 'sending') AND o.channel = m.channel AND o.priority > 0 AND (o.state = "
          "'sending' OR (o.id < m.id AND o.priority <= m.priority)))) ORDER BY m.priority, m.id LIMIT $2{}), "
          "ranked AS (SELECT id, priority, row_number() OVER (PARTITION BY channel, address, CASE WHEN "
          "priority "
          "= 0 THEN 0 ELSE 1 END ORDER BY priority, id) AS place FROM candidates) UPDATE {{ledger}}outbox "
          "SET "
          "state = 'sending', attempt = attempt + 1, owner = $1, lease_until = {}, not_before = NULL WHERE "
          "id IN "
          "(SELECT id FROM ranked WHERE priority = 0 OR place = 1){}",
          dialect.skip_locked(), dialect.lease_end(static_cast<int>(lease.count())), columns),
      {owner, std::int64_t{limit}, static_cast<std::int64_t>(least)}));
  claimed.reserve(rows.size());
  for (const store::Row& row : rows) claimed.push_back(claimed_of(row));
  std::ranges::sort(claimed, {}, [](const Claimed& it) { return std::pair(it.message.priority, it.id); });
  return claimed;
}

Result<void> recover(Connection& connection, const std::string& owner, std::vector<Dropped>* dropped) {
  return take_back(connection, owner, dropped);
}

}  // namespace outbox
