// What users have chosen, in the ledger. A user without a line has the defaults.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "base/result.hpp"
#include "store/database.hpp"

namespace bot {

struct UserSettings {
  int minimum_confidence = 60;  // tenths: picks below are not shown
};

// Of these users; those without a line are left out.
base::Result<std::map<std::int64_t, UserSettings>> load_settings(store::Connection& connection,
                                                                 std::span<const std::int64_t> users);
base::Result<void> save_settings(store::Connection& connection, std::int64_t user,
                                 const UserSettings& settings);

}  // namespace bot
