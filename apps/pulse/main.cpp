// pulse: keeps data collectors alive. Everything is wired in app.cpp; the command line is read in cli.cpp.
#include "pulse/cli.hpp"

int main(int argc, char** argv) { return pulse::run_command_line(argc, argv); }
