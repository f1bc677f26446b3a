#include <fmt/format.h>

#include "config/collector.hpp"
#include "config/settings.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/output.hpp"

namespace pulse {

int reference(const std::string& what) {
  print_text(what == "pulse" ? config::settings_reference() : config::collector_reference());
  return ok;
}

}  // namespace pulse
