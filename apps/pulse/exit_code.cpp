#include "pulse/exit_code.hpp"

#include <algorithm>

namespace pulse {

int exit_code(collect::Outcome outcome, bool allow_empty) {
  using collect::Outcome;
  switch (outcome) {
    case Outcome::success:
    case Outcome::not_modified: return ok;
    case Outcome::empty: return allow_empty ? ok : unhealthy;
    case Outcome::partial:
    case Outcome::incomplete:
    case Outcome::rejected: return unhealthy;
    case Outcome::rate_limited: return try_again;
    case Outcome::running:
    case Outcome::failed:
    case Outcome::timeout:
    case Outcome::cancelled:
    case Outcome::lost: return run_failed;
  }
  return run_failed;
}

int worst(const std::vector<int>& codes) {
  for (const int code : {130, 143, 129, configuration, unavailable, run_failed, try_again, unhealthy})
    if (std::find(codes.begin(), codes.end(), code) != codes.end()) return code;
  return ok;
}

}  // namespace pulse
