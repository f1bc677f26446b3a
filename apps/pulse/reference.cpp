#include <fmt/format.h>

#include "config/collector.hpp"
#include "config/settings.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/output.hpp"

namespace pulse {

int reference(const std::string& what, bool schema) {
  if (what == "pulse")
    print_text(schema ? config::settings_schema() : config::settings_reference());
  else
    print_text(schema ? config::collector_schema() : config::collector_reference());
  return ok;
}

}  // namespace pulse
