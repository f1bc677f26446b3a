// The checks before the first update is taken (R2, SS2): every service is asked once, all at the same time,
// and every finding is said, whatever the others found. `phoenix doctor` makes the same ones.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "config/fault.hpp"
#include "phoenix/app.hpp"
#include "program/findings.hpp"
#include "telegram/types.hpp"

namespace phoenix {

struct Startup {
  std::vector<program::Finding> findings{};  // in the order: settings, Telegram, API-Football, store
  telegram::Bot bot{};                       // if Telegram knows the token
  bool store_is_taken = false;               // by another process of this machine, which has it alone
};
enum class Store {
  open,  // and migrate; it stays open
  look,  // nothing is made or changed; and Telegram is asked for its webhook, which no start waits for
};
// What getWebhookInfo says that a person should know, in webhook mode.
std::vector<program::Finding> judge_webhook(const App& app, const telegram::WebhookInfo& webhook);
// What an error of a check means for the start: a person must mend it, or it may come back by itself (SS2).
program::Finding failed(const char* check, const base::Error& error, const char* if_wrong,
                        const char* if_unreachable);
void say(const telemetry::Logger& log, const program::Finding& finding);

// As program::exit_code; 75 if nothing else is wrong than that another process has the store.
int exit_code(const Startup& startup);
// `faults`: of the settings.
Startup check_services(App& app, const config::Faults& faults, Store store, std::stop_token stop);

}  // namespace phoenix
