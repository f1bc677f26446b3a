#include "phoenix/service.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <future>
#include <thread>
#include <utility>

#include "base/text.hpp"
#include "bot/outgoing.hpp"
#include "bot/poller.hpp"
#include "football/error_words.hpp"
#include "http/budget_store.hpp"
#include "phoenix/commands.hpp"
#include "program/exit_code.hpp"
#include "program/output.hpp"
#include "program/service_manager.hpp"
#include "resilience/deadline.hpp"

namespace phoenix {
namespace {

using base::Code;
using program::Finding;
using store::Access;
using store::Connection;
using namespace std::chrono_literals;
namespace service_manager = program::service_manager;

jobs::QueueOptions queue_options(const config::PhoenixSettings& settings) {
  const config::QueueSettings& queue = settings.queue;
  return {.capacity = queue.capacity,
          .per_user = queue.per_user,
          .deduplicate = queue.deduplicate,
          .deadline = std::chrono::ceil<std::chrono::seconds>(queue.deadline),
          .max_attempts = static_cast<int>(queue.max_attempts)};
}

std::string owner() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = '?';
  return fmt::format("{}/{}", name.data(), ::getpid());
}

}  // namespace

Service::Service(App& app)
    : app_(app),
      log_(app.log.collector("phoenix")),
      page_({app.clock, app.metrics, app.football, app.cache, queue_options(app.settings), app.zone}),
      greeting_(app) {}
Service::~Service() { app_.signals.on_hangup({}); }

void Service::trouble(bool critical, const std::string& about, const std::string& text) {
  if (critical)
    log_.critical(text, {{"part", about}});
  else
    log_.warning(text, {{"part", about}});
}

void Service::no_updates(bool critical, const std::string& why) {
  trouble(critical, "updates", why);
  page_.warn("updates", app_.redactor.redact(why), "não chegam mensagens do Telegram; veja o registro (log)");
}

// Every message meets it, and at every try: a line an hour is enough.
void Service::refused(telegram::Fault fault, const std::string& why) {
  const std::string text = fmt::format("{}: {}", telegram::to_string(fault), why);
  page_.warn("telegram", "Telegram refuses messages: " + app_.redactor.redact(text),
             "o Telegram recusa mensagens; veja o registro (log)");
  {
    const std::lock_guard lock(refusals_mutex_);
    const base::SteadyTime now = app_.clock.steady();
    const auto [said, is_first] = refusals_.try_emplace(fault, now);
    if (!is_first && now - said->second < 1h) return;
    said->second = now;
  }
  trouble(true, "telegram", text);
}

int Service::run(const config::Faults& faults) {
  app_.signals.on_hangup([this] {
    const std::lock_guard lock(reload_mutex_);
    reload_wanted_ = true;
    reload_asked_.notify_all();
  });
  log_.info("phoenix starts", {{"version", PHOENIX_VERSION}, {"store", app_.settings.store.description()}});
  if (!app_.loaded.store_is_set && !app_.loaded.unusable.contains("store"))
    log_.info("DATABASE_URL is not set: the embedded database is used", {});
  app_.metrics.gauge("phoenix_build_info", "The program's version.", {{"version", PHOENIX_VERSION}}).set(1);
  if (const auto code = check(faults)) return *code;
  if (const auto code = start_page()) return *code;
  store::Database& store = **app_.open_store(0ms, {});  // check() has opened it
  if (const auto taken = take_over(store); !taken) {
    log_.fatal("the ledger cannot be used", {{"reason", taken.error().message}});
    return program::unavailable;
  }
  page_.set_store(&store);
  load_cache();
  build(store);
  if (const auto code = start_receiver(store)) return *code;
  work(store);
  log_.info("phoenix has stopped", {});
  app_.log.flush();
  app_.signals.stopped_cleanly();
  return program::ok;
}

// ---- start ----

std::optional<int> Service::check(const config::Faults& faults) {
  startup_ = check_services(app_, faults, Store::open, app_.signals.token());
  for (const Finding& finding : startup_.findings) say(log_, finding);
  if (app_.signals.token().stop_requested()) return app_.signals.exit_code();
  const int code = exit_code(startup_);
  if (code == program::ok) return std::nullopt;
  log_.fatal("phoenix does not start", {{"exit_code", code}});
  return code;
}

