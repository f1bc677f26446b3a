// Which keys of pulse.yaml only a start reads: a reload leaves them as they were, and says so.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace pulse {

// Those that differ: "store", "listen" …
std::vector<std::string> changed_until_restart(const config::Settings& before, const config::Settings& now);

}  // namespace pulse
