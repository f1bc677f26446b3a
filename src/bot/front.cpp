#include "bot/front.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace bot {
namespace {

using base::Result;
using store::Access;
using store::Connection;

}  // namespace

// A call that hangs must not let us believe in a lease that has passed: it gets until then, and no longer
// than a renewal.
Result<bool> Front::take(base::SteadyTime until, const std::stop_token& stop) {
  std::stop_source in_time;
  const std::stop_callback ends(stop, [&] { in_time.request_stop(); });
  until = std::min(until, base::SteadyTime(clock_.steady() + lease_renewal));
  const auto alarm = clock_.alarm(until, [&] { in_time.request_stop(); });
  bool held = false;
  const auto session = TRY(database_.session(in_time.get_token()));
  TRY(session->transact(Access::write, in_time.get_token(), [&](Connection& c) -> Result<void> {
    held = TRY(hold(c, lease_));
    return {};
  }));
  return held;
}

void Front::run(std::stop_token no_more, std::stop_token now) {
  std::string why;
  while (!now.stop_requested() && !no_more.stop_requested()) {
    lease_.token = 0;
    const Result<bool> held = take(base::SteadyTime::max(), now);
    if (held && *held) {
      why.clear();
      hold_on(no_more, now);
      continue;
    }
    const std::string reason = held ? "another process has the lease" : held.error().message;
    if (reason != why && !now.stop_requested()) options_.on_change(false, why = reason);
    clock_.sleep_for(lease_renewal, no_more);
  }
}

void Front::hold_on(const std::stop_token& no_more, const std::stop_token& now) {
  held_ = true;
  options_.on_change(true, "");
  std::string why;
  {
    std::jthread deliver([this](std::stop_token stop) { options_.deliver(std::move(stop)); });
    std::jthread poll;
    if (options_.poll)
      poll = std::jthread([this](std::stop_token stop) { options_.poll(lease_, std::move(stop)); });
    const std::stop_callback quiet(no_more, [&] { poll.request_stop(); });
    base::SteadyTime sure_until = clock_.steady() + lease_time;
    // Where one process has the database, nobody can have taken it: those inside wait for the database.
    const bool is_shared = database_.dialect().is_server();
    while (clock_.sleep_for(lease_renewal, now)) {
      const base::SteadyTime asked = clock_.steady();
      const Result<bool> kept = take(is_shared ? sure_until : base::SteadyTime::max(), now);
      if (kept && *kept) sure_until = asked + lease_time;
      if (kept && !*kept) why = "the lease has gone to another process";
      if (!kept && clock_.steady() >= sure_until && is_shared)
        why = "the lease could not be renewed: " + kept.error().message;
      if (!why.empty()) break;
    }
    poll.request_stop();
    deliver.request_stop();
  }
  held_ = false;
  if (!why.empty()) {
    options_.on_change(false, why);
    return;
  }
  std::stop_source in_time;
  const auto alarm = clock_.alarm(clock_.steady() + lease_renewal, [&] { in_time.request_stop(); });
  if (const auto session = database_.session(in_time.get_token())) {
    const auto released = (*session)->transact(Access::write, in_time.get_token(),
                                               [&](Connection& c) { return release(c, lease_); });
    static_cast<void>(released);  // else it passes by itself
  }
}

}  // namespace bot
