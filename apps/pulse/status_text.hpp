// Health for people: the list that `pulse status` prints, and the table of `pulse status --watch`. The worst
// come first. Times are in the zone of the log. Whatever names and errors hold, a terminal stays as it is.
// Pure.
//
//   ❌ collect-reddit-tech — LAST RUN FAILED
//      Error: HTTP 403 - Rate limited
//      failing since 03:12 (2 h); last run failed 05:08 (4 min ago); next start 05:16 (in 4 min)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "program/console.hpp"
#include "telemetry/log_time.hpp"
#include "web/status.hpp"

namespace pulse {

using program::TerminalSize;
using program::TextStyle;

enum class Verdict { well, warning, unhealthy };
// Paused and healthy are well; adopting is a warning; all others are unhealthy (R22, SC5).
Verdict verdict(schedule::Condition condition);
// The worst of all collectors; a warning of the whole program is one.
Verdict verdict(const web::Status& status);

std::string status_text(const web::Status& status, base::WallTime now, const TextStyle& style,
                        const telemetry::Zone& zone);

// Lines without their ends; never more or wider than the terminal. `page`: the URL of the status page, or "".
std::vector<std::string> watch_table(const web::Status& status, base::WallTime now, TerminalSize size,
                                     const TextStyle& style, std::string_view page);

// One line for each collector whose condition is another one than before, without the lines' ends; of the
// first status (`before` is nullptr) those that are not well.
std::vector<std::string> changes_of_health(const web::Status* before, const web::Status& status,
                                           base::WallTime now, const TextStyle& style,
                                           const telemetry::Zone& zone);

}  // namespace pulse
