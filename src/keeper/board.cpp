#include "keeper/board.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace keeper {
namespace {

using base::WallTime;

constexpr WallTime at_once{};

// When it starts next; a try of an open slot comes before the next slot.
void set_next(web::Collector& shown, const schedule::Entry& entry, const schedule::State& state) {
  using NextIs = web::Collector::NextIs;
  std::optional<WallTime>& start = shown.next_start;
  start.reset();
  shown.next_is = NextIs::slot;
  if (!entry.enabled || !entry.timetable) return;
  if (state.last_slot) {
    start = entry.timetable->next(*state.last_slot);
    if (start) *start += std::chrono::floor<std::chrono::microseconds>(entry.offset());
  }
  if (state.open && !state.running && (!start || state.open->try_at < *start)) {
    start = state.open->try_at;
    // What is neither on the ladder nor asked for by others was interrupted, and is done as its slot.
    if (state.open->on_ladder)
      shown.next_is = NextIs::retry;
    else if (state.not_before)
      shown.next_is = NextIs::rate_limit;
  }
  if (start && state.not_before) start = std::max(*start, *state.not_before);
}

}  // namespace

Board::Line Board::line_of(const Member& member) {
  Line line{.entry = member.entry, .fault = member.fault};
  line.is_outdated = member.is_outdated;
  line.facts.known_since = member.known_since;
  line.facts.invalid_since = member.invalid_since;
  line.shown.name = member.entry.name;
  if (!member.collector) return line;
  const Kept::Outline& outline = member.collector.outline();
  line.shown.description = outline.description;
  line.facts.timeout = outline.timeout;
  line.facts.expected_change_every = outline.expected_change_every;
  return line;
}

Board::Board(const Roster& roster, std::string version, WallTime started_at)
    : version_(std::move(version)), started_at_(started_at) {
  renew(roster);
}

void Board::renew(const Roster& roster) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Line, std::less<>> before;
  for (Line& line : lines_) before.emplace(line.entry.name, std::move(line));
  lines_.clear();
  lines_.reserve(roster.members.size());
  due_.clear();
  for (const Member& member : roster.members) {
    Line line = line_of(member);
    if (const auto known = before.find(line.entry.name); known != before.end())
      keep(line, std::move(known->second));
    lines_.push_back(std::move(line));
    judge_again(lines_.size() - 1, at_once);
  }
}

// What the ledger said stays true whatever the file says now.
void Board::keep(Line& line, Line&& before) {
  line.health = before.health;
  const schedule::Facts file = std::exchange(line.facts, std::move(before.facts));
  line.facts.known_since = std::min(line.facts.known_since, file.known_since);
  line.facts.invalid_since = file.invalid_since;
  line.facts.timeout = file.timeout;
  line.facts.expected_change_every = file.expected_change_every;
  line.shown.running_since = before.shown.running_since;
  line.shown.last_run = before.shown.last_run;
  line.shown.last_success = before.shown.last_success;
  line.shown.error = before.shown.error;
  set_next(line.shown, line.entry, line.facts.state);
}

void Board::judge_again(std::size_t i, std::optional<WallTime> at) {
  Line& line = lines_[i];
  if (line.judge_at) due_.erase({*line.judge_at, i});
  line.judge_at = at;
  if (at) due_.insert({*at, i});
}

void Board::set(std::size_t member, const collect::Past& past) {
  const std::lock_guard lock(mutex_);
  Line& line = lines_[member];
  const schedule::Facts before = line.facts;
  line.facts = collect::facts_of(past, before.known_since);
  line.facts.invalid_since = before.invalid_since;
  line.facts.timeout = before.timeout;
  line.facts.expected_change_every = before.expected_change_every;
  line.shown.running_since = past.running ? std::optional(past.running->started_at) : std::nullopt;
  set_next(line.shown, line.entry, past.state);
  line.shown.last_success = past.last_success;
  line.shown.error.clear();
  line.shown.last_run.reset();
  if (past.last) {
    const collect::RunRecord& last = *past.last;
    line.shown.last_run = web::LastRun{
        std::string(collect::to_string(last.outcome)), last.finished_at.value_or(last.started_at),
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, last.counts.staged))};
    if (!collect::ended_well(last)) line.shown.error = last.error;
  }
  if (past.held_back_until)
    line.shown.error =
        fmt::format("held back until {}: it was running at the last {} crashes of pulse; {}",
                    base::to_iso8601(*past.held_back_until), collect::crashes_to_hold_back, line.shown.error);
  judge_again(member, at_once);
}

void Board::set_running(std::size_t member, WallTime since) {
  const std::lock_guard lock(mutex_);
  Line& line = lines_[member];
  line.facts.state.running = schedule::State::Running{since, since};
  line.shown.running_since = since;
  judge_again(member, at_once);
}

std::string Board::why(const Line& line) const {
  return line.facts.invalid_since ? line.fault : line.shown.error;
}

std::vector<Change> Board::judge(WallTime now) {
  const std::lock_guard lock(mutex_);
  std::vector<Change> changes;
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::size_t i = due_.begin()->second;
    Line& line = lines_[i];
    schedule::Health health = schedule::health(line.entry, line.facts, now);
    // Each success is news, and none of them the beginning.
    if (line.health && *line.health != health && health.condition == schedule::Condition::healthy &&
        line.health->condition == health.condition)
      health.since = std::min(health.since, line.health->since);
    if (!line.health || line.health->condition != health.condition)
      changes.push_back({line.entry.name, line.health ? std::optional(line.health->condition) : std::nullopt,
                         health, why(line)});
    line.health = health;
    judge_again(i, schedule::next_change(line.entry, line.facts, now));
  }
  return changes;
}

std::optional<WallTime> Board::next_change() const {
  const std::lock_guard lock(mutex_);
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

void Board::warn(const std::string& about, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (text.empty())
    warnings_.erase(about);
  else
    warnings_[about] = text;
}

void Board::set_totals(const collect::Totals& totals) {
  const std::lock_guard lock(mutex_);
  totals_ = totals;
}

web::Status Board::status() const {
  const std::lock_guard lock(mutex_);
  web::Status status;
  status.version = version_;
  status.started_at = started_at_;
  const auto count = [](std::int64_t number) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number));
  };
  status.totals = {
      .runs = count(totals_.runs), .failed_runs = count(totals_.failed), .rows = count(totals_.rows)};
  for (const auto& [about, text] : warnings_) status.warnings.push_back(text);
  for (const Line& line : lines_) {
    web::Collector& it = status.collectors.emplace_back(line.shown);
    if (line.health) {
      it.condition = line.health->condition;
      it.since = line.health->since;
    }
    it.error = why(line);
    if (line.is_outdated)
      status.warnings.push_back(
          fmt::format("{} runs as it was before its file became faulty: {}", line.entry.name, line.fault));
  }
  return status;
}

}  // namespace keeper
