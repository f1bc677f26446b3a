// One collector file, typed: what to request, how to read it, where to put it. docs/collectors.md is
// generated from the same tables that fill these structs (*_table.cpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "config/alerting.hpp"
#include "config/budget.hpp"
#include "config/checks.hpp"
#include "config/command.hpp"
#include "config/destination.hpp"
#include "config/fault.hpp"
#include "config/node.hpp"
#include "config/reading.hpp"
#include "config/requester.hpp"
#include "config/scheduling.hpp"
#include "config/slicing.hpp"
#include "config/types.hpp"

namespace config {

// Whether a run without records is healthy: never, always, or as long as the last run with some began no
// longer ago than this.
struct AllowEmpty {
  bool always = false;
  std::optional<base::Duration> within{};
};

struct Collector {
  std::string name, description;
  std::vector<std::string> previous_names;
  std::vector<std::pair<std::string, std::string>> labels;
  std::optional<Schedule> schedule;  // nothing: only by hand
  std::vector<std::string> after;
  OnUpstreamFailure on_upstream_failure = OnUpstreamFailure::skip;
  std::optional<TimeOfDay> deadline;
  base::Duration timeout{};
  bool enabled = true;
  std::int64_t priority = 0;
  std::string concurrency_group;
  std::optional<Command> command;  // instead of requester, fields and destination
  Requester requester;
  std::vector<ApiBudget> api_budget;
  std::optional<PartitionRouter> partition_router;
  Share max_failed_partitions;
  std::optional<IncrementalSync> incremental_sync;
  Paginator paginator;
  Decoder decoder;
  RecordSelector record_selector;
  std::vector<Field> fields;
  Destination destination;
  AllowEmpty allow_empty;
  std::optional<base::Duration> expected_change_every;
  Share max_bad_rows;
  std::vector<Check> checks;
  CollectorAlerts alerts;

  Faults warnings;                     // keys that have no effect yet
  std::string file;                    // as it was named to us
  std::vector<std::string> variables;  // names from the environment that the file asks for, sorted
  std::string definition;              // fingerprint of the file, its overrides and variables
  std::vector<base::Secret> secrets;   // credentials, and all that the requester took from the environment
};

// A file's tree, not yet judged: ${NAME} replaced, overrides not yet applied. `name` is what its key says,
// else the file's stem.
struct CollectorSource {
  std::string file;
  std::string name;
  Node node;
  std::string text;
};
std::optional<CollectorSource> parse_collector(std::string text, const std::string& file, Faults& faults);

// Applies the overrides, replaces ${NAME}, validates. nullopt: faults were added, all of this file.
// `databases` are the names that its destination may use.
std::optional<Collector> read_collector(CollectorSource source, const std::vector<Override>& overrides,
                                        const Environment& environment, Faults& faults,
                                        const std::vector<std::string>& databases = {"store"});

// The reference of all keys, in Markdown, and as a JSON Schema.
std::string collector_reference();
std::string collector_schema();

}  // namespace config
