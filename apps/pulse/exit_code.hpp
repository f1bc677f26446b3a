// What pulse's commands say to scripts: the codes of all our programs, the run's outcome else.
#pragma once

#include <string_view>
#include <vector>

#include "collect/outcome.hpp"
#include "program/exit_code.hpp"

namespace pulse {

using program::configuration;
using program::ok;
using program::output_error;
using program::try_again;
using program::unavailable;
using program::unhealthy;  // empty, rejected …
using program::usage;
inline constexpr int warnings_only = 2;
inline constexpr int run_failed = 3;

int exit_code(collect::Outcome outcome, bool allow_empty);

// Of several collectors, the most telling: a signal, 78, 69, 3, 75, 1, 0.
int worst(const std::vector<int>& codes);

}  // namespace pulse
