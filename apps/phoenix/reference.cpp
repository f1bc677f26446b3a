#include "config/phoenix_settings.hpp"
#include "phoenix/commands.hpp"
#include "program/exit_code.hpp"
#include "program/output.hpp"

namespace phoenix {

int reference(bool schema) {
  program::print_text(schema ? config::phoenix_settings_schema() : config::phoenix_settings_reference());
  return program::ok;
}

}  // namespace phoenix
