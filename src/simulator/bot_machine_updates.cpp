// getUpdates.
#include <algorithm>

#include "simulator/bot_machine.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t longest_poll = 50;  // seconds
constexpr auto update_lifetime = 24h;
constexpr auto conflict_distance = 3s;

constexpr auto two_polls =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
constexpr auto webhook_active =
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook "
    "first";

}  // namespace

// A second 409 within three seconds waits: the real server slows down programs that fight over one bot.
base::WallTime BotMachine::conflict_time(base::WallTime now) {
  if (now < next_conflict_) return now + conflict_distance;
  next_conflict_ = now + conflict_distance;
  return now;
}

BotMachine::Outcome BotMachine::wait(Poll poll) {
  const base::WallTime deadline = poll.deadline;
  polls_[++last_ticket_] = std::move(poll);
  return {.ticket = last_ticket_, .deadline = deadline};
}

void BotMachine::end_waiting(const std::string& description, base::WallTime now) {
  if (waiting_ == 0) return;
  Poll& poll = polls_[waiting_];
  poll.conflict = description;
  poll.deadline = conflict_time(now);
  poll.woken = true;
  woken_.push_back(std::exchange(waiting_, 0));
}

bool BotMachine::is_woken(std::uint64_t ticket) const {
  const auto poll = polls_.find(ticket);
  return poll == polls_.end() || poll->second.woken;
}

BotMachine::Outcome BotMachine::resume(std::uint64_t ticket, base::WallTime now) {
  const auto found = polls_.find(ticket);
  if (found == polls_.end()) return failure(500, "Internal Server Error: no such poll");
  Poll& poll = found->second;
  const bool woken = std::exchange(poll.woken, false);
  if (now < poll.deadline && (!woken || !poll.conflict.empty()))
    return {.ticket = ticket, .deadline = poll.deadline};
  const Poll ended = std::move(poll);
  polls_.erase(found);
  if (waiting_ == ticket) waiting_ = 0;
  const Outcome outcome = ended.conflict.empty() ? take_updates(ended.limit) : failure(409, ended.conflict);
  ++codes_[outcome.code];
  if (outcome.code == 409) ++conflicts_;
  return outcome;
}

void BotMachine::drop(std::uint64_t ticket) {
  polls_.erase(ticket);
  if (waiting_ == ticket) waiting_ = 0;
}

void BotMachine::push_update(std::string_view type, BotUpdate update) {
  ++updates_made_;
  if (!allowed_.empty() && std::find(allowed_.begin(), allowed_.end(), type) == allowed_.end()) {
    ++updates_skipped_;
    return;
  }
  updates_.push_back(std::move(update));
  if (waiting_ == 0) return;
  polls_[waiting_].woken = true;
  woken_.push_back(std::exchange(waiting_, 0));
}

// A positive offset confirms what is below it, a negative one leaves only the last ones. One beyond all that
// was ever given out means "all": the ids of a new bot may be smaller than those somebody remembers.
void BotMachine::forget_updates(std::int64_t offset, base::WallTime now) {
  const std::int64_t end = next_update();
  const std::int64_t last = updates_.empty() ? end : updates_.back().id + 1;
  const std::int64_t from = offset < 0 ? last + offset : std::min(offset, end);
  while (!updates_.empty() &&
         ((offset != 0 && updates_.front().id < from) || updates_.front().time + update_lifetime <= now))
    updates_.pop_front();
  if (offset != 0) confirmed_ = std::max(confirmed_, from);
}

BotMachine::Outcome BotMachine::take_updates(std::size_t limit) {
  Outcome outcome{.text = "["};
  for (std::size_t i = 0; i < std::min(limit, updates_.size()); ++i)
    outcome.text.append(i == 0 ? "" : ",").append(updates_[i].json);
  outcome.text += "]";
  return outcome;
}

base::Result<void> BotMachine::remember_allowed(const BotParameters& given) {
  if (given.has("allowed_updates")) allowed_ = TRY(parse_names(given.text("allowed_updates")));
  return {};
}

BotMachine::Outcome BotMachine::get_updates(Call& call) {
  ++polls_made_;
  if (!webhook_.url.empty()) {
    const base::WallTime time = conflict_time(call.now);
    if (time > call.now) return wait({.deadline = time, .conflict = webhook_active});
    ++conflicts_;
    return failure(409, webhook_active);
  }
  constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();
  const std::int64_t offset = call.given.integer("offset", 0, -largest, largest);
  auto limit = static_cast<std::size_t>(call.given.integer("limit", 100, 1, 100));
  std::int64_t timeout = call.given.integer("timeout", 0, 0, longest_poll);
  if (auto done = remember_allowed(call.given); !done) return bad_request(done.error().message);
  end_waiting(two_polls, call.now);

  // As the real server treats clients that ask for the same in a busy loop.
  if (polls_made_ > 1 && offset == last_offset_) {
    if (call.now < last_poll_ + 3s) timeout = std::max<std::int64_t>(timeout, 3);
    if (call.now < last_poll_ + 500ms) limit = 1;
  }
  last_offset_ = offset;
  last_poll_ = call.now;
  forget_updates(offset, call.now);
  if (!updates_.empty() || timeout == 0) return take_updates(limit);
  const Outcome outcome = wait({.limit = limit, .deadline = call.now + std::chrono::seconds(timeout)});
  waiting_ = outcome.ticket;
  return outcome;
}

}  // namespace simulator
