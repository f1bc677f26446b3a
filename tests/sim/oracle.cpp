#include "sim/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "store/testing.hpp"

namespace sim {
namespace {

using namespace std::chrono_literals;
using base::to_iso8601;
using base::WallTime;

constexpr std::size_t no_limit = 1'000'000;

std::optional<WallTime> time_of(const store::Row& row, std::size_t column) {
  const auto time = base::parse_timestamp(row.text(column));
  return time ? std::optional(*time) : std::nullopt;
}

struct SlotRow {
  WallTime slot, first, updated;
  std::string state, reason, run;
};
struct RunRow {
  std::string id, state, started_by, failure_type;
  WallTime started;
  std::optional<WallTime> finished, slot, first_failed;
  bool is_success = false;
};

class Judge {
 public:
  Judge(World& world, const Craft& craft, WallTime until)
      : world_(world), craft_(craft), entry_(craft.entry), until_(until) {}

  void run(store::Session& session, Verdict& verdict) {
    read(session);
    for (const RunRow& it : runs_) check(it);
    for (const SlotRow& it : rows_) check(it);
    cover(verdict);
    verdict.runs += static_cast<std::int64_t>(runs_.size());
  }
  void calm(store::Session& session, WallTime since) {
    read(session);
    for (const RunRow& it : runs_)
      if (it.started >= since && it.started_by == "schedule" && it.slot &&
          it.started - *it.slot - offset() > 90s)
        fault(fmt::format("{} began at {}, late for its slot {}", it.id, to_iso8601(it.started),
                          to_iso8601(*it.slot)));
  }

 private:
  std::chrono::microseconds offset() const {
    return std::chrono::floor<std::chrono::microseconds>(entry_.offset());
  }
  void fault(const std::string& text) {
    world_.journal.fault(entry_.name + ": " + text + "\n" + craft_.yaml);
  }

  void read(store::Session& session) {
    const auto rows = store::testing::query(session,
                                            "SELECT slot, first_slot, state, reason, run, updated_at FROM "
                                            "{pulse}schedule_slots WHERE collector = $1 "
                                            "ORDER BY slot",
                                            {entry_.name});
    const auto runs = store::testing::query(session,
                                            "SELECT id, state, started_by, started_at, finished_at, slot, "
                                            "empty_allowed, first_failed, failure_type FROM {pulse}runs "
                                            "WHERE collector = $1 ORDER BY id",
                                            {entry_.name});
    if (!rows || !runs) return fault("the ledger cannot be read");
    for (const store::Row& it : *rows) {
      const WallTime slot = *time_of(it, 0);
      rows_.push_back(
          {slot, time_of(it, 1).value_or(slot), *time_of(it, 5), it.text(2), it.text(3), it.text(4)});
    }
    for (const store::Row& it : *runs)
      runs_.push_back({it.text(0), it.text(1), it.text(2), it.text(8), *time_of(it, 3), time_of(it, 4),
                       time_of(it, 5), time_of(it, 7),
                       it.text(1) == "success" || it.text(1) == "not_modified" ||
                           (it.text(1) == "empty" && it.integer(6) == 1)});
  }

  void check(const RunRow& run) {
    if (run.finished && *run.finished < run.started) fault(run.id + " ended before it began");
    if (run.state == "running") fault(run.id + " is still running");
    if (!run.finished) fault(run.id + " has no end");
    if (run.first_failed && run.finished && *run.first_failed > *run.finished)
      fault(run.id + " failed after its end");
    if (!run.slot) return;
    if (std::none_of(rows_.begin(), rows_.end(), [&](const SlotRow& it) { return it.slot == run.slot; }))
      fault(fmt::format("{} is for {}, which is not on record", run.id, to_iso8601(*run.slot)));
    if (run.is_success && ++successes_[*run.slot] == 2)
      fault(fmt::format("{} is the second success of {}", run.id, to_iso8601(*run.slot)));
  }

  // The states: what a row says must follow from the collector's file and from its runs.
  void check(const SlotRow& row) {
    const auto wrong = [&](const char* why) {
      fault(fmt::format("{} {} {}: {}", to_iso8601(row.slot), row.state, row.reason, why));
    };
    if (row.state == "missed") return check_missed(row);
    const auto newest =
        std::find_if(runs_.rbegin(), runs_.rend(), [&](const RunRow& it) { return it.id == row.run; });
    if (newest == runs_.rend()) return wrong("no run of it is on record");
    if (newest->slot != row.slot) wrong("its run is another slot's");
    if (row.state == "done" && row.reason != "gave_up" && row.reason != newest->state)
      wrong("its newest run ended otherwise");
    if (row.state == "done" && row.reason != "gave_up") check_given_up(row, *newest);
    if (row.state == "claimed") wrong("its run is over");
    if (row.state == "due" && newest->is_success) wrong("it has had its success");
    if (row.reason == "gave_up" && &row == &rows_.back()) wrong("nothing came after it");
  }