std::optional<int> Service::start_page() {
  const config::ListenSettings& listen = app_.settings.listen;
  if (listen.is_off()) return std::nullopt;
  const auto start = [&]() -> base::Result<std::unique_ptr<web::Server>> {
    web::Options options{.address = TRY(web::parse_address(listen.address)),
                         .name = listen.name,
                         .token = listen.token,
                         .is_public = listen.is_public};
    return web::Server::start(std::move(options), web::fact_routes(page_, app_.clock), app_.clock);
  };
  auto server = start();
  if (!server) {
    log_.fatal("the status page cannot be shown",
               {{"key", "listen.address"}, {"reason", server.error().message}});
    return server.error().code == Code::conflict ? program::unavailable : program::configuration;
  }
  server_ = *std::move(server);
  log_.info("listening", {{"address", web::to_string(server_->address())}});
  return std::nullopt;
}

std::optional<int> Service::start_receiver(store::Database& store) {
  if (polls()) return std::nullopt;
  receiver_ = std::make_unique<Receiver>(
      app_, store, *intake_,
      Receiver::Calls{[this](const bot::Taken& taken) { on_taken(taken); },
                      [this](bool critical, const std::string& text) { no_updates(critical, text); }});
  const auto fault = receiver_->start(app_.signals.token());
  if (app_.signals.token().stop_requested()) return app_.signals.exit_code();
  if (!fault) {
    log_.info("Telegram delivers the updates", {{"receiver", web::to_string(receiver_->address())}});
    return std::nullopt;
  }
  say(log_, *fault);
  const int code = program::exit_code({*fault}, false);
  log_.fatal("phoenix does not start", {{"exit_code", code}});
  return code;
}

// What the process before has left: where this one alone has the database, everything it was doing.
base::Result<void> Service::take_over(store::Database& store) {
  const auto session = TRY(store.session(app_.signals.token()));
  std::int64_t jobs_back = 0;
  TRY(session->transact(Access::write, app_.signals.token(), [&](Connection& c) -> base::Result<void> {
    const jobs::QueueOptions queue = queue_options(app_.settings);
    TRY(jobs::open(c, queue));
    const bool alone = !c.dialect().is_server();
    jobs_back = TRY(jobs::recover(c, queue, alone));
    return {};
  }));
  if (jobs_back > 0)
    log_.warning("jobs of a process that died are in the queue again", {{"jobs", jobs_back}});
  return {};
}

