// One event as one line, without its '\n': for people, or as a JSON object for tools. Secrets are redacted,
// control characters escaped. Pure; thread-safe.
//
//   [2025-11-21 10:30:02] INFO: run finished run=r-1 rows=1404 title="two words"
//   {"time":"2025-11-21T10:30:02.000-03:00","level":"INFO","event":"run finished","collector":"kev",
//    "fields":{"run":"r-1","rows":1404,"title":"two words"}}
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "telemetry/log.hpp"
#include "telemetry/log_time.hpp"

namespace telemetry {

// What all lines of one event share.
struct LogHead {
  base::WallTime time;
  Level level;
  std::string_view collector;  // "" if none
};

class LogLine {
 public:
  LogLine(const Zone& zone, const base::Redactor& redactor) : zone_(zone), redactor_(redactor) {}

  std::string text(const LogHead& head, std::string_view event, Fields fields) const;
  // Several lines, framed by rules of '='.
  std::string text_banner(const LogHead& head, std::initializer_list<std::string> lines) const;
  std::string json(const LogHead& head, std::string_view event, Fields fields) const;
  // One object: the event is "banner", the lines are a list.
  std::string json_banner(const LogHead& head, std::initializer_list<std::string> lines) const;

 private:
  std::string prefix(const LogHead& head) const;
  std::string clean(std::string_view text) const;
  std::string value(std::string_view text) const;
  std::string quoted(std::string_view text) const;
  std::string object(const LogHead& head, std::string_view event) const;

  const Zone& zone_;
  const base::Redactor& redactor_;
};

}  // namespace telemetry
