// How PostgreSQL says what engines say differently. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "store/engine_dialect.hpp"

namespace store {

std::shared_ptr<const EngineDialect> postgres_dialect(std::string ledger = "pulse");

// As the server keeps it: at most 63 bytes, cut between characters.
std::string_view clip_identifier(std::string_view name);

}  // namespace store
