// When a collector runs: `schedule`, `after` beside `on_upstream_failure`, and `deadline` (semantics SC1,
// SC3).
//
//   schedule: "0 */4 * * *"                         # cron, in UTC
//   schedule: {cron: "30 8 * * MON-FRI", timezone: America/Sao_Paulo, splay: 2m}
//   schedule: {every: 15m, recover_missed: none}
//
// Types for the collector's table, see descriptor.hpp. Faults inside of a cron expression point into it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "config/descriptor.hpp"
#include "schedule/cron.hpp"

namespace config {

struct Schedule {
  std::optional<schedule::Cron> cron;   // either this
  std::optional<base::Duration> every;  // or this: the multiples of it since 1970
  std::string timezone;                 // exists
  base::Duration splay{};               // shorter than every
  enum class RecoverMissed { last, all, none };
  RecoverMissed recover_missed = RecoverMissed::last;
  std::optional<base::Duration> late_maximum_delay;  // nothing: however late
  enum class Overlap { skip, queue, cancel };
  Overlap overlap = Overlap::skip;
};
Type<Schedule> schedule();  // cron text, or a map
Table<Schedule> schedule_table();

Type<schedule::Cron> cron();
Type<std::string> timezone();  // a name of the machine's zone database

enum class OnUpstreamFailure { skip, run };
Type<OnUpstreamFailure> on_upstream_failure();

struct TimeOfDay {
  std::chrono::minutes since_midnight{};
};
Type<TimeOfDay> time_of_day();  // "08:00", from 00:00 to 23:59

}  // namespace config
