// What is asked of a database before a program starts: whether it answers, how old its ledger is, whether it
// can be written, who has it, how its clock goes. Nothing is made or migrated, no lock is taken. A stop
// ends it; then what was found until then is the answer.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/database_address.hpp"
#include "program/findings.hpp"

namespace program {

enum class DatabaseUse { store, destination };

// `program`: "pulse", the name of its ledger too. `name`: "store", or the key under `databases`.
std::vector<Finding> check_database(const std::string& program, const std::string& name,
                                    const config::DatabaseAddress& address, DatabaseUse use,
                                    base::Clock& clock, std::stop_token stop);

// "process 1234 (since …)", who holds the lock file of this database; "" if nobody does, or nobody can tell.
std::string lock_holder(const std::filesystem::path& database);

}  // namespace program
