#include "bot/poller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/batch.hpp"

namespace bot {
namespace {

using base::Code;
using base::Result;
using store::Access;
using store::Connection;
using telegram::Fault;
using namespace std::chrono_literals;

const resilience::Backoff patience{.base = 1s, .cap = 30s, .jitter = resilience::Jitter::equal};
constexpr base::Duration until_a_person_came = 60s;
constexpr base::Duration look_again = 1h;  // of a bot that nobody writes to
constexpr base::Duration shortest_poll = 500ms;

bool is_stopped(const Result<void>& result, const std::stop_token& stop) {
  return !result && (stop.stop_requested() || result.error().code == Code::cancelled);
}

constexpr std::string_view taken_over = "another process asks for updates now";

}  // namespace

Poller::Poller(store::Database& database, base::Clock& clock, base::Rng rng, telegram::Api& api,
               const Intake& intake, Lease lease, PollerOptions options)
    : database_(database),
      clock_(clock),
      rng_(rng),
      api_(api),
      lease_(std::move(lease)),
      options_(std::move(options)),
      taker_(database, intake,
             {.also = [this](Connection& c, std::span<const telegram::Update> updates) -> Result<void> {
                const base::WallTime now = TRY(store::shared_now(c, clock_));
                const bool ours = TRY(move_offset(c, lease_, updates.back().id + 1, now));
                return ours ? Result<void>() : base::error(Code::permission, "{}", taken_over);
              },
              .on_taken =
                  [this](const Taken& taken, std::span<const telegram::Update> updates) {
                    offset_ = updates.back().id + 1;
                    if (options_.on_taken) options_.on_taken(taken);
                  }}) {}

bool Poller::pause(base::Duration at_least, const std::stop_token& stop) {
  const base::Duration delay = patience.delay(static_cast<unsigned>(std::min(failures_++, 30)), {}, rng_);
  return clock_.sleep_for(std::max(delay, at_least), stop);
}

Result<std::int64_t> Poller::stored_offset(const std::stop_token& stop) {
  std::int64_t offset = 0;
  const auto session = TRY(database_.session(stop));
  TRY(session->transact(Access::read, stop, [&](Connection& c) -> Result<void> {
    offset = TRY(next_offset(c, lease_, TRY(store::shared_now(c, clock_))));
    return {};
  }));
  return offset;
}

void Poller::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto offset = stored_offset(stop);
    if (offset) {
      offset_ = *offset;
      looked_ = clock_.steady();
      failures_ = 0;
      break;
    }
    if (!stop.stop_requested()) options_.on_trouble(false, "the database: " + offset.error().message);
    pause({}, stop);
  }
  while (!stop.stop_requested()) {
    const base::SteadyTime asked = clock_.steady();
    telegram::Api::Updates updates = api_.get_updates(offset_, options_.limit, options_.timeout, stop);
    if (updates.reply.fault != Fault::none) {
      wait_after(updates.reply, stop);
      continue;
    }
    if (std::exchange(failures_, 0) > 0 && options_.on_well) options_.on_well();
    if (updates.list.empty())
      while_quiet(clock_.steady() - asked, stop);
    else if (take(std::move(updates.list), stop) == Next::give_up)
      return;
  }
}

// A server that does not wait for updates is not asked without a pause. And after a long silence the numbers
// may begin anew (lease.hpp): who goes on from the old one would confirm what he has never seen.
void Poller::while_quiet(base::Duration took, const std::stop_token& stop) {
  if (took < shortest_poll) clock_.sleep_for(shortest_poll - took, stop);
  if (clock_.steady() - looked_ < look_again || stop.stop_requested()) return;
  if (const auto offset = stored_offset(stop)) offset_ = *offset;
  looked_ = clock_.steady();
}

void Poller::wait_after(const telegram::Reply& reply, const std::stop_token& stop) {
  if (stop.stop_requested() || reply.fault == Fault::cancelled) return;
  switch (reply.fault) {
    case Fault::conflict:
      options_.on_trouble(
          true,
          "Telegram gives the updates to somebody else: another program polls with this token, or a "
          "webhook is set (" +
              reply.description + "); stop the other one; trying again");
      pause(3s, stop);
      return;
    case Fault::unauthorized:
    case Fault::not_found:
      options_.on_trouble(true, "Telegram refuses TELEGRAM_BOT_TOKEN, which it took at the start (" +
                                    reply.description + "); give us the new one and start again");
      pause(until_a_person_came, stop);
      return;
    case Fault::flood: pause(reply.retry_after, stop); return;
    default: options_.on_trouble(false, "asking for updates: " + reply.description); pause({}, stop);
  }
}

Poller::Next Poller::take(std::vector<telegram::Update> updates, const std::stop_token& stop) {
  sort_by_id(updates);
  while (true) {
    const Result<void> done = taker_.take(updates, stop);
    if (done || is_stopped(done, stop)) return Next::ask;
    if (done.error().code == Code::permission && done.error().message == taken_over) return Next::give_up;
    options_.on_trouble(
        false, fmt::format("{} updates wait for the database: {}", updates.size(), done.error().message));
    if (!pause({}, stop)) return Next::ask;
    std::erase_if(updates, [&](const telegram::Update& update) { return update.id < offset_; });
    if (updates.empty()) return Next::ask;
  }
}

}  // namespace bot
