#include "phoenix/alarm.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "bot/owners.hpp"
#include "program/time_limit.hpp"
#include "telegram/format.hpp"

namespace phoenix {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration at_most_every = 1h;
constexpr base::Duration patience = 5s;  // with the ledger: a stop may wait for it
constexpr std::size_t max_detail = 400;  // bytes of what went wrong

bool is_refusal(const base::Error& error) { return error.code == base::Code::permission; }

bot::View notice(const base::Error& error, const std::string& detail) {
  const std::string_view what = is_refusal(error) ? "A API-Football recusou a chave ou o plano."
                                                  : "Uma análise falhou por um erro interno.";
  const std::string_view remedy =
      is_refusal(error) ? "Confira API_FOOTBALL_KEY e o plano em dashboard.api-football.com. Até lá, as "
                          "análises que precisam de dados novos falham."
                        : "Veja o registro (log) do phoenix.";
  return {.text = fmt::format("🚨 {}\n\n{}\n\nDetalhe: {}", telegram::bold(what), remedy,
                              telegram::escape(detail))};
}

}  // namespace

Alarm::Alarm(App& app, Page& page, store::Database& store, std::function<void()> on_message)
    : app_(app),
      page_(page),
      store_(store),
      on_message_(std::move(on_message)),
      log_(app.log.collector("phoenix")),
      owners_(app.settings.telegram.owners) {}

void Alarm::tell(std::vector<std::int64_t> owners) {
  const std::lock_guard lock(mutex_);
  owners_ = std::move(owners);
}

void Alarm::raise(const base::Error& error) {
  const std::string detail = base::shorten(app_.redactor.redact(error.message), max_detail);
  const base::SteadyTime now = app_.clock.steady();
  bool is_new = false;
  std::vector<std::int64_t> owners;
  {
    const std::lock_guard lock(mutex_);
    owners = owners_;
    last_ = now;
    is_new = !logged_ || now - *logged_ >= at_most_every;
    if (is_new) logged_ = now;
  }
  page_.warn("person",
             (is_refusal(error) ? "API-Football refuses the key or the plan: "
                                : "an analysis failed for a fault of ours: ") +
                 detail,
             is_refusal(error) ? "a API-Football recusa a chave ou o plano"
                               : "uma análise falhou por um erro interno; veja o registro (log)");
  std::size_t told = 0;
  const program::TimeLimit limit(app_.clock, patience, {});
  const auto tell = [&]() -> base::Result<void> {
    const auto session = TRY(store_.session(limit.token()));
    return session->transact(
        store::Access::write, limit.token(), [&](store::Connection& c) -> base::Result<void> {
          told = TRY(
              bot::tell_owners(c, {.owners = owners, .matter = "person"}, notice(error, detail), app_.clock));
          return {};
        });
  };
  if (const auto done = tell(); !done)
    log_.error("the owners could not be told", {{"reason", done.error().message}});
  if (is_new)
    log_.critical(is_refusal(error) ? "API-Football refuses the key or the plan; check API_FOOTBALL_KEY"
                                    : "an analysis failed for a fault of ours",
                  {{"error", detail}, {"owners_told", std::to_string(told)}});
  if (told > 0) on_message_();
}

void Alarm::look() {
  const std::lock_guard lock(mutex_);
  if (!last_ || app_.clock.steady() - *last_ < at_most_every) return;
  last_.reset();
  page_.settle("person");
}

}  // namespace phoenix
