// How SQLite says what engines say differently. Pure; the functions it calls (sqlite_functions.hpp) exist on
// every SqliteConnection.
#pragma once

#include <memory>
#include <string>

#include "store/engine_dialect.hpp"

namespace store {

std::shared_ptr<const EngineDialect> sqlite_dialect(std::string ledger = "pulse");

}  // namespace store
