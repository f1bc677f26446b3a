#include "pulse/daemon.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>

#include "base/text.hpp"
#include "control/client.hpp"
#include "program/service_manager.hpp"
#include "pulse/commands.hpp"
#include "pulse/delegate.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/housekeeping.hpp"
#include "pulse/restart_keys.hpp"
#include "pulse/selection.hpp"
#include "web/status_routes.hpp"

namespace pulse {
namespace {

namespace service_manager = program::service_manager;

using base::Code;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds ask_store_for = 1s;  // at start, then the socket has its turn
constexpr base::Duration say_again_every = 60s;
constexpr base::Duration look_every = 10s;         // around, for others that share the database
constexpr base::Duration log_is_well_after = 60s;  // without a line that was lost
constexpr base::Duration stop_within = 2s;         // SS4; a COMMIT under way may take longer

// What a person must mend, and no patience does.
bool is_hopeless(const base::Error& error) {
  return error.code == Code::invalid_config || error.code == Code::internal ||
         error.code == Code::invalid_data;
}

// What was needed to read files and ledger lies free between what stays, and would for ever.
void give_back_memory() { malloc_trim(0); }

collect::RunReport failed_by(const char* what) {
  collect::RunReport report;
  report.run.outcome = collect::Outcome::failed;
  report.run.failure_type = collect::FailureType::transient;
  report.run.error = fmt::format("an error in pulse itself: {}", what);
  return report;
}

// The one catch-all: what a run throws ends that run, not the others.
template <class Run>
collect::RunReport guarded(const keeper::Launch& launch, const Run& run) {
  try {
    return run();
  } catch (const std::exception& fault) {
    auto report = failed_by(fault.what());
    report.run.collector = launch.collector->name;
    return report;
  }
}

void log_invalid(App& app, const keeper::Roster& roster) {
  for (const keeper::Member& it : roster.members)
    if (it.invalid_since || it.is_outdated)
      app.log.collector(it.entry.name)
          .critical(it.is_outdated ? "the collector's file is faulty; it goes on as it was"
                                   : "the collector's file is faulty; it does not run",
                    {{"collector", it.entry.name}, {"fault", it.fault}});
}

}  // namespace

Daemon::Daemon(App& app, keeper::Roster roster)
    : app_(app),
      roster_(std::move(roster)),
      board_(roster_, PULSE_VERSION, app.clock.wall()),
      page_(board_, app.metrics, app.clock),
      watchdog_(service_manager::watchdog_period()) {}

Daemon::~Daemon() = default;

int Daemon::run() {
  app_.log.logger().info("pulse starts", {{"version", PULSE_VERSION},
                                          {"collectors", roster_.members.size()},
                                          {"store", app_.settings.store.description()}});
  log_invalid(app_, roster_);
  tell_if_empty(app_.settings);
  app_.metrics.gauge("pulse_build_info", "The program's version.", {{"version", PULSE_VERSION}}).set(1);
  if (const auto code = start_page()) return *code;
  app_.signals.on_hangup([this] { mailbox_.post([this] { reload(); }); });
  const auto code = open_store();
  if (!code && !app_.signals.token().stop_requested()) {
    work_until_stop();
  }
  stop();
  app_.signals.on_hangup({});  // not before: it would count as a second signal
  if (code) return *code;
  app_.signals.stopped_cleanly();
  return ok;
}

// ---- start ----

std::optional<int> Daemon::start_page() {
  const config::ListenSettings& listen = app_.settings.listen;
  if (listen.is_off()) return std::nullopt;
  const auto start = [&]() -> base::Result<std::unique_ptr<web::Server>> {
    web::Options options{.address = TRY(web::parse_address(listen.address)),
                         .name = listen.name,
                         .token = listen.token,
                         .is_public = listen.is_public};
    options.on_answer = [this](std::string_view route, std::string_view code_class) {
      app_.metrics
          .counter("pulse_page_requests_total", "Requests answered by the status page's server.",
                   {{"route", std::string(route)}, {"code_class", std::string(code_class)}})
          .add();
    };
    return web::Server::start(std::move(options), web::status_routes(page_, app_.clock), app_.clock);
  };
  auto server = start();
  if (!server) {
    app_.log.logger().fatal("the status page cannot be shown",
                            {{"key", "listen.address"}, {"reason", server.error().message}});
    return server.error().code == Code::conflict ? unavailable : configuration;
  }
  server_ = *std::move(server);
  app_.log.logger().info("listening", {{"address", web::to_string(server_->address())}});
  return std::nullopt;
}

// SS3: a database that is down at boot is waited for.
std::optional<int> Daemon::open_store() {
  const std::stop_token stop = app_.signals.token();
  std::optional<base::SteadyTime> said_at;
  while (!stop.stop_requested()) {
    const auto opened = app_.open_store(ask_store_for);
    if (opened) {
      store_ = *opened;
      page_.set_store(store_);
      if (said_at) app_.log.logger().info("the store answers", {});
      board_.warn("store", "");
      return std::nullopt;
    }
    const base::Error& error = opened.error();
    if (stop.stop_requested()) break;
    if (is_hopeless(error)) {
      app_.log.logger().fatal("the store cannot be used",
                              {{"store", app_.settings.store.description()}, {"reason", error.message}});
      return configuration;
    }
    if (error.code == Code::conflict && is_another_at_work()) {
      app_.log.logger().fatal("another pulse run is at work on this store",
                              {{"store", app_.settings.store.description()}, {"reason", error.message}});
      return try_again;
    }
    page_.set_readiness("the store cannot be used: " + error.message);
    board_.warn("store", "The store cannot be used: " + error.message);
    if (!said_at || app_.clock.steady() - *said_at >= say_again_every) {
      said_at = app_.clock.steady();
      app_.log.logger().critical("waiting for the store",
                                 {{"store", app_.settings.store.description()}, {"reason", error.message}});
      service_manager::status("waiting for the store: " + error.message);
    }
    mailbox_.work(app_.clock.steady() + 500ms, stop);
    service_manager::alive();
  }
  return std::nullopt;
}

// Whoever holds the lock of a file and answers at its socket is a daemon.
bool Daemon::is_another_at_work() {
  if (app_.settings.store.engine != config::DatabaseAddress::Engine::sqlite) return false;
  return control::Client::connect(socket_path(app_.settings.store), app_.clock, app_.signals.token())
      .has_value();
}

void Daemon::take_orders() {
  if (store_->dialect().is_server()) return;
  orders_ = std::make_unique<Orders>(
      app_, mailbox_, [this](keeper::Request request) { scheduler_->request(std::move(request)); });
  const auto path = socket_path(app_.settings.store);
  if (const auto listening = orders_->listen(path); !listening) {
    app_.log.logger().critical("commands cannot reach this daemon; they will wait for the lock of its store",
                               {{"socket", path.string()}, {"reason", listening.error().message}});
    board_.warn("socket", "Commands cannot reach this daemon: " + listening.error().message);
  }
}

// ---- work ----

base::Duration Daemon::rest() const {
  base::Duration rest = scheduler_->rest();
  if (watchdog_) rest = std::min<base::Duration>(rest, *watchdog_ / 3);
  if (store_->dialect().is_server()) rest = std::min(rest, look_at_ - app_.clock.steady());
  return std::max(rest, base::Duration{});
}

void Daemon::work_until_stop() {
  scheduler_ = std::make_unique<keeper::Scheduler>(
      keeper::SchedulerParts{.database = *store_,
                             .clock = app_.clock,
                             .log = app_.log,
                             .metrics = app_.metrics,
                             .launch = [this](keeper::Launch it) { launch(std::move(it)); },
                             .stop = app_.signals.token(),
                             .workers = static_cast<std::size_t>(app_.settings.workers)},
      std::exchange(roster_, {}), board_);
  take_orders();
  watch_hosts();
  while (!app_.signals.token().stop_requested()) {
    look_after(app_.clock.steady());
    watch_log(app_.clock.steady());
    watch_budgets();
    watch_circuits();
    scheduler_->turn();
    const bool is_ready = scheduler_->knows_all() && scheduler_->store_answers();
    page_.set_readiness(is_ready ? "" : "the store does not answer");
    if (is_ready && !std::exchange(was_ready_, true)) {
      app_.log.logger().info("ready", {{"collectors", roster().members.size()}});
      service_manager::ready(fmt::format("{} collectors", roster().members.size()));
      keep_house();
      give_back_memory();
    }
    service_manager::alive();
    mailbox_.work(app_.clock.steady() + rest(), app_.signals.token());
  }
}

void Daemon::look_after(base::SteadyTime now) {
  if (!store_->dialect().is_server() || now < look_at_) return;
  look_at_ = now + look_every;
  scheduler_->look_around();
}

void Daemon::keep_house() {
  const config::RetentionSettings& kept = app_.settings.retention;
  housekeeping_ = std::jthread([this, kept](std::stop_token stop) {
    Housekeeping({.store = *store_,
                  .clock = app_.clock,
                  .log = app_.log,
                  .board = board_,
                  .retention = {.runs = kept.runs, .quarantine = kept.quarantine}})
        .work(std::move(stop));
  });
}

// RT9: what was missed while we were down does not fall upon a host all at once either.
void Daemon::watch_hosts() {
  app_.engine.hosts().begin_gently();
  app_.engine.hosts().on_change([this](const std::string& host, bool is_open) {
    mailbox_.post([this, host, is_open] { tell_of_host(host, is_open); });
  });
  hosts_watch_ = std::jthread([this](std::stop_token stop) { app_.engine.watch_hosts(std::move(stop)); });
}

void Daemon::tell_of_host(const std::string& host, bool is_open) {
  if (is_open) {
    const std::string cause = app_.engine.hosts().gate(host, app_.clock.steady())->last_cause();
    app_.log.logger().warning("a host keeps failing; only a canary asks it, for all its collectors",
                              {{"host", host}, {"cause", cause}});
    watch_circuits();
    return;
  }
  app_.log.logger().info("the host is back", {{"host", host}});
  watch_circuits();
  scheduler_->host_is_back(host);
}

// A host that nobody wants any more may stay as it is; that is no news.
void Daemon::watch_circuits() {
  const base::SteadyTime now = app_.clock.steady();
  std::set<std::string> failing;
  for (const http::Hosts::Open& it : app_.engine.hosts().open(now)) {
    if (!it.gate->is_wanted(now)) continue;
    failing.insert(it.host);
    board_.warn("host " + it.host,
                fmt::format("{} keeps failing ({}); {}", it.host, it.cause,
                            it.gate->canary() ? "it is asked for a sign of life every 30 s"
                                              : "the next run that wants it finds out more"));
  }
  for (const std::string& host : failing_hosts_)
    if (!failing.contains(host)) board_.warn("host " + host, "");
  failing_hosts_ = std::move(failing);
}

void Daemon::tell_if_empty(const config::Settings& settings) {
  const bool is_empty = roster().members.empty();
  const std::string folder = settings.path_of(settings.collectors).string();
  if (is_empty)
    app_.log.logger().warning("the folder of collectors is empty; SIGHUP after adding some",
                              {{"folder", folder}});
  board_.warn("collectors",
              is_empty ? folder + " holds no collector files yet; send SIGHUP after adding some" : "");
}

// DU1: what the log files do not take is lost, but not silently.
void Daemon::watch_log(base::SteadyTime now) {
  const std::uint64_t dropped = app_.log.dropped();
  if (dropped == dropped_) {
    if (dropping_until_ && now >= *dropping_until_) {
      dropping_until_.reset();
      board_.warn("log", "");
    }
    return;
  }
  const std::string directory = app_.settings.path_of(app_.settings.logs.directory).string();
  if (!dropping_until_)
    app_.log.logger().critical("lines of the log files are lost: they cannot be written",
                               {{"directory", directory}});
  dropped_ = dropped;
  dropping_until_ = now + log_is_well_after;
  board_.warn("log", fmt::format("The log files in {} cannot be written, {} lines are lost so far: look for "
                                 "space on their disk and at its permissions",
                                 directory, dropped));
}

void Daemon::watch_budgets() {
  http::Budgets& budgets = app_.engine.budgets();
  const auto trouble = budgets.take_trouble();
  if (trouble)
    app_.log.logger().warning("the store does not take the limits of APIs", {{"reason", *trouble}});
}

void Daemon::launch(keeper::Launch it) {
  const std::uint64_t id = it.id;
  const auto work = [this, it = std::move(it)] {
    base::Rng rng = base::Rng::from_entropy();
    collect::Runner runner({.database = store_,
                            .engine = app_.engine,
                            .clock = app_.clock,
                            .rng = rng,
                            .log = app_.log,
                            .metrics = app_.metrics,
                            .redactor = app_.redactor,
                            .databases = [this](const std::string& name, std::stop_token stop) {
                              return app_.database(name, std::move(stop));
                            }});
    collect::RunReport report = guarded(it, [&] { return runner.run(*it.collector, it.options, it.stop); });
    mailbox_.post([this, id = it.id, report = std::move(report)] { end(id, report); });
  };
  try {
    runs_[id] = std::jthread(work);
  } catch (const std::system_error& fault) {  // no more threads: it did not begin
    runs_.erase(id);
    mailbox_.post([this, id, report = failed_by(fault.what())] { end(id, report); });
  }
}

void Daemon::end(std::uint64_t id, const collect::RunReport& report) {
  scheduler_->ended(id, report);
  runs_.erase(id);  // its thread has nothing left to do
}

// ---- reload and stop ----

void Daemon::reload() {
  const auto keep = [&](const config::Faults& faults) {
    for (const config::Fault& it : faults.sorted())
      app_.log.logger().critical(
          "reload refused: the old configuration stays",
          {{"where", it.mark.origin.empty() ? fmt::format("{}:{}:{}", it.file, it.mark.line, it.mark.column)
                                            : it.mark.origin},
           {"key", it.key},
           {"fault", it.message}});
    board_.warn("reload",
                "The new configuration is faulty, the old one stays; pulse validate shows its faults");
  };
  if (was_ready_) service_manager::reloading();
  config::Faults faults;
  const auto loaded = App::load(app_.query, faults);
  if (loaded) {
    keeper::LoadedRoster fresh =
        keeper::load_roster(loaded->settings, loaded->environment, app_.clock.wall(), judge);
    if (fresh.faults.empty() || fresh.is_empty_folder) {
      keeper::Roster newer = keeper::renewed(roster(), std::move(fresh.roster), app_.clock.wall());
      if (scheduler_)
        scheduler_->renew(std::move(newer));
      else
        board_.renew(roster_ = std::move(newer));
      app_.accept(*loaded);
      board_.warn("reload", "");
      tell_if_empty(loaded->settings);
      app_.log.logger().info("reloaded", {{"collectors", roster().members.size()}});
      tell_what_waits(loaded->settings);
      log_invalid(app_, roster());
      give_back_memory();
    } else {
      keep(fresh.faults);
    }
  } else {
    keep(faults);
  }
  if (was_ready_ && !app_.signals.token().stop_requested())
    service_manager::ready(fmt::format("{} collectors", roster().members.size()));
}

void Daemon::tell_what_waits(const config::Settings& now) {
  const std::string keys = fmt::format("{}", fmt::join(changed_until_restart(app_.settings, now), ", "));
  if (!keys.empty()) app_.log.logger().warning("these keys count from the next start on", {{"keys", keys}});
  board_.warn("restart",
              keys.empty() ? "" : "Changed in pulse.yaml, to count from the next start on: " + keys);
}

// SS4: what is under way is told to stop; a COMMIT ends, the rest is cancelled.
void Daemon::stop() {
  service_manager::stopping();
  housekeeping_.request_stop();
  hosts_watch_.request_stop();
  page_.set_readiness("stopping");
  if (!scheduler_) return;
  app_.log.logger().info("stopping", {{"runs", scheduler_->running()}});
  if (orders_) orders_->stop();
  scheduler_->stop();
  const base::SteadyTime soon = app_.clock.steady() + stop_within;
  bool said = false;
  while (scheduler_->running() > 0 || (orders_ && !orders_->is_idle())) {
    const base::SteadyTime now = app_.clock.steady();
    if (now >= soon && !std::exchange(said, true))
      app_.log.logger().warning("waiting for a commit under way", {{"runs", scheduler_->running()}});
    mailbox_.work(now < soon ? soon : now + 1s, {});
    service_manager::alive();
  }
  orders_.reset();
  scheduler_->record_ends();
  app_.log.logger().info("stopped", {});
}

int run(App& app) {
  keeper::LoadedRoster loaded = keeper::load_roster(app.settings, app.environment, app.clock.wall(), judge);
  if (!loaded.faults.empty() && !loaded.is_empty_folder) {
    app.terminal.write(app.redactor.redact(loaded.faults.text()));
    return configuration;
  }
  return Daemon(app, std::move(loaded.roster)).run();
}

}  // namespace pulse
