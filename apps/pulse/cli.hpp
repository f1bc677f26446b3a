#pragma once

namespace pulse {

// Reads the command line and runs the command. 64 if it cannot be understood.
int run_command_line(int argc, char** argv);

}  // namespace pulse
