// The runs that somebody asks for by hand.
#include <algorithm>
#include <utility>

#include "keeper/scheduler.hpp"

namespace keeper {

void Scheduler::request(Request request) {
  if (stopping_) {
    request.on_end(std::nullopt);
    return;
  }
  requests_.push_back(std::make_shared<Request>(std::move(request)));
}

bool Scheduler::group_is_busy(const std::string& group) const {
  if (group.empty()) return false;
  return std::any_of(active_.begin(), active_.end(), [&](const auto& it) {
    const auto member = roster_.find(it.second.name);
    return member && roster_.members[*member].entry.group == group;
  });
}

void Scheduler::start_requests(bool can_begin) {
  std::deque<std::shared_ptr<Request>> waiting;
  for (std::shared_ptr<Request>& it : std::exchange(requests_, {})) {
    const std::string& name = it->collector->name;
    const bool fits = can_begin && active_.size() < parts_.workers && !is_active(name) &&
                      !group_is_busy(it->collector->concurrency_group);
    if (it->stop.stop_requested() || (!fits && parts_.clock.steady() >= it->deadline)) {
      it->on_end(std::nullopt);
    } else if (fits) {
      if (const auto member = roster_.find(name)) {
        schedule::State state = planner_->state(*member);
        state.running = schedule::State::Running{parts_.clock.wall(), parts_.clock.wall()};
        planner_->update(*member, state);
      }
      launch(it->collector, it->options, it);
    } else {
      waiting.push_back(std::move(it));
    }
  }
  requests_.insert(requests_.begin(), waiting.begin(), waiting.end());
}

}  // namespace keeper
