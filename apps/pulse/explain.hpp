// What a collector will do, in plain words, for `pulse validate --explain`. Templates stand as they are
// written; what came from the environment is not shown, only the names of the variables. `now`
// is what the next start comes after. Pure.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "config/collector.hpp"

namespace pulse {

std::string explain(const config::Collector& collector, base::WallTime now);

}  // namespace pulse
