// The command line of phoenix. Returns the exit code.
#pragma once

namespace phoenix {

int run_command_line(int argc, char** argv);

}  // namespace phoenix
