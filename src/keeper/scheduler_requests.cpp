// The runs that somebody asks for by hand.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "keeper/scheduler.hpp"

namespace keeper {
namespace {

collect::RunReport not_begun_because(const std::string& collector, std::string reason, base::WallTime now) {
  collect::RunReport report;
  report.busy = true;
  report.run.collector = collector;
  report.run.started_at = now;
  report.run.finished_at = now;
  report.run.outcome = collect::Outcome::failed;
  report.run.failure_type = collect::FailureType::transient;
  report.run.error = std::move(reason);
  return report;
}

}  // namespace

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
  // The first that is in its way; nothing: it may begin.
  const auto obstacle = [&](const config::Collector& collector) -> std::string {
    if (!can_begin) return "the store does not answer, and nothing begins until it does";
    if (is_active(collector.name)) return "the daemon is collecting it already";
    if (group_is_busy(collector.concurrency_group))
      return fmt::format("another collector of its concurrency_group \"{}\" is under way",
                         collector.concurrency_group);
    if (active_.size() >= parts_.workers)
      return fmt::format("all workers of the daemon are busy ({} of {}, see `workers`)", active_.size(),
                         parts_.workers);
    return {};
  };
  std::deque<std::shared_ptr<Request>> waiting;
  for (std::shared_ptr<Request>& it : std::exchange(requests_, {})) {
    const std::string& name = it->collector->name;
    std::string reason = obstacle(*it->collector);
    if (it->stop.stop_requested()) {
      it->on_end(std::nullopt);
    } else if (!reason.empty() && parts_.clock.steady() >= it->deadline) {
      it->on_end(not_begun_because(name, std::move(reason), parts_.clock.wall()));
    } else if (reason.empty()) {
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
