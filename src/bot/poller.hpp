// Asks Telegram for updates and takes them: the next question, which confirms them, is asked only after they
// were committed (QU4, SS6). Nothing that happens on the way ends it: conflicts with another poller, a
// network that is gone, a database that does not answer, an update that nobody can read.
//
//   Poller poller(database, clock, rng, api, intake, lease, options);
//   poller.run(stop);
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "bot/intake.hpp"
#include "bot/lease.hpp"
#include "bot/taker.hpp"
#include "resilience/backoff.hpp"
#include "store/database.hpp"
#include "telegram/api.hpp"

namespace bot {

struct PollerOptions {
  std::chrono::seconds timeout{50};              // of one long poll
  int limit = 100;                               // updates of one answer
  std::function<void(const Taken&)> on_taken{};  // after the commit
  // What a person may want to know; `critical`: a person must act.
  std::function<void(bool critical, const std::string&)> on_trouble{};
  std::function<void()> on_well{};  // Telegram answers again, after some
};

class Poller {
 public:
  Poller(store::Database& database, base::Clock& clock, base::Rng rng, telegram::Api& api,
         const Intake& intake, Lease lease, PollerOptions options);
  // Until the stop, or until the lease has gone to another process.
  void run(std::stop_token stop);

 private:
  enum class Next { ask, give_up };
  Next take(std::vector<telegram::Update> updates, const std::stop_token& stop);
  void wait_after(const telegram::Reply& reply, const std::stop_token& stop);
  bool pause(base::Duration at_least, const std::stop_token& stop);
  base::Result<std::int64_t> stored_offset(const std::stop_token& stop);
  void while_quiet(base::Duration took, const std::stop_token& stop);

  store::Database& database_;
  base::Clock& clock_;
  base::Rng rng_;
  telegram::Api& api_;
  const Lease lease_;
  const PollerOptions options_;
  std::int64_t offset_ = 0;
  const Taker taker_;
  int failures_ = 0;           // in a row
  base::SteadyTime looked_{};  // when the offset was read last
};

}  // namespace bot
