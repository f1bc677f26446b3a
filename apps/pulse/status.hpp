// `pulse status` without the App, so that tests can drive it: where the facts come from, the clock, and what
// a terminal would do are given to it. Exit codes: 0 all is well; 1 a collector is unhealthy; 2 with
// --strict: there are only warnings, which are a collector that is `adopting`, or a warning of the whole
// program (the disk is nearly full). Paused is well; never_ran, late, stuck, suspect and all others are
// unhealthy (R22). 64 a name that no collector has, 69 or 78 the facts cannot be had. Ended by a signal: what
// cli.cpp says.
//
// --watch draws into the alternate screen of a terminal and leaves it again whatever happens; what is no
// terminal gets a line for each change of health.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/settings.hpp"
#include "pulse/commands.hpp"
#include "pulse/status_text.hpp"

namespace pulse {

using CurrentStatus = std::function<base::Result<web::Status>()>;

struct StatusView {
  base::Clock& clock;
  std::stop_token stop;
  const telemetry::Zone& zone;
  TextStyle style;
  std::string page;                                       // URL of the status page, or ""
  std::function<bool(std::string_view)> print;            // results; false: nobody reads them any more
  std::function<void(std::string_view)> complain;         // what went wrong
  std::function<std::optional<TerminalSize>()> terminal;  // nothing: results go elsewhere
};

// The URL of the daemon's status page, for this machine; "" if there is none, or nobody knows its port.
std::string page_of(const config::ListenSettings& listen);

int show_status(const CurrentStatus& current_status, const StatusOptions& options, const StatusView& view);

}  // namespace pulse
