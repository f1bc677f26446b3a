// Collectors of one host that breaks for a while: the real scheduler, ledger, circuit, budgets and course of
// every request. Only the network is told, and time.
//
//   const Story story = tell({.outage = 40min, .how = Breakage::times_out, .seed = 7});
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace sim {

enum class Breakage { refuses_connections, times_out, answers_503, answers_429 };

struct Outage {
  base::Duration outage{};
  Breakage how = Breakage::refuses_connections;
  std::uint64_t seed = 1;
  int collectors = 16;
  std::string retry_after{};  // of answers_429; empty: it says nothing
};

struct Story {
  std::vector<base::Duration>
      fresh_after;         // of each collector, from the end of the outage to its first good run
  int calls_before = 0;    // requests while all was well
  int requests = 0;        // that the host saw, or would have, while it was broken
  int first_attempts = 0;  // of these
  int canaries = 0;        // of these
  int runs = 0;            // that ended badly
  int good_too_early = 0;  // runs that succeeded all the same: none
};

// All collectors have a slot as the outage begins, and one every hour.
Story tell(const Outage& outage);

}  // namespace sim
