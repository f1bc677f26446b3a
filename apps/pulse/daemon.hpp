// `pulse run`: keeps the collectors going until it is told to stop. One thread plans and decides, each run
// has its own, the status page and the control socket theirs; what they want of the first waits in a mailbox.
//
//   Daemon daemon(app, std::move(roster));
//   return daemon.run();
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "keeper/board.hpp"
#include "keeper/roster.hpp"
#include "keeper/scheduler.hpp"
#include "pulse/app.hpp"
#include "pulse/mailbox.hpp"
#include "pulse/orders.hpp"
#include "pulse/page.hpp"
#include "web/server.hpp"

namespace pulse {

class Daemon {
 public:
  Daemon(App& app, keeper::Roster roster);
  ~Daemon();
  int run();

 private:
  std::optional<int> start_page();
  std::optional<int> open_store();  // waits for it, however long; nothing: it is open
  void take_orders();
  bool is_another_at_work();
  void work_until_stop();
  void stop();
  void launch(keeper::Launch launch);
  void end(std::uint64_t id, const collect::RunReport& report);
  void reload();
  void look_after(base::SteadyTime now);
  void keep_house();
  void watch_hosts();
  void tell_of_host(const std::string& host, bool is_open);
  void watch_circuits();
  void tell_what_waits(const config::Settings& now);  // for a restart
  void tell_if_empty(const config::Settings& settings);
  void watch_log(base::SteadyTime now);
  void watch_budgets();
  base::Duration rest() const;
  // There is one in memory: the scheduler's, as soon as there is one.
  const keeper::Roster& roster() const { return scheduler_ ? scheduler_->roster() : roster_; }

  App& app_;
  Mailbox mailbox_;
  keeper::Roster roster_;
  keeper::Board board_;
  Page page_;
  std::unique_ptr<web::Server> server_;
  store::Database* store_ = nullptr;
  std::unique_ptr<keeper::Scheduler> scheduler_;
  std::map<std::uint64_t, std::jthread> runs_;
  std::unique_ptr<Orders> orders_;
  std::optional<std::chrono::microseconds> watchdog_;
  bool was_ready_ = false;
  base::SteadyTime look_at_{};
  std::jthread housekeeping_, hosts_watch_;
  std::set<std::string> failing_hosts_;  // on the page
  std::uint64_t dropped_ = 0;            // lines of the log files, as far as was said
  std::optional<base::SteadyTime> dropping_until_;
};

}  // namespace pulse
