// The command line: the only file that knows CLI11.
#include "pulse/cli.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>

#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/output.hpp"

namespace pulse {

int run_command_line(int argc, char** argv) {
  CLI::App cli{
      "pulse keeps data collectors alive: declared in YAML, retried, checked before commit, recorded.",
      "pulse"};
  cli.set_version_flag("--version", "pulse " PULSE_VERSION);
  cli.require_subcommand(1);
  std::optional<std::string> config;
  cli.add_option("--config", config,
                 "pulse.yaml to use; else $PULSE_CONFIG, ./pulse.yaml, the user's, /etc/pulse/pulse.yaml");

  cli.fallthrough();  // --config may also stand behind the command

  std::function<int(App&)> command;

  ValidateOptions validating;
  auto* validate_command =
      cli.add_subcommand("validate", "Show every fault of the configuration and the collectors; no network.");
  validate_command->add_option("paths", validating.paths,
                               "Collector names, files or folders; all of pulse.yaml's if absent");
  validate_command
      ->add_option("--set", validating.set, "[NAME:]path.to.key=value, as if it stood in the file")
      ->allow_extra_args(false);
  validate_command->add_flag("--json", validating.json, "Faults as JSON");
  validate_command->callback([&] { command = [&](App& app) { return validate(app, validating); }; });

  CollectOptions collecting;
  auto* collect_command = cli.add_subcommand("collect", "Run collectors once, now.");
  collect_command->add_option("names", collecting.names, "Collector names or files")->required();
  collect_command->add_option("--set", collecting.set, "[NAME:]path.to.key=value, as if it stood in the file")
      ->allow_extra_args(false);
  collect_command
      ->add_option("--wait", collecting.wait, "How long to wait for the database if another pulse holds it")
      ->capture_default_str();
  collect_command->add_option(
      "--metrics", collecting.metrics_file,
      "Write Prometheus metrics to this file at the end (node_exporter's textfile collector)");
  collect_command->add_flag("--dry-run", collecting.dry_run, "Show the mapped rows; write nothing");
  collect_command->add_flag("--json", collecting.json, "Results as JSON");
  collect_command->callback([&] { command = [&](App& app) { return collect(app, collecting); }; });

  RunsOptions listing;
  auto* runs_command = cli.add_subcommand("runs", "The audit trail: runs, newest first.");
  runs_command->add_option("name", listing.name, "Of one collector");
  runs_command->add_option("--since", listing.since, "Only runs of the last 7d, 12h …");
  runs_command->add_option("--limit", listing.limit, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  runs_command->add_flag("--json", listing.json, "Runs as JSON");
  runs_command->callback([&] { command = [&](App& app) { return runs(app, listing); }; });

  std::string topic = "collector";
  bool wants_reference = false;
  auto* reference_command = cli.add_subcommand("reference", "All keys of a file, as a Markdown table.");
  reference_command->add_option("file", topic, "collector or pulse")
      ->check(CLI::IsMember({"collector", "pulse"}))
      ->capture_default_str();
  reference_command->callback([&] { wants_reference = true; });

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? ok : usage;
  }
  int code = ok;
  if (wants_reference) {
    code = reference(topic);
  } else {
    const std::unique_ptr<App> app = App::create(config);
    if (!app) return configuration;
    code = command(*app);
    if (app->signals.exit_code() != 0) code = app->signals.exit_code();
  }
  if (const std::string failure = output_failed(); !failure.empty()) {
    complain("pulse: standard output: {}\n", failure);
    return code == ok ? int{output_error} : code;
  }
  return code;
}

}  // namespace pulse
