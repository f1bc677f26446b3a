// Which process speaks with Telegram (TG6): the holder of the bot's lease asks for updates and delivers the
// outbox. A holder that stops renewing loses it after 3 s to whoever asks; the token that grows with each
// holder keeps the old one from writing. By the database's clock. Where one process has the database, there
// is nobody to share with, and the lease is always given.
//
// The next offset stands here too, so that it moves in the transaction that took the updates (QU4).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace bot {

inline constexpr std::chrono::seconds lease_time{3}, lease_renewal{1};

struct Lease {
  std::int64_t bot = 0;  // the bot's own id
  std::string owner{};   // host and process
  std::int64_t token = 0;
};

// Takes the bot's lease, or renews it if `lease.token` is the current one. False: somebody else has it.
base::Result<bool> hold(store::Connection& connection, Lease& lease);
// Gives it back, so that another can have it at once.
base::Result<void> release(store::Connection& connection, const Lease& lease);

// From where to ask next. 0 after a week without updates: Telegram may then have begun to count anew.
base::Result<std::int64_t> next_offset(store::Connection& connection, const Lease& lease, base::WallTime now);
// Inside the transaction that took the updates below `offset`. False: the lease is no longer ours, so the
// transaction must not be committed.
base::Result<bool> move_offset(store::Connection& connection, const Lease& lease, std::int64_t offset,
                               base::WallTime now);

}  // namespace bot
