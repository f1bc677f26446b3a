#include "sim/journal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace sim {
namespace {

using namespace std::chrono_literals;
using base::to_iso8601;

constexpr std::size_t faults_to_show = 20;

}  // namespace

void Journal::fault(std::string text) {
  if (faults_.size() < faults_to_show) faults_.push_back(std::move(text));
}

void Journal::launched(int keeper, const std::string& collector, std::size_t under_way, std::size_t workers) {
  std::multiset<std::string>& ours = launched_[keeper];
  if (ours.contains(collector)) fault(collector + " is launched while it is under way");
  if (under_way > workers) fault(fmt::format("{} runs for {} workers", under_way, workers));
  const std::string& group = fleet_.at(collector).entry.group;
  if (!group.empty())
    for (const std::string& other : ours)
      if (fleet_.at(other).entry.group == group)
        fault(fmt::format("{} and {} of {} are under way at once", collector, other, group));
  ours.insert(collector);
}

void Journal::not_begun(int keeper, const std::string& collector) {
  launched_[keeper].erase(launched_[keeper].find(collector));
}

void Journal::begun(int keeper, const collect::RunRecord& run, base::WallTime now) {
  ++runs_;
  const schedule::Entry& entry = fleet_.at(run.collector).entry;
  const std::string what = fmt::format("{} ({}) at {}", run.id, run.collector, to_iso8601(now));
  if (const auto other = under_way_.find(run.collector); other != under_way_.end())
    fault(fmt::format("{} begins beside {}", what, other->second.id));
  under_way_[run.collector] = {run.id, keeper};
  if (!run.slot) return;
  const base::WallTime slot = run.slot->time;
  if (entry.timetable->next(slot - 1us) != slot)
    fault(fmt::format("{} is for {}, which is no slot", what, to_iso8601(slot)));
  newest_[run.collector] = std::max(newest_[run.collector], slot);
  if (succeeded_[run.collector].contains(slot))
    fault(fmt::format("{} is for {}, which has had its success", what, to_iso8601(slot)));
  if (run.started_by == collect::StartedBy::request || near_jump(now)) return;
  if (const auto held = not_before_.find(run.collector); held != not_before_.end() && now < held->second)
    fault(fmt::format("{} begins in spite of a rate limit until {}", what, to_iso8601(held->second)));
  const bool is_first = known_.insert(run.collector).second;  // that one is due at once
  if (!is_first && !run.slot->again &&
      now < slot + std::chrono::floor<std::chrono::microseconds>(entry.offset()))
    fault(fmt::format("{} begins before its slot {}", what, to_iso8601(slot)));
}

void Journal::ended(int keeper, const collect::RunRecord& run) {
  not_begun(keeper, run.collector);
  under_way_.erase(run.collector);
  not_before_.erase(run.collector);
}

void Journal::recorded(const collect::RunRecord& run, std::optional<base::WallTime> retry_at) {
  if (!run.slot) return;
  if (collect::ended_well(run) && !succeeded_[run.collector].insert(run.slot->time).second)
    fault(fmt::format("{} is the second success of {}", run.id, to_iso8601(run.slot->time)));
  if (run.outcome == collect::Outcome::rate_limited && retry_at && *retry_at - *run.finished_at <= 24h)
    not_before_[run.collector] = *retry_at;
}

void Journal::died(int keeper) {
  launched_.erase(keeper);
  std::erase_if(under_way_, [&](const auto& it) { return it.second.keeper == keeper; });
}

std::optional<base::WallTime> Journal::newest(const std::string& collector) const {
  const auto found = newest_.find(collector);
  return found == newest_.end() ? std::nullopt : std::optional(found->second);
}

void Journal::clock_set(base::WallTime before, base::WallTime after) {
  jumps_.push_back(before);
  jumps_.push_back(after);
}

bool Journal::near_jump(base::WallTime time) const {
  return std::any_of(jumps_.begin(), jumps_.end(),
                     [&](base::WallTime it) { return time > it - 5h && time < it + 5h; });
}

}  // namespace sim
