// Takes updates into the ledger (QU4): what came, what the user may do, the job, and the answer, all inside
// one transaction; afterwards the updates can be confirmed, for nothing of them can be lost. An update that
// comes again changes nothing.
//
//   TRY(session.transact(Access::write, stop, [&](Connection& c) -> Result<void> {
//     taken = TRY(intake.take(c, updates));
//     return move_offset(c, lease, offset, now);
//   }));
//
// Thread-safe. Errors: those of the database.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bot/limits.hpp"
#include "jobs/queue.hpp"
#include "store/database.hpp"
#include "telegram/types.hpp"

namespace bot {

struct IntakeOptions {
  jobs::QueueOptions queue{};
  Allowances allowances{};
  std::string username{};                 // the bot's own
  std::vector<std::int64_t> owners{};     // who may ask for /status
  std::function<std::string()> status{};  // HTML, for them
  std::string timezone{};                 // of the times that users see, for the help
};

struct Taken {
  std::int64_t updates = 0, repeated = 0;
  // accepted, full, too_many, duplicate, limited, shown, ignored → how many
  std::map<std::string, std::int64_t> by_fate{};
  bool has_jobs = false, has_messages = false;
  // The one of this transaction that could not be taken, and is kept as a dead letter instead.
  std::optional<std::int64_t> dead{};
  base::Code why_dead{};
};

class Intake {
 public:
  Intake(IntakeOptions options, const base::Clock& clock) : options_(std::move(options)), clock_(clock) {}
  // From the next take() on.
  void change(const Allowances& allowances, std::vector<std::int64_t> owners);
  base::Result<Taken> take(store::Connection& connection, std::span<const telegram::Update> updates) const;
  // For one that breaks the transaction every time: that it came, and a dead letter (dead_updates.hpp), or
  // without a reason only the former.
  base::Result<void> give_up(store::Connection& connection, const telegram::Update& update,
                             const std::optional<std::string>& reason) const;

 private:
  IntakeOptions options() const;

  mutable std::mutex mutex_;
  IntakeOptions options_;
  const base::Clock& clock_;
};

// Where a job's result goes, as jobs keep it.
struct Place {
  std::int64_t chat = 0;
  std::int64_t message_id = 0;  // to be replaced; 0: the placeholder is
  std::int64_t topic = 0;       // of a forum, for what is sent besides
};
std::string write_place(const Place& place);
base::Result<Place> read_place(const std::string& address);

// Lines of updates that cannot come again. Returns how many.
base::Result<std::int64_t> tidy_inbox(store::Connection& connection, std::chrono::seconds older_than,
                                      const base::Clock& clock, int limit);

}  // namespace bot
