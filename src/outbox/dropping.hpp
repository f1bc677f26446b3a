// Private to outbox: what stands behind other messages, and ends with them undelivered.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "outbox/outbox.hpp"

namespace outbox {

// The reason of those that stood behind a dropped one.
inline constexpr std::string_view orphaned = "its message was dropped";

// Drops all that is pending behind these, and behind those. They were dropped in this transaction.
base::Result<void> drop_followers(store::Connection& connection, std::vector<std::int64_t> ids,
                                  std::vector<Dropped>* dropped);

// Locks what others stand behind, in the order of the ids, and gives id and state. From here to the end of
// the transaction nobody else adds behind them, puts back what stands behind them, or ends them.
base::Result<std::vector<store::Row>> lock_leaders(store::Connection& connection,
                                                   const std::set<std::int64_t>& ids);

// Of those behind the same message the newest stays; what is pending and older is dropped.
base::Result<void> supersede(store::Connection& connection, const std::set<std::int64_t>& leaders);
// The same behind all that rows (of one column, `behind`) name: they are pending again.
base::Result<void> supersede_behind(store::Connection& connection, const std::vector<store::Row>& rows);

}  // namespace outbox
