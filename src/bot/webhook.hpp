// Updates that Telegram delivers by itself (TG5): each delivery is answered only when its update is durable
// (QU4, SS6), and an update that comes again changes nothing. Several that come at the same time share one
// transaction: whoever leads takes all that wait. Any process of many may receive them.
//
//   200  it is durable
//   400  it is no update: nothing can be done with it
//   503  the database does not take it, or we stop; with the time after which to deliver it again. It may
//        be durable all the same (a commit whose answer was lost), and is then known when it comes again
//
// Thread-safe; deliver() blocks, but no longer than two transactions may take (`patience` each).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "bot/intake.hpp"
#include "bot/taker.hpp"
#include "store/database.hpp"

namespace bot {

struct WebhookOptions {
  std::size_t together = 100;                            // updates of one transaction
  base::Duration patience = std::chrono::seconds{5};     // with the database, of one transaction
  base::Duration told_every = std::chrono::seconds{30};  // the same trouble
  std::function<void(const Taken&)> on_taken{};          // after each commit
  // What a person may want to know; `critical`: a person must act.
  std::function<void(bool critical, const std::string&)> on_trouble{};
};

class Webhook {
 public:
  struct Answer {
    int status = 200;
    std::chrono::seconds retry_after{0};
  };

  Webhook(store::Database& database, base::Clock& clock, const Intake& intake, WebhookOptions options);
  Answer deliver(std::string body);
  void close();  // no more: those who wait, too, are told to come again

 private:
  struct Delivery {
    telegram::Update update{};
    bool is_over = false, is_taken = false;
  };
  using Deliveries = std::vector<std::shared_ptr<Delivery>>;
  void lead(std::unique_lock<std::mutex>& lock);
  bool take(const Deliveries& deliveries);
  void complain(const std::string& about, const std::string& text);

  base::Clock& clock_;
  const WebhookOptions options_;
  const Taker taker_;
  std::stop_source stop_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_leader_ = false, is_closed_ = false;
  Deliveries waiting_;  // the oldest first

  std::mutex told_mutex_;
  std::map<std::string, base::SteadyTime> told_;  // of what → when
};

}  // namespace bot
