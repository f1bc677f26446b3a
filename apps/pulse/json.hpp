// What the commands print with --json. The only other file that knows the JSON library is json.cpp.
#pragma once

#include <string>
#include <vector>

#include "collect/run.hpp"
#include "config/fault.hpp"

namespace pulse {

// One list, each with its severity: "fault" or "warning".
std::string to_json(const std::vector<config::Fault>& faults, const std::vector<config::Fault>& warnings);
std::string to_json(const std::vector<collect::RunRecord>& runs);

struct InvalidCollector {
  std::string name;
  std::vector<config::Fault> faults;
};
std::string to_json(const std::vector<collect::RunReport>& reports,
                    const std::vector<InvalidCollector>& invalid);

struct Fire {
  base::WallTime slot, start;  // the start is later by the splay
  std::string local;           // the slot, as the clocks of its zone show it
};
std::string to_json(const std::vector<Fire>& fires);

}  // namespace pulse
