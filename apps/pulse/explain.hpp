// What a collector will do, in plain words, for `pulse validate --explain`. Templates stand as they are
// written; what came from the environment is not shown, only the names of the variables. Pure.
#pragma once

#include <string>

#include "config/collector.hpp"

namespace pulse {

std::string explain(const config::Collector& collector);

}  // namespace pulse