void Service::build(store::Database& store) {
  const config::PhoenixSettings& settings = app_.settings;
  const jobs::QueueOptions queue = queue_options(settings);
  page_.set_bot(startup_.bot.username);
  if (!polls()) page_.set_front("nobody: Telegram delivers them");
  analyst_ = std::make_unique<bot::FootballAnalyst>(app_.football, app_.clock, app_.zone);
  channel_ = std::make_unique<bot::TelegramChannel>(
      app_.telegram, app_.clock,
      telegram::SendRates{.per_second = static_cast<int>(settings.telegram.messages_per_second)},
      [this](telegram::Fault fault, const std::string& text) { refused(fault, text); },
      [this, &store](std::int64_t from, std::int64_t to, const std::stop_token& stop) {
        if (const auto done = move_chat(store, from, to, stop); !done && !stop.stop_requested())
          trouble(false, "telegram", "messages to a group that moved: " + done.error().message);
      });
  courier_ = std::make_unique<outbox::Courier>(
      store, app_.clock, base::Rng::from_entropy(), *channel_,
      outbox::CourierOptions{
          .owner = owner(),
          .carriers = static_cast<int>(settings.telegram.carriers),
          .alone = true,
          .on_end = [this](const auto& message, const auto& delivery) { on_message(message, delivery); },
          .on_fault =
              [this](const base::Error& error) {
                trouble(false, "outbox", "messages wait for the database: " + error.message);
              }});
  alarm_ = std::make_unique<Alarm>(app_, page_, store, [this] { courier_->wake(); });
  workers_ = std::make_unique<bot::Workers>(
      store, app_.clock, base::Rng::from_entropy(), *analyst_,
      bot::WorkersOptions{.queue = queue,
                          .owner = owner(),
                          .workers = static_cast<int>(settings.queue.workers),
                          .redact = [this](const std::string& text) { return app_.redactor.redact(text); },
                          .on_message = [this] { courier_->wake(); },
                          .on_end = [this](const bot::JobEnd& end) { on_job(end); },
                          .on_trouble = [this](const std::string& text) { trouble(false, "jobs", text); }});
  intake_ = std::make_unique<bot::Intake>(bot::IntakeOptions{.queue = queue,
                                                             .allowances = allowances(settings),
                                                             .username = startup_.bot.username,
                                                             .owners = settings.telegram.owners,
                                                             .status = [this] { return page_.text(); },
                                                             .timezone = settings.football.timezone},
                                          app_.clock);
  const auto poll = [this, &store](const bot::Lease& lease, std::stop_token stop) {
    bot::Poller poller(
        store, app_.clock, base::Rng::from_entropy(), app_.telegram, *intake_, lease,
        {.timeout = std::chrono::ceil<std::chrono::seconds>(app_.settings.telegram.poll_timeout),
         .on_taken = [this](const bot::Taken& taken) { on_taken(taken); },
         .on_trouble = [this](bool critical, const std::string& text) { no_updates(critical, text); },
         .on_well = [this] { page_.settle("updates"); }});
    greeting_.without_webhook(stop, [&] { poller.run(stop); });
    page_.settle("updates");
  };
  const auto on_change = [this](bool held, const std::string& why) {
    if (!polls())
      return log_.info(held ? "this process sends" : "this process does not send", {{"why", why}});
    page_.set_front(held ? "this process" : why);
    log_.info(held ? "this process asks for updates" : "this process does not ask for updates",
              {{"why", why}});
  };
  front_ = std::make_unique<bot::Front>(
      store, app_.clock, bot::Lease{.bot = startup_.bot.id, .owner = owner()},
      bot::FrontOptions{.poll = polls() ? poll : std::function<void(const bot::Lease&, std::stop_token)>(),
                        .deliver = [this](std::stop_token stop) { courier_->run(std::move(stop)); },
                        .on_change = on_change});
}

// ---- at work ----

void Service::on_taken(const bot::Taken& taken) {
  page_.settle("updates");
  app_.metrics.counter("phoenix_updates_total", "Updates of Telegram that were taken.")
      .add(static_cast<double>(taken.updates));
  if (taken.repeated > 0)
    app_.metrics.counter("phoenix_updates_repeated_total", "Updates that came again and changed nothing.")
        .add(static_cast<double>(taken.repeated));
  for (const auto& [fate, number] : taken.by_fate)
    app_.metrics
        .counter("phoenix_requests_total", "What users asked for, by what became of it.", {{"fate", fate}})
        .add(static_cast<double>(number));
  if (taken.dead) {
    app_.metrics
        .counter("phoenix_updates_dead_total", "Updates that could not be taken, kept as dead letters.")
        .add();
    log_.error("an update cannot be taken; it is kept in the table dead_updates, and the others go on",
               {{"update_id", *taken.dead}, {"error", base::to_string(taken.why_dead)}});
  }
  if (taken.has_messages) courier_->wake();
  if (taken.has_jobs) workers_->wake();
}

void Service::on_job(const bot::JobEnd& end) {
  app_.metrics
      .counter("phoenix_jobs_total", "Jobs that ended, or went back to the queue.",
               {{"kind", end.kind}, {"outcome", end.outcome}})
      .add();
  app_.metrics.histogram("phoenix_job_wait_seconds", "From the request to the beginning of its job.", {})
      .observe(std::chrono::duration<double>(end.waited).count());
  app_.metrics
      .histogram("phoenix_job_duration_seconds", "From the beginning of a job to its end.",
                 {{"kind", end.kind}})
      .observe(std::chrono::duration<double>(end.took).count());
  const auto level = end.outcome == "done" || end.outcome == "returned" ? telemetry::Level::info
                     : end.outcome == "dead"                            ? telemetry::Level::critical
                                                                        : telemetry::Level::warning;
  log_.log(level, "job ended",
           {{"kind", end.kind},
            {"outcome", end.outcome},
            {"waited", base::format_duration(end.waited)},
            {"took", base::format_duration(end.took)},
            {"error", end.error}});
  if (!end.fault) return;
  const base::Error error{*end.fault, end.error};
  if (football::needs_a_person(error)) alarm_->raise(error);
}

