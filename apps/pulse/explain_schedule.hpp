// When a collector runs, in plain words: what `pulse validate --explain` says of its schedule, and of what
// decides who goes first. Each line has a label. Pure; the ledger is not asked, so a start that is owed (the
// first one, or a slot that was missed) is not in it.
//
//   for (const auto& [label, text] : explain_schedule(collector, clock.wall())) …
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "config/collector.hpp"

namespace pulse {

std::vector<std::pair<std::string, std::string>> explain_schedule(const config::Collector& collector,
                                                                  base::WallTime now);

}  // namespace pulse
