#include "outbox/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "outbox/dropping.hpp"
#include "store/batch.hpp"

namespace outbox {
namespace {

using base::Code;
using base::Result;
using store::Batch;
using store::Connection;

constexpr std::size_t max_word = 256;   // bytes of a channel, an address, an action
constexpr std::size_t max_note = 2000;  // bytes of a receipt, a reason

std::int64_t micros(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// What other systems said, as far as it can be kept.
std::string note(const std::string& text) {
  return store::is_storable(text) ? base::shorten(text, max_note) : "a text that is not UTF-8";
}

Result<void> check(const Message& message) {
  for (const std::string* word : {&message.channel, &message.address, &message.action})
    if (word->size() > max_word || !store::is_storable(*word))
      return base::error(Code::invalid_data,
                         "a message's channel, address and action are UTF-8 of at most {} bytes; one has {}",
                         max_word, word->size());
  if (message.body.size() > max_body)
    return base::error(Code::invalid_data, "a message has a body of {} bytes: send at most {}",
                       message.body.size(), max_body);
  if (!store::is_storable(message.body))
    return base::error(Code::invalid_data, "a message's body must be UTF-8 without NUL bytes: encode it");
  return {};
}

}  // namespace

// ---- those that stand behind others ----

Result<std::vector<store::Row>> lock_leaders(Connection& connection, const std::set<std::int64_t>& ids) {
  if (ids.empty()) return std::vector<store::Row>{};
  Batch batch = store::batch_of_ids({ids.begin(), ids.end()});
  return connection.query(
      fmt::format("SELECT id, state FROM {{ledger}}outbox WHERE id IN (SELECT s.id FROM {}) ORDER BY id{}",
                  batch.source(connection.dialect(), 1, "s"),
                  connection.dialect().is_server() ? " FOR UPDATE" : ""),
      {batch.text()});
}

Result<void> supersede(Connection& connection, const std::set<std::int64_t>& leaders) {
  if (leaders.empty()) return {};
  Batch batch = store::batch_of_ids({leaders.begin(), leaders.end()});
  const auto gone = TRY(connection.query(
      fmt::format(
          "UPDATE {{ledger}}outbox SET state = 'dropped', reason = 'superseded', ended_at = {{now}} "
          "WHERE state = 'pending' AND state IN ('pending', 'sending') AND behind IN (SELECT s.id FROM "
          "{}) AND id < (SELECT max(newer.id) FROM {{ledger}}outbox AS newer WHERE newer.behind = "
          "{{ledger}}outbox.behind AND newer.state IN ('pending', 'sending')) "
          "RETURNING id",
          batch.source(connection.dialect(), 1, "s")),
      {batch.text()}));
  std::vector<std::int64_t> ids;
  for (const store::Row& row : gone) ids.push_back(row.integer(0));
  return drop_followers(connection, std::move(ids), nullptr);
}

Result<void> supersede_behind(Connection& connection, const std::vector<store::Row>& rows) {
  std::set<std::int64_t> leaders;
  for (const store::Row& row : rows)
    if (!row.is_null(0)) leaders.insert(row.integer(0));
  TRY(lock_leaders(connection, leaders));
  return supersede(connection, leaders);
}

namespace {

Result<std::set<std::int64_t>> dropped_leaders(Connection& connection,
                                               const std::set<std::int64_t>& leaders) {
  std::set<std::int64_t> dropped;
  const auto rows = TRY(lock_leaders(connection, leaders));
  std::set<std::int64_t> missing = leaders;
  for (const store::Row& row : rows) {
    missing.erase(row.integer(0));
    if (row.text(1) == "dropped") dropped.insert(row.integer(0));
  }
  if (!missing.empty())
    return base::error(Code::conflict, "message {} does not exist (any more): send without `after`",
                       *missing.begin());
  return dropped;
}

}  // namespace

// ---- adding ----

Result<std::vector<std::int64_t>> add(Connection& connection, std::span<const Message> messages) {
  std::vector<std::int64_t> ids;
  if (messages.empty()) return ids;
  std::set<std::int64_t> leaders;
  for (const Message& message : messages) {
    TRY(check(message));
    if (message.after) leaders.insert(*message.after);
  }
  const auto dropped = TRY(dropped_leaders(connection, leaders));
  using Kind = Batch::Kind;
  Batch batch({{"channel"},
               {"address"},
               {"action"},
               {"body"},
               {"priority", Kind::integer},
               {"behind", Kind::integer},
               {"repeatable", Kind::integer},
               {"state"},
               {"reason"},
               {"wait", Kind::integer},
               {"life", Kind::integer}});
  for (const Message& it : messages) {
    const auto duration = [](const std::optional<base::Duration>& value) {
      return value ? store::Param(std::int64_t{micros(*value)}) : store::Param();
    };
    const bool late = it.after && dropped.contains(*it.after);
    batch.add({it.channel, it.address, it.action, it.body, static_cast<std::int64_t>(it.priority),
               it.after ? store::Param(*it.after) : store::Param(), std::int64_t{it.repeatable ? 1 : 0},
               std::string_view(late ? "dropped" : "pending"), late ? store::Param(orphaned) : store::Param(),
               duration(it.delay), duration(it.lifetime)});
  }
  const auto& dialect = connection.dialect();
  const auto rows = TRY(connection.query(
      fmt::format(
          "INSERT INTO {{ledger}}outbox (channel, address, action, body, priority, behind, repeatable, "
          "state, reason, not_before, expires_at, created_at, ended_at) SELECT s.channel, s.address, "
          "s.action, s.body, s.priority, s.behind, s.repeatable, s.state, s.reason, CASE WHEN s.wait > "
          "0 THEN {} END, CASE WHEN s.life IS NOT NULL THEN {} END, {{now}}, CASE WHEN s.state = "
          "'dropped' THEN {{now}} END FROM {} ORDER BY s.place RETURNING id",
          store::from_now(dialect, "s.wait"), store::from_now(dialect, "s.life"),
          batch.source(dialect, 1, "s")),
      {batch.text()}));
  for (const store::Row& row : rows) ids.push_back(row.integer(0));
  std::ranges::sort(ids);  // numbered in the order of the batch
  TRY(supersede(connection, leaders));
  return ids;
}

Result<std::int64_t> add(Connection& connection, const Message& message) {
  return TRY(add(connection, std::span(&message, 1))).at(0);
}

// ---- settling ----

namespace {

Result<void> settle_sent(Connection& connection, std::span<const Settled* const> settled) {
  Batch batch({{"message", Batch::Kind::integer}, {"fence", Batch::Kind::integer}, {"proof"}});
  for (const Settled* it : settled) {
    const std::string receipt = note(it->receipt);
    batch.add({it->id, std::int64_t{it->attempt}, receipt});
  }
  TRY(connection.execute(
      fmt::format(
          "UPDATE {{ledger}}outbox SET state = 'sent', receipt = s.proof, reason = NULL, ended_at = "
          "{{now}}, owner = NULL, lease_until = NULL FROM {} WHERE id = s.message AND attempt = s.fence "
          "AND state = 'sending'",
          batch.source(connection.dialect(), 1, "s")),
      {batch.text()}));
  return {};
}

// A newer one may stand behind the same message by now: then this one is not sent again.
Result<void> settle_again(Connection& connection, std::span<const Settled* const> settled) {
  Batch batch({{"message", Batch::Kind::integer},
               {"fence", Batch::Kind::integer},
               {"because"},
               {"wait", Batch::Kind::integer},
               {"uncounted", Batch::Kind::integer}});
  for (const Settled* it : settled) {
    const std::string reason = note(it->reason);
    batch.add({it->id, std::int64_t{it->attempt}, reason, std::int64_t{micros(it->wait)},
               std::int64_t{it->attempt_counts ? 0 : 1}});
  }
  const auto& dialect = connection.dialect();
  const std::string source = batch.source(dialect, 1, "s");
  const auto behind = TRY(connection.query(
      fmt::format(
          "SELECT DISTINCT behind FROM {{ledger}}outbox WHERE id IN (SELECT s.message FROM {}) AND behind "
          "IS NOT NULL",
          source),
      {batch.text()}));
  std::set<std::int64_t> leaders;
  for (const store::Row& row : behind) leaders.insert(row.integer(0));
  TRY(lock_leaders(connection, leaders));
  TRY(connection.execute(
      fmt::format(
          "UPDATE {{ledger}}outbox SET state = 'pending', reason = CASE WHEN s.because = '' THEN reason "
          "ELSE s.because END, attempt = attempt - s.uncounted, not_before = CASE WHEN s.wait > 0 THEN "
          "{} END, owner = NULL, lease_until = NULL FROM {} WHERE id = s.message AND attempt = s.fence "
          "AND state = 'sending'",
          store::from_now(dialect, "s.wait"), source),
      {batch.text()}));
  return supersede(connection, leaders);
}

Result<void> settle_dropped(Connection& connection, std::span<const Settled* const> settled) {
  Batch batch({{"message", Batch::Kind::integer}, {"fence", Batch::Kind::integer}, {"because"}});
  for (const Settled* it : settled) {
    const std::string reason = note(it->reason);
    batch.add({it->id, std::int64_t{it->attempt}, reason});
  }
  const auto rows = TRY(connection.query(
      fmt::format(
          "UPDATE {{ledger}}outbox SET state = 'dropped', reason = s.because, ended_at = {{now}}, owner = "
          "NULL, lease_until = NULL FROM {} WHERE id = s.message AND attempt = s.fence AND state = "
          "'sending' RETURNING id",
          batch.source(connection.dialect(), 1, "s")),
      {batch.text()}));
  std::vector<std::int64_t> ids;
  for (const store::Row& row : rows) ids.push_back(row.integer(0));
  return drop_followers(connection, std::move(ids), nullptr);
}

}  // namespace

Result<void> settle(Connection& connection, std::span<const Settled> settled) {
  std::vector<const Settled*> sent, again, dropped;
  for (const Settled& it : settled)
    (it.how == Settled::How::sent ? sent : it.how == Settled::How::again ? again : dropped).push_back(&it);
  for (auto* list : {&sent, &again, &dropped}) std::ranges::sort(*list, {}, &Settled::id);
  if (!sent.empty()) TRY(settle_sent(connection, sent));
  if (!dropped.empty()) TRY(settle_dropped(connection, dropped));
  if (!again.empty()) TRY(settle_again(connection, again));
  return {};
}

Result<void> give_back(Connection& connection, const std::string& owner,
                       const std::vector<std::int64_t>& keep) {
  Batch batch = store::batch_of_ids(keep);
  const auto rows = TRY(connection.query(
      fmt::format(
          "UPDATE {{ledger}}outbox SET state = 'pending', attempt = attempt - 1, owner = NULL, "
          "lease_until = NULL WHERE state = 'sending' AND owner = $2 AND id NOT IN (SELECT s.id FROM {}) "
          "RETURNING behind",
          batch.source(connection.dialect(), 1, "s")),
      {batch.text(), owner}));
  return supersede_behind(connection, rows);
}

// ---- looking after it ----

Result<Standing> standing(Connection& connection) {
  Standing standing;
  const auto rows = TRY(connection.query(
      "SELECT (SELECT count(*) FROM {ledger}outbox WHERE state = 'pending'), (SELECT count(*) FROM "
      "{ledger}outbox WHERE state = 'sending'), (SELECT min(m.created_at) FROM {ledger}outbox AS m WHERE "
      "m.state "
      "= 'pending' AND (m.not_before IS NULL OR m.not_before <= {now}) AND (m.behind IS NULL OR EXISTS "
      "(SELECT "
      "1 FROM {ledger}outbox AS leader WHERE leader.id = m.behind AND leader.state = 'sent'))), {now}"));
  standing.pending = rows.at(0).integer(0);
  standing.sending = rows[0].integer(1);
  const auto oldest = base::parse_timestamp(rows[0].text(2)), now = base::parse_timestamp(rows[0].text(3));
  if (oldest && now) standing.oldest = std::max(base::Duration(*now - *oldest), base::Duration::zero());
  return standing;
}

// The newest stays: SQLite gives its number away again. So do those that something unsent stands behind.
Result<std::int64_t> tidy(Connection& connection, std::chrono::seconds older_than, int limit) {
  return connection.execute(
      fmt::format(
          "DELETE FROM {{ledger}}outbox WHERE id IN (SELECT m.id FROM {{ledger}}outbox AS m WHERE "
          "m.ended_at < {} AND m.id < (SELECT max(id) FROM {{ledger}}outbox) AND NOT EXISTS (SELECT 1 "
          "FROM {{ledger}}outbox AS f WHERE f.behind = m.id AND f.state IN ('pending', 'sending')) ORDER "
          "BY m.ended_at LIMIT $2{})",
          store::from_now(connection.dialect(), "$1"), connection.dialect().skip_locked()),
      {-std::int64_t{micros(older_than)}, std::int64_t{limit}});
}

Result<std::int64_t> readdress(Connection& connection, std::string_view channel, std::string_view action,
                               std::string_view from, std::string_view to) {
  return connection.execute(
      "UPDATE {ledger}outbox SET address = $4 WHERE state = 'pending' AND state IN ('pending', 'sending') "
      "AND address = $3 AND channel = $1 AND action = $2",
      {channel, action, from, to});
}

}  // namespace outbox
