// How often a user may ask (R5): in no window of `per` more than `calls`, by a log of the recent ones, so
// there is no edge between windows to gather at. Kept in the ledger, so that all machines and restarts count
// together; a line is forgotten when its window has passed.
//
//   Limits limits = TRY(Limits::load(connection, users, allowances, now));
//   if (!limits.allows(user, Bucket::commands)) say_so = limits.tell(user, "commands");   // once a window
//   limits.take(user, Bucket::commands);
//   TRY(limits.write(connection));
//
// For one transaction. A user that load() was not told of is a bug (CHECK).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bot/intent.hpp"
#include "store/database.hpp"

namespace bot {

struct Allowance {
  int calls = 5;
  base::Duration per{std::chrono::minutes{1}};
};
struct Allowances {
  Allowance commands{5, std::chrono::minutes{1}};
  Allowance navigation{60, std::chrono::minutes{1}};
  base::Duration told_for{
      std::chrono::minutes{1}};  // what is no limit of the user's is told once in this time
};

class Limits {
 public:
  static base::Result<Limits> load(store::Connection& connection, std::span<const std::int64_t> users,
                                   const Allowances& allowances, base::WallTime now);

  bool allows(std::int64_t user, Bucket bucket);
  void take(std::int64_t user, Bucket bucket);
  // How long until the next one is allowed; 0: now.
  base::Duration wait(std::int64_t user, Bucket bucket);
  // True once in a window: then the user is to be told. `what`: a bucket's name, or "full".
  bool tell(std::int64_t user, std::string_view what);

  base::Result<void> write(store::Connection& connection) const;

 private:
  struct Line {
    std::vector<std::int64_t> taken{};  // ms, the newest last
    std::int64_t told_at = 0;
    bool changed = false;
  };
  Limits(const Allowances& allowances, base::WallTime now);
  Line& line(std::int64_t user, std::string_view bucket);
  Line& recent(std::int64_t user, Bucket bucket);  // without what has left the window
  const Allowance& of(Bucket bucket) const;
  std::int64_t window_of(std::string_view bucket) const;

  Allowances allowances_;
  std::int64_t now_ = 0;  // ms
  std::vector<std::int64_t> users_;
  std::map<std::pair<std::int64_t, std::string>, Line> lines_;
};

// Lines that say nothing any more. Returns how many.
base::Result<std::int64_t> tidy_limits(store::Connection& connection, base::WallTime now, int limit);

}  // namespace bot
