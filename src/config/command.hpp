// `command`: a collector that is a program of its owner (semantics WC1, WC2).
//
//   command: {argv: [npx, tsx, scripts/collect-jobs.ts], directory: /srv/sofia, memory: 1GiB,
//             secrets: [GITHUB_TOKEN], exit_codes: {75: retry}}
//
// A table for the collector's table, see descriptor.hpp. Whether directory and user exist is seen at start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "config/descriptor.hpp"

namespace config {

enum class ExitMeaning { success, retry, fail, empty };
std::string_view to_string(ExitMeaning meaning);

// What was written out, or what came from the environment and is a secret therefore: one of the two is empty.
struct VariableValue {
  std::string text;
  base::Secret secret;
  const std::string& value() const { return secret.empty() ? text : secret.reveal(); }
};

struct Command {
  std::vector<std::string> argv;  // either this
  std::string shell;              // or this, for /bin/sh
  std::string directory;          // "": that of pulse.yaml
  std::vector<std::pair<std::string, VariableValue>> environment;
  std::vector<std::string> secrets;           // variables of our own environment that the command may see
  std::optional<base::Duration> stall_after;  // without output or progress
  std::optional<std::uint64_t> memory;        // bytes, of the whole process tree
  std::vector<std::pair<int, ExitMeaning>> exit_codes;  // ascending; only what was written
  std::string user;                                     // "": ours

  // 0 is success, 75 retry, all others fail, unless exit_codes says otherwise.
  ExitMeaning meaning_of(int exit_code) const;
};

Table<Command> command_table();

inline constexpr std::size_t max_arguments = 1000;
inline constexpr std::size_t max_argument_length = 128 * 1024 - 1;  // Linux: MAX_ARG_STRLEN with its end

}  // namespace config
