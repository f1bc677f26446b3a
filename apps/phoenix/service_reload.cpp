// What wakes a service that is at work: the stop, the service manager's watchdog, and SIGHUP.
#include <fmt/format.h>

#include <utility>

#include "phoenix/service.hpp"
#include "program/service_manager.hpp"

namespace phoenix {

using namespace std::chrono_literals;
namespace service_manager = program::service_manager;

bot::Allowances allowances(const config::PhoenixSettings& settings) {
  const auto one = [](const config::LimitSettings& limit) {
    return bot::Allowance{static_cast<int>(limit.calls), limit.per};
  };
  return {.commands = one(settings.limits.commands), .navigation = one(settings.limits.navigation)};
}

void Service::wait_for_stop() {
  const auto watchdog = service_manager::watchdog_period();
  const base::Duration rest = watchdog ? base::Duration(*watchdog) / 3 : base::Duration(1min);
  const std::stop_token stop = app_.signals.token();
  std::unique_lock lock(reload_mutex_);
  while (!stop.stop_requested()) {
    reload_asked_.wait_for(lock, stop, rest, [this] { return reload_wanted_; });
    service_manager::alive();
    if (!std::exchange(reload_wanted_, false)) continue;
    lock.unlock();
    reload();
    lock.lock();
  }
}

// SS4: what is faulty changes nothing. Who may do what counts at once; connections, queue and files are made
// once, at the start.
void Service::reload() {
  service_manager::reloading();
  config::Faults faults;
  const auto loaded = App::load(app_.config_path, faults);
  if (loaded && faults.empty()) {
    intake_->change(allowances(loaded->settings), loaded->settings.telegram.owners);
    alarm_->tell(loaded->settings.telegram.owners);
    page_.settle("reload");
    log_.info("reloaded: limits and telegram.owners count from now on, all other keys from the next start",
              {});
  } else {
    for (const config::Fault& fault : faults.sorted())
      log_.critical("reload refused: the old settings stay", {{"fault", fault.text()}});
    page_.warn("reload", "the new settings are faulty, the old ones stay: phoenix doctor shows the faults",
               "as novas configurações têm erros e não valem: phoenix doctor mostra quais");
  }
  service_manager::ready("ready");
}

}  // namespace phoenix
