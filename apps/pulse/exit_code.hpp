// What pulse's commands say to scripts: sysexits.h where it has a word, the run's outcome else.
#pragma once

#include <string_view>
#include <vector>

#include "collect/outcome.hpp"

namespace pulse {

enum ExitCode : int {
  ok = 0,
  unhealthy = 1,  // empty, rejected …: it worked, but a person should look
  warnings_only = 2,
  run_failed = 3,
  usage = 64,
  unavailable = 69,
  output_error = 74,  // the result could not be printed
  try_again = 75,     // rate limited, or the store is locked
  configuration = 78,
};

int exit_code(collect::Outcome outcome, bool allow_empty);

// Of several collectors, the most telling: a signal, 78, 69, 3, 75, 1, 0.
int worst(const std::vector<int>& codes);

}  // namespace pulse
