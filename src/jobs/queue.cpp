#include "jobs/queue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "store/batch.hpp"

namespace jobs {
namespace {

using base::Code;
using base::Result;
using store::Batch;
using store::Connection;

constexpr std::int64_t ids_of_queue = std::int64_t{1} << 40;
constexpr std::size_t max_error = 2000;

std::string_view to_string(Ending::How how) {
  switch (how) {
    case Ending::How::done: return "done";
    case Ending::How::failed: return "failed";
    case Ending::How::dead: return "dead";
  }
  return "dead";
}

std::optional<base::WallTime> time_in(const store::Row& row, std::size_t column) {
  const auto time = base::parse_timestamp(row.text(column));
  return time ? std::optional(*time) : std::nullopt;
}

base::Duration between(const store::Row& row, std::size_t from, std::size_t to) {
  const auto begin = time_in(row, from), end = time_in(row, to);
  return begin && end && *end > *begin ? base::Duration(*end - *begin) : base::Duration::zero();
}

// In the order of the ids: statements over the same jobs do not wait for each other in a circle.
Batch batch_of(std::span<const Claim> claims) {
  std::vector<Claim> sorted(claims.begin(), claims.end());
  std::ranges::sort(sorted, {}, &Claim::id);
  Batch batch({{"job", Batch::Kind::integer}, {"fence", Batch::Kind::integer}});
  for (const Claim& claim : sorted) batch.add({claim.id, claim.token});
  return batch;
}

std::vector<Claim> claims_of(const std::vector<store::Row>& rows) {
  std::vector<Claim> claims;
  claims.reserve(rows.size());
  for (const store::Row& row : rows) claims.push_back({row.integer(0), row.integer(1)});
  std::ranges::sort(claims, {}, &Claim::id);
  return claims;
}

// Behind a FROM of the batch above. The state is said as it stands in the index.
constexpr std::string_view still_held = " WHERE id = s.job AND token = s.fence AND state = 'running'";

}  // namespace

Result<void> open(Connection& connection, const QueueOptions& options) {
  if (options.capacity < 0)
    return base::error(Code::invalid_config, "the capacity of queue '{}' is {}: give 0 or more", options.name,
                       options.capacity);
  if (const auto wait = connection.dialect().take_turns(); !wait.empty())
    TRY(connection.query(wait, {"job_queues"}));
  TRY(connection.execute(
      "INSERT INTO {ledger}job_queues (name, capacity, last_id) VALUES ($1, $2, (SELECT count(*) FROM "
      "{ledger}job_queues) * $3) ON CONFLICT (name) DO UPDATE SET capacity = EXCLUDED.capacity",
      {options.name, options.capacity, ids_of_queue}));
  return {};
}

Result<std::vector<Job>> claim(Connection& connection, const QueueOptions& options, const std::string& owner,
                               int limit, std::chrono::seconds lease) {
  std::vector<Job> jobs;
  if (limit <= 0) return jobs;
  const auto& dialect = connection.dialect();
  auto rows = TRY(connection.query(
      fmt::format("WITH picked AS MATERIALIZED (SELECT id FROM {{ledger}}jobs WHERE queue = $1 AND state = "
                  "'queued' AND (not_before IS NULL OR not_before <= {{now}}) ORDER BY turn, id LIMIT $2{}) "
                  "UPDATE {{ledger}}jobs SET state = 'running', attempt = attempt + 1, token = token + 1, "
                  "owner = $3, lease_until = {}, not_before = NULL WHERE id IN (SELECT id FROM picked) "
                  "RETURNING turn, id, token, attempt, user_id, kind, payload, address, placeholder, "
                  "created_at, {{now}}",
                  dialect.skip_locked(), dialect.lease_end(static_cast<int>(lease.count()))),
      {options.name, std::int64_t{limit}, owner}));
  std::ranges::sort(rows, {},
                    [](const store::Row& row) { return std::pair(row.integer(0), row.integer(1)); });
  jobs.reserve(rows.size());
  for (const store::Row& row : rows) {
    Job& job = jobs.emplace_back();
    job.claim = {row.integer(1), row.integer(2)};
    job.attempt = static_cast<int>(row.integer(3));
    job.user = row.integer(4);
    job.kind = row.text(5);
    job.payload = row.text(6);
    job.address = row.text(7);
    if (!row.is_null(8)) job.placeholder = row.integer(8);
    job.waited = between(row, 9, 10);
    job.expired = job.waited > options.deadline;
    job.last_attempt = job.attempt >= options.max_attempts;
  }
  return jobs;
}

Result<void> put_overdue_first(Connection& connection, const QueueOptions& options) {
  const std::int64_t ago = -std::chrono::microseconds(options.deadline).count();
  TRY(connection.execute(
      fmt::format("UPDATE {{ledger}}jobs SET turn = 0 WHERE id IN (SELECT id FROM {{ledger}}jobs WHERE queue "
                  "= $1 AND "
                  "state = 'queued' AND turn > 0 AND created_at < {}{})",
                  store::from_now(connection.dialect(), "$2"), connection.dialect().skip_locked()),
      {options.name, ago}));
  return {};
}

// Where one process has the database, claims have no end that could be put off.
Result<std::vector<Claim>> renew(Connection& connection, std::span<const Claim> claims,
                                 std::chrono::seconds lease) {
  if (claims.empty()) return std::vector<Claim>{};
  const auto& dialect = connection.dialect();
  Batch batch = batch_of(claims);
  const std::string source = " FROM " + batch.source(dialect, 1, "s");
  const std::string sql =
      dialect.is_server()
          ? fmt::format("UPDATE {{ledger}}jobs SET lease_until = {}{}{} RETURNING id, token",
                        dialect.lease_end(static_cast<int>(lease.count())), source, still_held)
          : fmt::format("SELECT id, token{} JOIN {{ledger}}jobs{}", source, still_held);
  return claims_of(TRY(connection.query(sql, {batch.text()})));
}

Result<std::vector<Claim>> finish(Connection& connection, const QueueOptions& options,
                                  std::span<const Ending> endings) {
  std::vector<const Ending*> sorted;
  for (const Ending& ending : endings) {
    if (ending.result.size() > max_result)
      return base::error(Code::invalid_data, "the result of job {} has {} bytes; at most {} are kept",
                         ending.claim.id, ending.result.size(), max_result);
    if (!store::is_storable(ending.result))
      return base::error(Code::invalid_data, "the result of job {} must be UTF-8 without NUL bytes",
                         ending.claim.id);
    sorted.push_back(&ending);
  }
  if (sorted.empty()) return std::vector<Claim>{};
  std::ranges::sort(sorted, {}, [](const Ending* ending) { return ending->claim.id; });
  Batch batch(
      {{"job", Batch::Kind::integer}, {"fence", Batch::Kind::integer}, {"how"}, {"output"}, {"reason"}});
  const auto text_or_null = [](std::string_view text) {
    return text.empty() ? store::Param() : store::Param(text);
  };
  for (const Ending* ending : sorted) {
    const std::string error = store::is_storable(ending->error) ? base::shorten(ending->error, max_error)
                                                                : "an error text that is not UTF-8";
    batch.add({ending->claim.id, ending->claim.token, to_string(ending->how), text_or_null(ending->result),
               text_or_null(error)});
  }
  const auto rows = TRY(connection.query(
      fmt::format("UPDATE {{ledger}}jobs SET state = s.how, result = s.output, error = s.reason, finished_at "
                  "= {{now}}, owner = NULL, lease_until = NULL FROM {}{} AND queue = $2 "
                  "RETURNING id, token, turn",
                  batch.source(connection.dialect(), 1, "s"), still_held),
      {batch.text(), options.name}));
  if (rows.empty()) return std::vector<Claim>{};
  std::int64_t turn = 0;
  for (const store::Row& row : rows) turn = std::max(turn, row.integer(2));
  // A line of its own: who ends jobs waits for nobody who admits or ends others.
  TRY(connection.execute("INSERT INTO {ledger}job_places (queue, places, turn) VALUES ($1, $2, $3)",
                         {options.name, static_cast<std::int64_t>(rows.size()), turn}));
  return claims_of(rows);
}

Result<void> give_back(Connection& connection, std::span<const Claim> claims, bool attempt_counts,
                       base::Duration wait) {
  if (claims.empty()) return {};
  Batch batch = batch_of(claims);
  const auto& dialect = connection.dialect();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(wait).count();
  TRY(connection.execute(
      fmt::format("UPDATE {{ledger}}jobs SET state = 'queued', owner = NULL, lease_until = NULL, attempt = "
                  "attempt - $2, not_before = CASE WHEN CAST($3 AS {{bigint}}) > 0 THEN {} END FROM {}{}",
                  store::from_now(dialect, "$3"), batch.source(dialect, 1, "s"), still_held),
      {batch.text(), std::int64_t{attempt_counts ? 0 : 1}, std::int64_t{micros}}));
  return {};
}

Result<std::int64_t> recover(Connection& connection, const QueueOptions& options, bool all) {
  return connection.execute(
      fmt::format("UPDATE {{ledger}}jobs SET state = 'queued', owner = NULL, lease_until = NULL WHERE id IN "
                  "(SELECT id FROM {{ledger}}jobs WHERE queue = $1 AND state = 'running'{}{})",
                  all ? "" : " AND lease_until < {now}", connection.dialect().skip_locked()),
      {options.name});
}

Result<std::optional<Kept>> result(Connection& connection, std::int64_t id) {
  const auto rows = TRY(connection.query(
      "SELECT user_id, address, result FROM {ledger}jobs WHERE id = $1 AND result IS NOT NULL", {id}));
  if (rows.empty()) return std::nullopt;
  return Kept{.user = rows[0].integer(0), .address = rows[0].text(1), .result = rows[0].text(2)};
}

Result<Standing> standing(Connection& connection, const QueueOptions& options) {
  Standing standing;
  const auto queue = TRY(connection.query(
      "SELECT q.capacity, q.used - CAST((SELECT coalesce(sum(places), 0) FROM {ledger}job_places "
      "WHERE queue = q.name) AS {bigint}), "
      "(SELECT count(*) FROM {ledger}jobs WHERE queue = q.name AND state = 'queued'), "
      "(SELECT count(*) FROM {ledger}jobs WHERE queue = q.name AND state = 'running'), "
      "(SELECT min(created_at) FROM {ledger}jobs WHERE queue = q.name AND state = 'queued'), {now} "
      "FROM {ledger}job_queues AS q WHERE q.name = $1",
      {options.name}));
  if (queue.empty())
    return base::error(Code::conflict, "there is no queue '{}': open it at start", options.name);
  standing.capacity = queue[0].integer(0);
  standing.used = queue[0].integer(1);
  standing.queued = queue[0].integer(2);
  standing.running = queue[0].integer(3);
  if (!queue[0].is_null(4)) standing.oldest = between(queue[0], 4, 5);
  const auto ended = TRY(connection.query(
      fmt::format("SELECT state, count(*) FROM {{ledger}}jobs WHERE queue = $1 AND finished_at > {} GROUP BY "
                  "state",
                  store::from_now(connection.dialect(), "$2")),
      {options.name, -std::int64_t{std::chrono::microseconds(std::chrono::hours(24)).count()}}));
  for (const store::Row& row : ended) standing.ended[row.text(0)] = row.integer(1);
  return standing;
}

Result<std::int64_t> tidy(Connection& connection, std::chrono::seconds older_than, int limit) {
  return connection.execute(
      fmt::format(
          "DELETE FROM {{ledger}}jobs WHERE id IN (SELECT id FROM {{ledger}}jobs WHERE finished_at < {} "
          "ORDER BY finished_at LIMIT $2{})",
          store::from_now(connection.dialect(), "$1"), connection.dialect().skip_locked()),
      {-std::int64_t{std::chrono::microseconds(older_than).count()}, std::int64_t{limit}});
}

}  // namespace jobs
