// telegram.mode: webhook. Telegram posts each update to telegram.webhook.url; a reverse proxy with a
// certificate passes it on, path unchanged, to telegram.webhook.listen, where this process takes it into the
// ledger and answers 200 once it is durable. Any process of those that share the store may be the one it is
// passed to; which of them delivers the outbox is decided by the lease as ever. Nobody asks getUpdates.
//
// The address at Telegram stays when we stop: updates wait there, and come when we are back.
//
//   Receiver receiver(app, store, intake, {.on_taken = …, .on_trouble = …});
//   if (const auto fault = receiver.start(stop)) …     // a finding of the start, as in startup.hpp
//   receiver.close();                                  // nothing more comes in
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "bot/intake.hpp"
#include "bot/webhook.hpp"
#include "phoenix/app.hpp"
#include "program/findings.hpp"
#include "store/database.hpp"
#include "web/hook.hpp"

namespace phoenix {

class Receiver {
 public:
  struct Calls {
    std::function<void(const bot::Taken&)> on_taken{};
    std::function<void(bool critical, const std::string&)> on_trouble{};
  };
  Receiver(App& app, store::Database& store, const bot::Intake& intake, Calls calls);
  ~Receiver();

  // Listens, and then tells Telegram where. A finding: what was wrong or out of reach.
  std::optional<program::Finding> start(std::stop_token stop);
  web::Address address() const { return hook_->address(); }  // once started
  void close();

 private:
  base::Result<void> listen();

  App& app_;
  bot::Webhook webhook_;
  std::unique_ptr<web::Hook> hook_;
};

}  // namespace phoenix
