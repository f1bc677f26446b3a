// Equal questions at the same time are asked once: one caller asks, the others wait for its answer, each with
// its own deadline and stop. A failure is shared too, but not one that is the asker's alone: when it was
// stopped, or had little time left, those who have more of it go on and one of them asks anew.
//
//   const auto body = flights.run(key, deadline, stop, [&] { return fetch(question, deadline, stop); });
//
// Thread-safe. Errors: those of `ask`; timeout and cancelled of the waiting itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "resilience/wait_list.hpp"

namespace football {

using Body = std::shared_ptr<const std::string>;

// Of a failed asker: whose deadline is past this may do better, because it was stopped (min()), was short of
// time, or would have had to wait longer than it could. nullopt: the failure is everybody's.
std::optional<base::SteadyTime> better_after(const base::Error& error, base::SteadyTime deadline,
                                             const std::stop_token& stop, base::SteadyTime now);
// The waiting is over without an answer.
base::Error not_waited_for(resilience::WaitList::Result result);

class SingleFlight {
 public:
  explicit SingleFlight(base::Clock& clock) : clock_(clock) {}
  base::Result<Body> run(const std::string& key, base::SteadyTime deadline, const std::stop_token& stop,
                         const std::function<base::Result<Body>()>& ask);

 private:
  struct Flight {
    resilience::WaitList waiting;
    std::optional<base::Result<Body>> outcome;
    std::optional<base::SteadyTime> better_after;
  };
  base::Result<Body> lead(const std::string& key, const std::shared_ptr<Flight>& flight,
                          base::SteadyTime deadline, const std::stop_token& stop,
                          const std::function<base::Result<Body>()>& ask);

  base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace football
