// The faults of the TCP fault proxy, and the words that set them: the same on the command line, on the
// control port and in tests. Each kind holds at most one rule; a new one replaces the old. Not thread-safe.
//
//   latency MS [jitter MS]    each direction
//   bandwidth BYTES           a second, each direction of each connection
//   reset BYTES               RST after so many answer bytes
//   truncate BYTES            FIN after so many answer bytes
//   half-open                 the request is forwarded; no answer, no end
//   black-hole                nothing is read
//   refuse                    RST at once
//   drop-answer N             the Nth exchange from now: forwarded, its answer swallowed, both sides closed
//   clear                     no faults
//
// "… count K" at the end: for K connections only (those open now come first), of drop-answer for K exchanges
// (default 1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace simulator {

struct FaultRule {
  enum class Kind { latency, bandwidth, reset, truncate, half_open, black_hole, refuse, drop_answer };
  static constexpr std::size_t kinds = 8;

  Kind kind = Kind::latency;
  std::uint64_t amount = 0;  // milliseconds, bytes or the number of the exchange
  std::uint64_t jitter = 0;  // milliseconds, ±
  std::optional<std::uint64_t> count{};
};

// nullopt: "clear". invalid_data names what is wrong.
base::Result<std::optional<FaultRule>> parse_rule(std::string_view text);

// A connection's part in the rules: which of them it may feel.
class RuleShare {
  friend class FaultRules;
  std::array<std::uint64_t, FaultRule::kinds> granted_{};  // the rule's serial number
};

class FaultRules {
 public:
  void set(const FaultRule& rule);
  void clear();

  // Hands the connection its share of each counted rule that has some left; once for each rule and
  // connection. True: a rule that counts answer bytes is new to it.
  bool grant(RuleShare& share);
  const FaultRule* find(const RuleShare& share, FaultRule::Kind kind) const;

  // Call at the begin of each exchange: is its answer to be swallowed?
  bool begin_exchange();

 private:
  struct Slot {
    FaultRule rule;
    std::uint64_t serial = 0;  // 0: not set
    std::uint64_t left = 0;    // connections
  };
  Slot& slot(FaultRule::Kind kind) { return slots_[static_cast<std::size_t>(kind)]; }

  std::array<Slot, FaultRule::kinds> slots_{};
  std::uint64_t last_serial_ = 0;
  std::uint64_t exchanges_ = 0;  // since drop_answer was set
};

}  // namespace simulator
