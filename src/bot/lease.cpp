#include "bot/lease.hpp"

#include <fmt/format.h>

namespace bot {
namespace {

constexpr std::chrono::hours silence{7 * 24};

}  // namespace

base::Result<bool> hold(store::Connection& connection, Lease& lease) {
  const std::string end = connection.dialect().lease_end(static_cast<int>(lease_time.count()));
  TRY(connection.execute(
      "INSERT INTO {ledger}poller_lease (bot, owner, token) VALUES ($1, '', 0) ON CONFLICT DO "
      "NOTHING",
      {lease.bot}));
  if (lease.token != 0)
    return TRY(connection.execute(
               fmt::format("UPDATE {{ledger}}poller_lease SET lease_until = {} WHERE bot = $1 AND token = $2",
                           end),
               {lease.bot, lease.token})) == 1;
  const auto rows = TRY(connection.query(
      fmt::format(
          "UPDATE {{ledger}}poller_lease SET owner = $2, token = token + 1, lease_until = {} WHERE bot = $1 "
          "AND (lease_until IS NULL OR lease_until < {{now}}) RETURNING token",
          end),
      {lease.bot, lease.owner}));
  if (rows.empty()) return false;
  lease.token = rows[0].integer(0);
  return true;
}

base::Result<void> release(store::Connection& connection, const Lease& lease) {
  TRY(connection.execute("UPDATE {ledger}poller_lease SET lease_until = NULL WHERE bot = $1 AND token = $2",
                         {lease.bot, lease.token}));
  return {};
}

base::Result<std::int64_t> next_offset(store::Connection& connection, const Lease& lease,
                                       base::WallTime now) {
  const auto rows = TRY(
      connection.query("SELECT next_offset, moved_at FROM {ledger}poller_lease WHERE bot = $1", {lease.bot}));
  if (rows.empty()) return 0;
  const std::int64_t quiet = base::epoch_milliseconds(now) - rows[0].integer(1);
  return quiet > std::chrono::milliseconds(silence).count() ? 0 : rows[0].integer(0);
}

base::Result<bool> move_offset(store::Connection& connection, const Lease& lease, std::int64_t offset,
                               base::WallTime now) {
  return TRY(connection.execute(
             "UPDATE {ledger}poller_lease SET next_offset = $3, moved_at = $4 WHERE bot = $1 AND token = $2",
             {lease.bot, lease.token, offset, base::epoch_milliseconds(now)})) == 1;
}

}  // namespace bot
