// How a run ends, and what it counted. Plain data, shared by the run, the ledger and those who show them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace collect {

enum class Outcome {
  running,
  success,
  empty,
  not_modified,  // the source gave what is committed already: it is there, and nothing is fresher (CO7)
  partial,       // some slices are open
  incomplete,    // the pages contradict each other
  rejected,
  rate_limited,
  failed,
  timeout,
  cancelled,
  lost,
};
std::string_view to_string(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view text);

bool leaves_open(Outcome outcome);  // something that the next run should fetch instead of everything

// Why a run failed: it decides who is told and when it is tried again (RT11).
enum class FailureType { transient, credentials, endpoint_gone, configuration, data };
std::string_view to_string(FailureType type);

Outcome outcome_of(const base::Error& error);
// What a database does not permit has nothing to do with the API's credentials.
base::Error of_database(base::Error error);
FailureType failure_type_of(const base::Error& error);

// Row counts are what the database reported (CO9): unchanged = staged − inserted − updated.
struct Counts {
  std::int64_t requests = 0;  // attempts included
  std::int64_t pages = 0;
  std::int64_t received_bytes = 0;
  std::int64_t records = 0;  // in the answer
  std::int64_t staged = 0;   // rows that fit, each key once
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;
  std::int64_t deleted = 0;
  std::int64_t quarantined = 0;
  std::int64_t conflicts = 0;  // rows that gave way to another one with their key, and differ from it
};

void add_rows(Counts& all,
              const Counts& slice);  // what became of its rows; quarantined ones are not among them

enum class StartedBy {
  command,   // its process did nothing else
  request,   // somebody asked the daemon
  schedule,  // a slot was due
  retry,     // a slot's earlier run did not end well
};
std::string_view to_string(StartedBy started_by);

// The slot of the schedule that a run is for.
struct RunSlot {
  base::WallTime time{};
  bool again = false;                            // not its first run
  std::optional<base::WallTime> first_failed{};  // in those before
  // Again: when it was to be tried, as far as whoever planned this knows. Set to another time meanwhile, the
  // slot is not taken.
  std::optional<base::WallTime> try_at{};
};

struct RunRecord {
  std::string id;
  std::string collector;
  Outcome outcome = Outcome::running;
  std::optional<FailureType> failure_type;
  std::string error;         // redacted
  bool allow_empty = false;  // of outcome `empty`: it is no failure
  StartedBy started_by = StartedBy::command;
  std::optional<RunSlot> slot{};
  std::int64_t attempt = 1;  // at its slot; as the ledger has it
  // Of the requests that failed, the first of those since the last that did not; of a lost run its last sign
  // of life. Nothing, if it ended well.
  std::optional<base::WallTime> first_failed{};
  base::WallTime started_at{};
  std::optional<base::WallTime> finished_at;
  std::string host;
  std::int64_t process = 0;
  std::string definition;
  std::string cycle;  // id of the first run of its chain, each of which fetches what was left open; its own
  Counts counts;
};

bool ended_well(const RunRecord& run);  // with rows, old or new, or with an empty answer that is allowed

// Others took the run for dead: whoever finds out says so here.
void say_lost(RunRecord& run);

}  // namespace collect
