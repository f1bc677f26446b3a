// What a service does beside its work: its cache on the disk, numbers, and ledger rows that nobody needs any
// more.
#include <unistd.h>

#include <future>
#include <thread>
#include <utility>

#include "bot/dead_updates.hpp"
#include "http/budget_store.hpp"
#include "phoenix/service.hpp"
#include "program/exit_code.hpp"
#include "resilience/deadline.hpp"
#include "store/batch.hpp"

namespace phoenix {
namespace {

using store::Access;
using store::Connection;
using namespace std::chrono_literals;

constexpr base::Duration look_every = 5s;
constexpr base::Duration tidy_every = 10min;
constexpr int tidy_at_once = 1000;

std::chrono::seconds seconds(base::Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration);
}

}  // namespace

void Service::load_cache() {
  const auto loaded = app_.cache.load(app_.settings.cache.file);
  if (loaded)
    log_.info("the cache is loaded", {{"entries", *loaded}});
  else
    log_.warning("the cache is empty, because its file cannot be used",
                 {{"file", app_.settings.cache.file.string()}, {"reason", loaded.error().message}});
}

void Service::save_cache() {
  if (!app_.cache.changed()) return;
  const auto saved = app_.cache.save(app_.settings.cache.file);
  if (!saved) log_.error("the cache could not be saved", {{"reason", saved.error().message}});
  if (saved)
    page_.settle("cache");
  else
    page_.warn("cache", "the cache cannot be saved: " + saved.error().message,
               "o cache não pode ser gravado; veja o registro (log)");
}

base::Result<void> Service::tidy(store::Database& store, const std::stop_token& stop) {
  const config::PhoenixRetention& keep = app_.settings.retention;
  const auto session = TRY(store.session(stop));
  // Each in short transactions, so that nobody waits for long.
  using Tidy = std::function<base::Result<std::int64_t>(Connection&)>;
  for (const Tidy& table :
       {Tidy([&](Connection& c) { return jobs::tidy(c, seconds(keep.jobs), tidy_at_once); }),
        Tidy([&](Connection& c) { return outbox::tidy(c, seconds(keep.outbox), tidy_at_once); }),
        Tidy(
            [&](Connection& c) { return bot::tidy_inbox(c, seconds(keep.inbox), app_.clock, tidy_at_once); }),
        Tidy([&](Connection& c) {
          return bot::tidy_dead_updates(c, seconds(keep.dead_updates), app_.clock, tidy_at_once);
        }),
        Tidy([&](Connection& c) -> base::Result<std::int64_t> {
          return bot::tidy_limits(c, TRY(store::shared_now(c, app_.clock)), tidy_at_once);
        })}) {
    std::int64_t gone = tidy_at_once;
    while (gone == tidy_at_once && !stop.stop_requested())
      TRY(session->transact(Access::write, stop, [&](Connection& c) -> base::Result<void> {
        gone = TRY(table(c));
        return {};
      }));
  }
  TRY(http::purge_budgets(*session, app_.clock, stop));
  return {};
}

void Service::keep_house(store::Database& store, const std::stop_token& stop) {
  base::SteadyTime save_at = resilience::after(app_.clock.steady(), app_.settings.cache.save_every);
  base::SteadyTime tidy_at = app_.clock.steady();
  while (app_.clock.sleep_for(look_every, stop)) {
    const base::SteadyTime now = app_.clock.steady();
    page_.count();
    alarm_->look();
    app_.log.tidy_up();
    if (now >= save_at) {
      save_cache();
      save_at = resilience::after(now, app_.settings.cache.save_every);
    }
    if (now < tidy_at) continue;
    if (const auto tidied = tidy(store, stop); !tidied && !stop.stop_requested())
      trouble(false, "housekeeping", tidied.error().message);
    tidy_at = resilience::after(now, tidy_every);
  }
}

// A disk that hangs cannot be told to stop; all that matters is in the ledger already. It may also hang in a
// save of keep_house(), which this one waits for.
void Service::save_cache_in_time() {
  std::packaged_task<void()> save([this] { save_cache(); });
  std::future<void> saved = save.get_future();
  std::thread saver(std::move(save));
  if (saved.wait_for(app_.settings.shutdown.save) == std::future_status::ready) return saver.join();
  log_.error(
      "the cache could not be saved in time, the file before stays: check its disk, or raise shutdown.save",
      {{"file", app_.settings.cache.file.string()}});
  log_.info("phoenix has stopped", {});
  app_.log.flush();
  ::_exit(program::ok);
}

}  // namespace phoenix
