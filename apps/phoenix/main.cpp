// phoenix: a Telegram bot that analyses football matches. The command line is read in cli.cpp.
#include "phoenix/cli.hpp"

int main(int argc, char** argv) { return phoenix::run_command_line(argc, argv); }
