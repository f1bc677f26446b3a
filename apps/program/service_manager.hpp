// Tells the service manager how we are (sd_notify(3)): ready, reloading, stopping, still alive. Without one,
// nothing happens.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace program::service_manager {

void ready(const std::string& status);
void status(const std::string& status);  // one line for `systemctl status`
void reloading();                        // ready() follows
void stopping();
void alive();
std::optional<std::chrono::microseconds> watchdog_period();  // within which it wants to hear alive()

}  // namespace program::service_manager
