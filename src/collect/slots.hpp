// Owner of the table schedule_slots (migrations/0004_collect_slots.sql): which fire times of a schedule were
// claimed by a run, wait for another try, are done, or were missed. A slot is claimed once over all processes
// (SC4): in the transaction that begins its run, and settled in the one that ends it.
//
//   if (!TRY(Slots(connection, now).claim(run))) …            // somebody else has it
//   TRY(Slots(connection, now).settle(run, open));
//
// For the ledger's transactions; lives inside of one.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "collect/outcome.hpp"
#include "schedule/decision.hpp"
#include "store/database.hpp"

namespace collect {

struct MissedSlots {
  std::string collector;
  base::WallTime first{}, last{};  // and all between
  schedule::MissedReason reason = schedule::MissedReason::superseded;
};

class Slots {
 public:
  Slots(store::Connection& connection, base::WallTime now);

  // run.slot, or if it names none the one that is open, which then stands in run.slot. A slot that was not
  // claimed before must be newer than all we know, but for what a wrong clock left there; what was open until
  // now gets no further try. False: another process was first.
  base::Result<bool> claim(RunRecord& run);
  // The slot of a run that began and whose first line is there already.
  base::Result<void> read(RunRecord& run);
  // The run has ended; `open`: its slot is to be tried again.
  base::Result<void> settle(const RunRecord& run, const std::optional<schedule::OpenSlot>& open);
  // Its process died; `alive`: when it was heard of last.
  base::Result<void> put_back(const RunRecord& lost, base::WallTime alive);
  // False: another process has claimed or missed one of them, or the run that they overlap has ended.
  base::Result<bool> miss(const MissedSlots& missed);

 private:
  base::Result<void> take_turns(const std::string& collector);
  base::Result<bool> is_running(const std::string& collector);
  base::Result<bool> is_passed(const std::string& collector, std::string_view slot);

  store::Connection& connection_;
  const std::string now_, believable_;
};

// A slot that is open, as claim() and put_back() left it.
std::optional<schedule::OpenSlot> read_open(const store::Row& row, std::size_t slot, std::size_t reason,
                                            std::size_t first_failed, std::size_t try_at);

}  // namespace collect
