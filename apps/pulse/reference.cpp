#include <fmt/format.h>

#include "config/collector.hpp"
#include "config/settings.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"

namespace pulse {

int reference(const std::string& what) {
  fmt::print("{}", what == "pulse" ? config::settings_reference() : config::collector_reference());
  return ok;
}

}  // namespace pulse