void Service::on_message(const outbox::Claimed& message, const outbox::Delivery& delivery) {
  using How = outbox::Delivery::How;
  const std::string outcome = delivery.how == How::sent      ? "sent"
                              : delivery.how == How::dropped ? delivery.reason
                                                             : "unknown";
  app_.metrics
      .counter("phoenix_messages_total", "Messages that were sent or dropped.",
               {{"action", message.message.action}, {"outcome", outcome}})
      .add();
  if (delivery.how != How::sent) {
    log_.warning("a message was dropped", {{"action", message.message.action}, {"reason", delivery.reason}});
    return;
  }
  page_.settle("telegram");
  const std::chrono::duration<double> delay = app_.clock.wall() - message.created;
  app_.metrics
      .histogram("phoenix_send_delay_seconds", "From the decision to say something until it was said.",
                 {{"action", message.message.action}})
      .observe(std::max(delay.count(), 0.0));
}

// What fails here is not lost: each of those messages is redirected when it is sent.
base::Result<void> Service::move_chat(store::Database& store, std::int64_t from, std::int64_t to,
                                      const std::stop_token& stop) {
  const auto session = TRY(store.session(stop));
  return session->transact(Access::write, stop, [&](Connection& c) { return bot::move_chat(c, from, to); });
}

// SS4: each step has its own time, so that a slow one cannot take that of the next.
void Service::work(store::Database& store) {
  std::stop_source no_more_updates, no_more_jobs, hurry, end;
  http::DatabaseBudgetStore budgets(store, app_.clock);
  app_.engine.budgets().share(&budgets);
  // Outside: where the disk of the cache hangs, nobody can wait for it.
  std::jthread house([this, &store](const std::stop_token& stop) { keep_house(store, stop); });
  {
    std::jthread hosts([this](const std::stop_token& stop) { app_.engine.watch_hosts(stop); });
    std::jthread greeting([this](const std::stop_token& stop) { greeting_.run(stop); });
    std::packaged_task<void()> jobs(
        [&]() noexcept {  // what it throws ends the process: leases are taken over
          workers_->run(no_more_jobs.get_token(), hurry.get_token());
        });
    std::future<void> jobs_ended = jobs.get_future();
    std::jthread workers(std::move(jobs));
    std::jthread front([&] { front_->run(no_more_updates.get_token(), end.get_token()); });

    page_.count();
    page_.set_readiness("");
    log_.info("ready", {{"bot", "@" + startup_.bot.username}});
    service_manager::ready("ready");
    wait_for_stop();

    const config::ShutdownSettings& time = app_.settings.shutdown;
    page_.set_readiness("stopping");
    service_manager::stopping();
    log_.info("stopping: no more updates", {{"running_jobs", workers_->running()}});
    if (receiver_) receiver_->close();
    no_more_updates.request_stop();
    no_more_jobs.request_stop();
    if (jobs_ended.wait_for(time.drain) == std::future_status::timeout && workers_->running() > 0)
      log_.warning("the jobs that still run go back to the queue", {{"jobs", workers_->running()}});
    hurry.request_stop();
    workers.join();
    courier_->wake();
    const base::SteadyTime flushed_by = resilience::after(app_.clock.steady(), time.flush);
    while (front_->held() && !courier_->idle() && app_.clock.steady() < flushed_by)
      app_.clock.sleep_for(20ms, {});
    end.request_stop();
  }
  app_.engine.budgets().share(nullptr);
  house.request_stop();
  save_cache_in_time();
}

int run(const ConfigPath& config) {
  config::Faults faults;
  const std::unique_ptr<App> app = App::create(config, faults);
  if (!app) {
    for (const config::Fault& fault : faults.sorted())
      program::complain("FATAL: settings: {}\n", fault.text());
    program::complain("FATAL: phoenix does not start exit_code={}\n", program::configuration);
    return program::configuration;
  }
  return Service(*app).run(faults);
}

}  // namespace phoenix
