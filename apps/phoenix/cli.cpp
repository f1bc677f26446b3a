// The command line: the only file of phoenix that knows CLI11.
#include "phoenix/cli.hpp"

#include <CLI/CLI.hpp>

#include <functional>

#include "phoenix/commands.hpp"
#include "program/exit_code.hpp"
#include "program/output.hpp"

namespace phoenix {

int run_command_line(int argc, char** argv) {
  CLI::App cli{
      "phoenix is a Telegram bot that analyses football matches, and loses no request that it accepted.",
      "phoenix"};
  cli.set_version_flag("--version", "phoenix " PHOENIX_VERSION);
  cli.require_subcommand(1);
  ConfigPath config;
  cli.add_option("--config", config,
                 "phoenix.yaml to use; else $PHOENIX_CONFIG, ./phoenix.yaml, the user's, "
                 "/etc/phoenix/phoenix.yaml");
  cli.fallthrough();  // --config may also stand behind the command

  std::function<int()> chosen;
  DoctorOptions examination;
  AnalyzeOptions analysis;
  bool schema = false;
  auto* command = cli.add_subcommand("run", "The bot, until it is stopped.");
  command->callback([&] { chosen = [&] { return run(config); }; });
  command = cli.add_subcommand("doctor", "Ask every service once, and look at the machine; start nothing.");
  command->add_flag("--json", examination.json, "As JSON");
  command->add_flag("--strict", examination.strict, "Exit code 1 if there are only warnings");
  command->callback([&] { chosen = [&] { return doctor(config, examination); }; });
  command = cli.add_subcommand("analyze", "The dossier of one game, on standard output.");
  command->add_option("--fixture", analysis.fixture, "The game's number at API-Football")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", analysis.json, "As JSON");
  command->callback([&] { chosen = [&] { return analyze(config, analysis); }; });
  command = cli.add_subcommand("reference", "All keys of phoenix.yaml, as a Markdown table.");
  command->add_flag("--schema", schema, "As a JSON Schema, for editors");
  command->callback([&] { chosen = [&] { return reference(schema); }; });

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? program::ok : program::usage;
  }
  const int code = chosen();
  if (const std::string failure = program::output_failed(); !failure.empty()) {
    program::complain("phoenix: standard output: {}\n", failure);
    return code == program::ok ? program::output_error : code;
  }
  return code;
}

}  // namespace phoenix
