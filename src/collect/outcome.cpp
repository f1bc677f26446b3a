#include "collect/outcome.hpp"

#include <array>

namespace collect {
namespace {
using base::Code;
constexpr std::array outcomes{Outcome::running,      Outcome::success,      Outcome::empty,
                              Outcome::not_modified, Outcome::partial,      Outcome::incomplete,
                              Outcome::rejected,     Outcome::rate_limited, Outcome::failed,
                              Outcome::timeout,      Outcome::cancelled,    Outcome::lost};
}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::running: return "running";
    case Outcome::success: return "success";
    case Outcome::empty: return "empty";
    case Outcome::not_modified: return "not_modified";
    case Outcome::partial: return "partial";
    case Outcome::incomplete: return "incomplete";
    case Outcome::rejected: return "rejected";
    case Outcome::rate_limited: return "rate_limited";
    case Outcome::failed: return "failed";
    case Outcome::timeout: return "timeout";
    case Outcome::cancelled: return "cancelled";
    case Outcome::lost: return "lost";
  }
  return "failed";
}

std::optional<Outcome> parse_outcome(std::string_view text) {
  for (const Outcome outcome : outcomes)
    if (to_string(outcome) == text) return outcome;
  return std::nullopt;
}

bool leaves_open(Outcome outcome) {
  switch (outcome) {
    case Outcome::running:
    case Outcome::success:
    case Outcome::empty:
    case Outcome::not_modified: return false;
    default: return true;
  }
}

std::string_view to_string(StartedBy started_by) {
  switch (started_by) {
    case StartedBy::command: return "command";
    case StartedBy::request: return "request";
    case StartedBy::schedule: return "schedule";
    case StartedBy::retry: return "retry";
  }
  return "command";
}

bool ended_well(const RunRecord& run) {
  return run.outcome == Outcome::success || run.outcome == Outcome::not_modified ||
         (run.outcome == Outcome::empty && run.allow_empty);
}

std::string_view to_string(FailureType type) {
  switch (type) {
    case FailureType::transient: return "transient";
    case FailureType::credentials: return "credentials";
    case FailureType::endpoint_gone: return "endpoint_gone";
    case FailureType::configuration: return "configuration";
    case FailureType::data: return "data";
  }
  return "transient";
}

Outcome outcome_of(const base::Error& error) {
  if (error.code == Code::cancelled) return Outcome::cancelled;
  if (error.code == Code::rate_limited) return Outcome::rate_limited;
  return Outcome::failed;
}

FailureType failure_type_of(const base::Error& error) {
  switch (error.code) {
    case Code::permission: return FailureType::credentials;
    case Code::endpoint_gone: return FailureType::endpoint_gone;
    case Code::invalid_config: return FailureType::configuration;
    case Code::invalid_data: return FailureType::data;
    default: return FailureType::transient;
  }
}

void add_rows(Counts& all, const Counts& slice) {
  all.staged += slice.staged;
  all.inserted += slice.inserted;
  all.updated += slice.updated;
  all.unchanged += slice.unchanged;
  all.deleted += slice.deleted;
  all.conflicts += slice.conflicts;
}

base::Error of_database(base::Error error) {
  if (error.code == Code::permission) error.code = Code::invalid_config;
  return error;
}

void say_lost(RunRecord& run) {
  run.outcome = Outcome::lost;
  run.failure_type = FailureType::transient;
  run.error =
      "another process took this run for dead, because its lease passed without being renewed, or has taken "
      "over its destination; nothing more was committed";
}

}  // namespace collect
