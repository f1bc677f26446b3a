// `phoenix run`: takes updates, runs jobs, delivers messages, until it is told to stop; then in order and
// each step with its own time (SS4): no more updates, running jobs end or go back, messages go out, the cache
// is saved. SIGHUP reads the settings again. Whatever is left is in the ledger, and goes on with the next
// start.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "bot/football_analyst.hpp"
#include "bot/front.hpp"
#include "bot/intake.hpp"
#include "bot/telegram_channel.hpp"
#include "bot/workers.hpp"
#include "outbox/courier.hpp"
#include "phoenix/alarm.hpp"
#include "phoenix/app.hpp"
#include "phoenix/greeting.hpp"
#include "phoenix/page.hpp"
#include "phoenix/receiver.hpp"
#include "phoenix/startup.hpp"
#include "web/server.hpp"

namespace phoenix {

class Service {
 public:
  explicit Service(App& app);
  ~Service();
  int run(const config::Faults& faults);

 private:
  std::optional<int> start_page();
  std::optional<int> check(const config::Faults& faults);
  std::optional<int> start_receiver(store::Database& store);
  base::Result<void> take_over(store::Database& store);
  void load_cache();
  void build(store::Database& store);
  void work(store::Database& store);
  void keep_house(store::Database& store, const std::stop_token& stop);
  base::Result<void> tidy(store::Database& store, const std::stop_token& stop);
  base::Result<void> move_chat(store::Database& store, std::int64_t from, std::int64_t to,
                               const std::stop_token& stop);
  void save_cache();
  void save_cache_in_time();
  void wait_for_stop();
  void reload();
  void on_taken(const bot::Taken& taken);
  void on_job(const bot::JobEnd& end);
  void on_message(const outbox::Claimed& message, const outbox::Delivery& delivery);
  void trouble(bool critical, const std::string& about, const std::string& text);
  void refused(telegram::Fault fault, const std::string& why);  // until a message is sent
  void no_updates(bool critical, const std::string& why);       // until some come
  bool polls() const { return app_.settings.telegram.mode == config::TelegramSettings::Mode::polling; }

  App& app_;
  const telemetry::Logger log_;
  Page page_;
  std::unique_ptr<web::Server> server_;
  Startup startup_;
  Greeting greeting_;
  std::unique_ptr<bot::FootballAnalyst> analyst_;
  std::unique_ptr<bot::TelegramChannel> channel_;
  std::unique_ptr<outbox::Courier> courier_;
  std::unique_ptr<Alarm> alarm_;
  std::unique_ptr<bot::Workers> workers_;
  std::unique_ptr<bot::Intake> intake_;
  std::unique_ptr<bot::Front> front_;
  std::unique_ptr<Receiver> receiver_;  // of webhook mode

  std::mutex refusals_mutex_;
  std::map<telegram::Fault, base::SteadyTime> refusals_;  // when each was logged last

  std::mutex reload_mutex_;
  std::condition_variable_any reload_asked_;
  bool reload_wanted_ = false;
};

// What the settings allow each user.
bot::Allowances allowances(const config::PhoenixSettings& settings);

}  // namespace phoenix
