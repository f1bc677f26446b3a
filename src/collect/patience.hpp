// A database server restarts, fails over, or loses a connection: what was under way is begun again, with
// growing pauses, until a deadline. The one place where collecting waits for a database.
//
//   const Patience patience{parts.clock, parts.rng, deadline, [&](const base::Error& error, base::Duration
//   next) {…}}; auto begun = patience.until([&](bool& of_server) { return ledger.begin(run, stop); }, stop);
//
// The work is called again after `unavailable` and `conflict`, unless it says that no server is at fault.
// A stop or the deadline ends the waiting with `cancelled`.
#pragma once

#include <functional>
#include <stop_token>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "resilience/backoff.hpp"

namespace collect {

struct Patience {
  base::Clock& clock;
  base::Rng& rng;
  base::SteadyTime deadline;
  std::function<void(const base::Error& error, base::Duration next)> on_wait;

  template <class Work>  // Result<T>(bool& of_server), which comes in as true
  auto until(const Work& work, const std::stop_token& stop) const -> std::invoke_result_t<Work, bool&> {
    using namespace std::chrono_literals;
    const resilience::Backoff backoff{.base = 100ms, .cap = 5s, .jitter = resilience::Jitter::equal};
    for (unsigned retry = 0;; ++retry) {
      bool of_server = true;
      auto result = work(of_server);
      if (result || !of_server) return result;
      const base::Error& error = result.error();
      if (error.code != base::Code::unavailable && error.code != base::Code::conflict) return result;
      const base::Duration left = deadline - clock.steady();
      const base::Duration pause = std::min(backoff.delay(retry, {}, rng), left);
      if (left <= 0s) return result;
      on_wait(error, pause);
      if (!clock.sleep_for(pause, stop))
        return base::error(base::Code::cancelled, "stopped while waiting for the database: {}",
                           error.message);
    }
  }
};

}  // namespace collect
