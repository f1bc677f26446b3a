// What one process of all does at a time (TG6): it holds the bot's lease, asks for updates and delivers the
// outbox. When the lease is lost, or the database does not answer long enough, both end at once, and begin
// again with the next lease.
//
//   Front front(database, clock, rng, lease, {.poll = …, .deliver = …});
//   front.run(no_more, now);    // `no_more`: no more updates, deliveries go on; `now`: the end
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "bot/lease.hpp"
#include "store/database.hpp"

namespace bot {

struct FrontOptions {
  // Both run on threads of their own until their stop. Without `poll`: updates are delivered (webhook.hpp).
  std::function<void(const Lease&, std::stop_token)> poll{};
  std::function<void(std::stop_token)> deliver{};
  std::function<void(bool held, const std::string& why)> on_change{};
};

class Front {
 public:
  Front(store::Database& database, base::Clock& clock, Lease lease, FrontOptions options)
      : database_(database), clock_(clock), lease_(std::move(lease)), options_(std::move(options)) {}
  void run(std::stop_token no_more, std::stop_token now);
  bool held() const { return held_; }

 private:
  base::Result<bool> take(base::SteadyTime until, const std::stop_token& stop);
  void hold_on(const std::stop_token& no_more, const std::stop_token& now);

  store::Database& database_;
  base::Clock& clock_;
  Lease lease_;
  const FrontOptions options_;
  std::atomic<bool> held_ = false;
};

}  // namespace bot
