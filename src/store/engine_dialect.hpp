// A dialect together with the words in braces that stand for its own in SQL, both for a ledger of some name:
// {pulse}runs, or {ledger}runs, is a table of it, whatever its name. Immutable; shared by the connections.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "store/dialect.hpp"
#include "store/sql_text.hpp"

namespace store {

class EngineDialect : public Dialect {
 public:
  virtual std::span<const Word> words() const = 0;

 protected:
  // The name becomes part of others, which PostgreSQL cuts at 63 bytes, and is never quoted.
  explicit EngineDialect(std::string ledger) : ledger_(std::move(ledger)) {
    CHECK(!ledger_.empty() && ledger_.size() <= 16 &&
              ledger_.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos,
          "a ledger's name is 1 to 16 of a to z");
  }
  const std::string ledger_;
};

}  // namespace store
