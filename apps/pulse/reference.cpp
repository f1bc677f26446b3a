#include <fmt/format.h>

#include "config/collector.hpp"
#include "config/settings.hpp"
#include "program/output.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"

namespace pulse {

using program::print_text;

int reference(const std::string& what, bool schema) {
  if (what == "pulse")
    print_text(schema ? config::settings_schema() : config::settings_reference());
  else
    print_text(schema ? config::collector_schema() : config::collector_reference());
  return ok;
}

}  // namespace pulse
