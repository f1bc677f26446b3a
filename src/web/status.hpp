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
#include "web/probes.hpp"

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
  enum class NextIs {
    slot,        // as the schedule has it
    retry,       // a new try of a slot that failed
    rate_limit,  // the same, at the instant that the other side has named
  };
  NextIs next_is = NextIs::slot;
  std::string error{};  // of the last run, or of the file
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

std::string_view to_string(Collector::NextIs next_is);

class StatusSource : public Probes {
 public:
  virtual Status status() = 0;
};

}  // namespace web