  // RT10, RT11: what may pass is tried again, unless the next slot comes first.
  void check_given_up(const SlotRow& row, const RunRow& newest) {
    static const std::set<std::string> owes{"timeout", "partial", "incomplete", "lost", "rate_limited"};
    if (newest.state == "cancelled") fault(to_iso8601(row.slot) + " was cancelled, and is not due again");
    if (!newest.finished ||
        !(owes.contains(newest.state) || (newest.state == "failed" && newest.failure_type == "transient")))
      return;
    const auto next = entry_.timetable->next(std::max(row.slot, *newest.finished - offset()));
    if (next && *next + offset() - *newest.finished > schedule::longest_rung)
      fault(fmt::format("{} {} is not tried again after {}", to_iso8601(row.slot), newest.state, newest.id));
  }

  void check_missed(const SlotRow& row) {
    const auto wrong = [&](const char* why) {
      fault(fmt::format("{} to {} missed, {}, at {}: {}", to_iso8601(row.first), to_iso8601(row.slot),
                        row.reason, to_iso8601(row.updated), why));
    };
    using schedule::Overlap, schedule::RecoverMissed;
    const bool is_sure = !world_.journal.near_jump(row.updated);
    // The very first is due at once.
    if (is_sure && &row != &rows_.front() && row.updated < row.slot + offset()) wrong("it was not due yet");
    if (row.reason == "superseded" && entry_.recover_missed != RecoverMissed::last) wrong("it is not to be");
    if (row.reason == "superseded" && &row == &rows_.back()) wrong("by nothing");
    if (row.reason == "not_wanted" && entry_.recover_missed != RecoverMissed::none) wrong("it is wanted");
    if (row.reason == "not_wanted" && is_sure &&
        row.updated - row.slot - offset() <= schedule::misfire_threshold)
      wrong("it was on time");
    if (row.reason == "too_late" &&
        (!entry_.late_maximum_delay ||
         (is_sure && row.updated - offset() - row.slot <= *entry_.late_maximum_delay)))
      wrong("it was not");
    if (row.reason == "upstream" &&
        (entry_.after.empty() || entry_.on_upstream_failure != schedule::OnUpstreamFailure::skip))
      wrong("it depends on nothing");
    if (row.reason != "overlap") return;
    if (entry_.overlap != Overlap::skip) wrong("it is not to be skipped");
    // Of several processes one may be cut off, and say late that its run ended early.
    if (is_sure && !world_.database->dialect().is_server() &&
        std::none_of(runs_.begin(), runs_.end(), [&](const RunRow& it) {
          return it.started <= row.slot + offset() && it.finished && *it.finished >= row.updated;
        }))
      wrong("no run was under way");
  }

  // Every slot since the first is on record once.
  void cover(Verdict& verdict) {
    const schedule::Timetable& table = *entry_.timetable;
    WallTime covered;
    if (rows_.empty()) {
      fault("it never had a slot");
      return;
    }
    covered = rows_.front().first - 1us;
    if (!runs_.empty() && !runs_.front().slot)  // perhaps it began by hand
      covered = std::min(covered, runs_.front().started);
    for (const SlotRow& row : rows_) {
      const auto slots = table.between(covered, row.slot, no_limit);
      const std::size_t count =
          row.state == "missed" ? table.between(row.first - 1us, row.slot, no_limit).size() : 1;
      if (slots.empty() || slots.back() != row.slot)
        fault(fmt::format("{} is no slot, or twice on record", to_iso8601(row.slot)));
      else if (slots.front() != row.first || slots.size() != count)
        fault(fmt::format("{} slots from {} on are forgotten", slots.size() - count,
                          to_iso8601(slots.front())));
      verdict.slots += static_cast<std::int64_t>(slots.size());
      (row.state == "missed" ? verdict.missed : verdict.done) += static_cast<std::int64_t>(count);
      verdict.gave_up += row.reason == "gave_up";
      covered = std::max(covered, row.slot);
    }
    auto rest = table.between(covered, until_ - offset(), no_limit);
    if (!entry_.after.empty() && entry_.deadline)  // until then it may wait for others
      std::erase_if(rest, [&](WallTime it) { return table.next_time_of_day(it, *entry_.deadline) > until_; });
    if (!rest.empty())
      fault(fmt::format("{} slots from {} on have not begun by {}", rest.size(), to_iso8601(rest.front()),
                        to_iso8601(until_)));
  }

  World& world_;
  const Craft& craft_;
  const schedule::Entry& entry_;
  const WallTime until_;
  std::vector<SlotRow> rows_;
  std::vector<RunRow> runs_;
  std::map<WallTime, int> successes_;
};

}  // namespace

Verdict judge(World& world, WallTime until) {
  Verdict verdict;
  const auto session = store::testing::session_of(*world.database);
  for (const auto& [name, craft] : world.fleet) Judge(world, craft, until).run(*session, verdict);
  return verdict;
}

void judge_calm(World& world, WallTime since) {
  const auto session = store::testing::session_of(*world.database);
  for (const auto& [name, craft] : world.fleet)
    if (craft.entry.after.empty() && craft.entry.group.empty())
      Judge(world, craft, since).calm(*session, since);
}

}  // namespace sim
