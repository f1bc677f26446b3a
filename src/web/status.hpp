// What the status page, the JSON API and the probes show. A program fills it; this folder knows no database.
// The functions of a StatusSource are called on the server's threads, several at once: they answer from
// memory, or quickly. Every text may come from outside: whoever shows it escapes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "schedule/health.hpp"

namespace web {

struct LastRun {
  std::string outcome;  // "success", "rejected" …
  base::WallTime ended;
  std::uint64_t rows = 0;
};

struct Collector {
  std::string name;
  std::string description{};
  schedule::Condition condition = schedule::Condition::never_ran;
  std::optional<base::WallTime> since{};          // when the condition set in
  std::optional<base::WallTime> running_since{};  // a run is under way
  std::optional<LastRun> last_run{};
  std::optional<base::WallTime> last_success{};  // when the newest run that was one ended
  std::optional<base::WallTime> next_start{};    // nothing: only by hand, or paused
  std::string error{};                           // of the last run, or of the file
};

// Of the last 24 hours.
struct Totals {
  std::uint64_t runs = 0;
  std::uint64_t failed_runs = 0;
  std::uint64_t rows = 0;
};

struct Status {
  std::string program = "pulse";
  std::string version;
  base::WallTime started_at;
  std::vector<std::string> warnings{};  // of the whole program: "the disk is nearly full"
  std::vector<Collector> collectors{};
  Totals totals{};
};

class StatusSource {
 public:
  virtual ~StatusSource() = default;
  virtual Status status() = 0;
  virtual bool ready() = 0;
  virtual std::string why_not_ready() = 0;  // for people; asked only when not ready
  virtual std::string metrics() = 0;        // Prometheus text, format 0.0.4
};

}  // namespace web
