#include "football/id_batches.hpp"

#include <algorithm>
#include <utility>

#include "football/single_flight.hpp"

namespace football {

using resilience::WaitList;

// Its own first: it cannot know who else stays.
IdBatches::Ids IdBatches::take(const Told& mine) const {
  Ids ids;
  const auto add = [&](const std::set<std::int64_t>& open) {
    for (const std::int64_t id : open)
      if (ids.size() < max_ids && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  };
  add(mine.open);
  for (const Caller* caller : callers_)
    if (!caller->told.error) add(caller->told.open);
  return ids;
}

void IdBatches::hand_out(const Ids& ids, const base::Result<Games>& games,
                         std::optional<base::SteadyTime> better_after) {
  for (Caller* caller : callers_) {
    Told& told = caller->told;
    for (const std::int64_t id : ids) {
      if (!told.open.contains(id)) continue;
      if (!games) {
        if (!better_after || caller->deadline <= *better_after) told.error = games.error();
        break;
      }
      told.open.erase(id);
      if (const auto game = games->find(id); game != games->end()) told.games.insert(*game);
    }
  }
}

IdBatches::Told IdBatches::run(std::set<std::int64_t> ids, base::SteadyTime deadline,
                               const std::stop_token& stop, const Ask& ask) {
  Caller me{{.open = std::move(ids)}, deadline};
  Told& mine = me.told;
  std::unique_lock lock(mutex_);
  const auto place = callers_.insert(callers_.end(), &me);
  while (!mine.open.empty() && !mine.error) {
    if (asking_) {
      const WaitList::Result result = turn_.wait(lock, clock_, deadline, stop);
      if (result != WaitList::Result::called && !mine.open.empty() && !mine.error)
        mine.error = not_waited_for(result);
      continue;
    }
    asking_ = true;
    const Ids batch = take(mine);
    lock.unlock();
    base::Result<Games> games = base::error(base::Code::internal, "API-Football: the question broke");
    try {
      games = ask(batch);
    } catch (const std::exception& broken) {  // those who wait must hear of it
      games = base::error(base::Code::internal, "API-Football: {}", broken.what());
    }
    lock.lock();
    asking_ = false;
    if (games) {
      hand_out(batch, games, {});
    } else {
      hand_out(batch, games, better_after(games.error(), deadline, stop, clock_.steady()));
      mine.error = games.error();
    }
    turn_.call_all();
  }
  callers_.erase(place);
  return mine;
}

}  // namespace football
