// Judges what the ledger holds in the end, from the timetables and the rows alone: what became of every slot.
#pragma once

#include "sim/keeper.hpp"

namespace sim {

struct Verdict {
  std::int64_t slots = 0, done = 0, missed = 0, runs = 0, gave_up = 0;
};

// All is on record that was due by `until`; what is wrong goes into the world's journal.
Verdict judge(World& world, base::WallTime until);
// From `since` on all went well: every slot began in time.
void judge_calm(World& world, base::WallTime since);

}  // namespace sim
