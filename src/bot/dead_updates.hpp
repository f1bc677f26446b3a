// Dead letters among the updates: those that broke their transaction every time are kept here, so that the
// others can go on and a person can see what came. The rest of the bot never reads them again.
//
// Owner of the table {ledger}dead_updates. The functions work inside the caller's transaction. Errors: those
// of the database.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/database.hpp"
#include "telegram/types.hpp"

namespace bot {

inline constexpr std::size_t max_dead_text = 2000, max_dead_reason = 500;  // bytes

// As JSON: what of an update the bot reads. Its text or data has at most max_dead_text bytes.
std::string dead_body(const telegram::Update& update);

// One that is there already stays as it is.
base::Result<void> bury(store::Connection& connection, const telegram::Update& update,
                        const std::string& reason, base::WallTime now);

base::Result<std::int64_t> count_dead_updates(store::Connection& connection);

// Those that are older. Returns how many went.
base::Result<std::int64_t> tidy_dead_updates(store::Connection& connection, std::chrono::seconds older_than,
                                             const base::Clock& clock, int limit);

}  // namespace bot
