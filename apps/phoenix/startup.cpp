#include "phoenix/startup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "program/database_checks.hpp"
#include "program/exit_code.hpp"
#include "program/time_limit.hpp"
#include "resilience/deadline.hpp"

namespace phoenix {
namespace {

using base::Code;
using program::Finding;
using State = Finding::State;
using namespace std::chrono_literals;

constexpr base::Duration probe_time = 20s;  // with the retries of R1
constexpr std::chrono::milliseconds lock_wait = 5s;

State state_of(const base::Error& error) {
  switch (error.code) {
    case Code::permission:
    case Code::invalid_config:
    case Code::endpoint_gone: return State::wrong;
    default: return State::unreachable;
  }
}

void ask_webhook(App& app, base::SteadyTime deadline, std::vector<Finding>& findings,
                 const std::stop_token& stop) {
  const auto webhook = app.telegram.get_webhook_info(deadline, stop);
  if (!webhook) {
    findings.push_back(
        {"Telegram", State::warning, webhook.error().message, "nothing, unless updates stay away"});
  } else if (app.settings.telegram.mode == config::TelegramSettings::Mode::webhook) {
    for (Finding& finding : judge_webhook(app, *webhook)) findings.push_back(std::move(finding));
  } else if (!webhook->url.empty()) {
    findings.push_back({"Telegram", State::warning, "a webhook is set, which is removed at the start",
                        "set telegram.mode: webhook if it is ours"});
  }
}

void ask_telegram(App& app, Store how, Startup& startup, std::vector<Finding>& findings,
                  const std::stop_token& stop) {
  const base::SteadyTime deadline = resilience::after(app.clock.steady(), probe_time);
  auto bot = app.telegram.get_me(deadline, stop);
  if (!bot) {
    findings.push_back(
        failed("Telegram", bot.error(),
               "TELEGRAM_BOT_TOKEN is wrong (or TELEGRAM_API_BASE is no Bot API): copy the token "
               "from @BotFather",
               "look at the network and at TELEGRAM_API_BASE; start again"));
    return;
  }
  startup.bot = *std::move(bot);
  findings.push_back({"Telegram", State::fine, "TELEGRAM_BOT_TOKEN is that of @" + startup.bot.username});
  if (how == Store::look) ask_webhook(app, deadline, findings, stop);
}

void ask_football(App& app, std::vector<Finding>& findings, const std::stop_token& stop) {
  const auto account = app.football.status(resilience::after(app.clock.steady(), probe_time), stop);
  if (!account) {
    findings.push_back(failed("API-Football", account.error(),
                              "API_FOOTBALL_KEY is wrong (or API_FOOTBALL_BASE is not the API): copy the key "
                              "from the dashboard",
                              "look at the network and at API_FOOTBALL_BASE; start again"));
    return;
  }
  findings.push_back({"API-Football", State::fine,
                      fmt::format("API_FOOTBALL_KEY is right: plan {}, {} of {} calls used today",
                                  account->plan, account->used, account->limit)});
  if (!account->active)
    findings.push_back({"API-Football", State::warning, "the subscription is not active", "renew it"});
}

void ask_store(App& app, Startup& startup, std::vector<Finding>& findings, const std::stop_token& stop) {
  const char* const what = app.loaded.store_is_set ? "the store of the settings (DATABASE_URL)"
                                                   : "the embedded database, for DATABASE_URL is not set";
  const auto store = app.open_store(lock_wait, stop);
  const bool is_embedded = app.settings.store.engine == config::DatabaseAddress::Engine::sqlite;
  if (!store && is_embedded && store.error().code == Code::conflict) {
    startup.store_is_taken = true;
    const std::string& said = store.error().message;
    findings.push_back({"store", State::unreachable, said.substr(0, said.find("; ")),
                        "one phoenix has an embedded database at a time: stop the other one, or give this "
                        "one a store of its own (DATABASE_URL)"});
    return;
  }
  if (!store) {
    findings.push_back(failed("store", store.error(), "DATABASE_URL (or store) is wrong: correct it",
                              "DATABASE_URL (or store): start the server, or correct the address"));
    return;
  }
  findings.push_back({"store", State::fine, fmt::format("{}: {}", (*store)->description(), what)});
}

}  // namespace

std::vector<Finding> judge_webhook(const App& app, const telegram::WebhookInfo& webhook) {
  const std::string& ours = app.settings.telegram.webhook.url;
  std::vector<Finding> findings;
  if (!webhook.url.empty() && webhook.url != ours)
    findings.push_back({"Telegram", State::warning,
                        "another webhook is set than telegram.webhook.url, which each start sets",
                        "look whether another program uses this bot"});
  if (webhook.url == ours && webhook.pending_updates > 0 && !webhook.last_error.empty())
    findings.push_back({"Telegram", State::warning,
                        fmt::format("{} updates wait for the webhook; the last delivery failed: {}",
                                    webhook.pending_updates, webhook.last_error),
                        "if phoenix runs: look whether the proxy passes telegram.webhook.url on to "
                        "telegram.webhook.listen"});
  return findings;
}

Finding failed(const char* check, const base::Error& error, const char* if_wrong,
               const char* if_unreachable) {
  const State state = state_of(error);
  return {check, state, error.message, state == State::wrong ? if_wrong : if_unreachable};
}

void say(const telemetry::Logger& log, const Finding& finding) {
  const std::string line = fmt::format("{}: {}{}{}", finding.check, finding.message,
                                       finding.remedy.empty() ? "" : "; ", finding.remedy);
  switch (finding.state) {
    case State::fine: log.info(line, {}); break;
    case State::warning: log.warning(line, {}); break;
    case State::wrong:
    case State::unreachable: log.fatal(line, {}); break;
  }
}

int exit_code(const Startup& startup) {
  const int code = program::exit_code(startup.findings, false);
  const auto unreachable = std::ranges::count(startup.findings, State::unreachable, &Finding::state);
  const bool nothing_else = startup.store_is_taken && unreachable == 1;
  return code == program::unavailable && nothing_else ? program::try_again : code;
}

Startup check_services(App& app, const config::Faults& faults, Store how, std::stop_token stop) {
  Startup startup;
  for (const config::Fault& fault : faults.sorted())
    startup.findings.push_back({"settings", State::wrong, app.redactor.redact(fault.text()), ""});
  std::vector<Finding> telegram, football, store;
  {
    std::vector<std::jthread> asking;
    const auto& unusable = app.loaded.unusable;
    if (!unusable.contains("telegram.token"))
      asking.emplace_back([&] { ask_telegram(app, how, startup, telegram, stop); });
    if (!unusable.contains("football.key")) asking.emplace_back([&] { ask_football(app, football, stop); });
    if (!unusable.contains("store"))
      asking.emplace_back([&] {
        if (how == Store::open) return ask_store(app, startup, store, stop);
        const program::TimeLimit limit(app.clock, probe_time, stop);
        store = program::check_database("phoenix", "store", app.settings.store, program::DatabaseUse::store,
                                        app.clock, limit.token());
      });
  }
  for (auto* findings : {&telegram, &football, &store})
    for (Finding& finding : *findings) {
      finding.message = app.redactor.redact(finding.message);
      startup.findings.push_back(std::move(finding));
    }
  return startup;
}

}  // namespace phoenix
