// Games by id, gathered: while one request is under way, what others want collects, and whoever asks next
// takes as many of these ids along as a request may name. Nobody waits for the gathering itself.
//
//   auto told = batches.run({1, 2, 3}, deadline, stop, [&](const Ids& ids) { return ask_for(ids); });
//
// Thread-safe. An error spoils the ids of its request only, and not for those who may do better than the one
// who asked (single_flight.hpp): another takes over.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "football/models.hpp"
#include "resilience/wait_list.hpp"

namespace football {

class IdBatches {
 public:
  static constexpr std::size_t max_ids = 20;  // of one request, as the API allows
  using Ids = std::vector<std::int64_t>;
  using Games = std::map<std::int64_t, Fixture>;
  using Ask = std::function<base::Result<Games>(const Ids&)>;

  struct Told {
    Games games{};                  // an id the API does not know has none
    std::set<std::int64_t> open{};  // not answered, because of
    std::optional<base::Error> error{};
  };
  explicit IdBatches(base::Clock& clock) : clock_(clock) {}
  Told run(std::set<std::int64_t> ids, base::SteadyTime deadline, const std::stop_token& stop,
           const Ask& ask);

 private:
  struct Caller {
    Told told{};
    base::SteadyTime deadline{};
  };
  Ids take(const Told& mine) const;
  void hand_out(const Ids& ids, const base::Result<Games>& games,
                std::optional<base::SteadyTime> better_after);

  base::Clock& clock_;
  std::mutex mutex_;
  std::list<Caller*> callers_;  // on the stacks of their threads
  bool asking_ = false;
  resilience::WaitList turn_;
};

}  // namespace football
