// The command line: the only file that knows CLI11.
#include "pulse/cli.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>

#include "program/output.hpp"
#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"

namespace pulse {
namespace {

using program::complain;
using program::output_failed;

// What the command line chose: one command, with settings or without.
struct Chosen {
  std::function<int(App&)> command;
  std::function<int()> plain_command;
  std::function<int(const std::optional<std::string>& config)> own_app_command;
  ValidateOptions validating;
  CollectOptions collecting;
  RunsOptions listing;
  NextOptions fires;
  StatusOptions standing;
  LogsOptions log_lines;
  DoctorOptions examination;
  std::string topic = "collector", directory;
  bool schema = false;
};

constexpr const char* about_set = "[NAME:]path.to.key=value, as if it stood in the file";

void add_validate(CLI::App& cli, Chosen& chosen) {
  ValidateOptions& options = chosen.validating;
  auto* command =
      cli.add_subcommand("validate", "Show every fault of the configuration and the collectors; no network.");
  command->add_option("paths", options.paths,
                      "Collector names, files or folders; all of pulse.yaml's if absent");
  command->add_option("--set", options.set, about_set)->allow_extra_args(false);
  auto* as_json = command->add_flag("--json", options.json, "Faults and warnings as JSON");
  command->add_flag("--explain", options.explain, "Say what each valid collector will do")->excludes(as_json);
  command->callback([&] { chosen.command = [&](App& app) { return validate(app, options); }; });
}

void add_collect(CLI::App& cli, Chosen& chosen) {
  CollectOptions& options = chosen.collecting;
  auto* command = cli.add_subcommand("collect", "Run collectors once, now.");
  command->add_option("names", options.names, "Collector names or files")->required();
  command->add_option("--set", options.set, about_set)->allow_extra_args(false);
  command
      ->add_option("--wait", options.wait,
                   "How long to wait if another pulse holds the database or collects the same, or its server "
                   "does not answer")
      ->capture_default_str();
  command->add_option(
      "--metrics", options.metrics_file,
      "Write Prometheus metrics to this file at the end (node_exporter's textfile collector)");
  auto* fresh = command->add_flag(
      "--fresh", options.fresh, "Fetch everything, also what the run before has committed before it failed");
  command
      ->add_flag("--resume", options.resume,
                 "Fetch only what the run before left open, also if that was some time ago")
      ->excludes(fresh);
  command->add_flag("--dry-run", options.dry_run, "Show the mapped rows; write nothing");
  command->add_flag("--json", options.json, "Results as JSON");
  command->callback([&] { chosen.command = [&](App& app) { return collect(app, options); }; });
}

void add_run(CLI::App& cli, Chosen& chosen) {
  auto* command = cli.add_subcommand(
      "run", "The daemon: runs collectors on their schedules, and shows how they are, until it is stopped.");
  command->callback([&] { chosen.command = [](App& app) { return run(app); }; });
}

void add_runs(CLI::App& cli, Chosen& chosen) {
  RunsOptions& options = chosen.listing;
  auto* command = cli.add_subcommand("runs", "The audit trail: runs, newest first.");
  command->add_option("name", options.name, "Of one collector");
  command->add_option("--since", options.since, "Only runs of the last 7d, 12h …");
  command->add_option("--limit", options.limit, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->add_flag("--json", options.json, "Runs as JSON");
  command->callback([&] { chosen.command = [&](App& app) { return runs(app, options); }; });
}

void add_next(CLI::App& cli, Chosen& chosen) {
  NextOptions& options = chosen.fires;
  auto* command = cli.add_subcommand("next", "When a collector, or a cron expression, comes next.");
  command->add_option("what", options.what, "A collector's name, or \"15 6 * * MON-FRI\"")->required();
  command->add_option("--from", options.from, "From this time on, 2026-11-22T08:00:00Z; else from now");
  command->add_option("--timezone", options.timezone,
                      "A name of the zone database; else the collector's, or UTC");
  command->add_option("--count", options.count, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_flag("--json", options.json, "As JSON");
  command->callback([&] { chosen.command = [&](App& app) { return next(app, options); }; });
}

void add_status(CLI::App& cli, Chosen& chosen) {
  StatusOptions& options = chosen.standing;
  auto* command =
      cli.add_subcommand("status", "How well the collectors are, now; exit code 1 if one is not.");
  command->add_option("names", options.names, "Of these collectors; all if absent");
  auto* watch = command->add_flag("--watch", options.watch,
                                  "Go on: a live table on a terminal, else a line for each change");
  command->add_option("--interval", options.interval, "How often --watch looks")
      ->capture_default_str()
      ->needs(watch);
  command->add_flag("--json", options.json, "As JSON")->excludes(watch);
  command->add_flag("--strict", options.strict, "Exit code 2 if there are only warnings");
  command->callback([&] { chosen.command = [&](App& app) { return status(app, options); }; });
}

void add_logs(CLI::App& cli, Chosen& chosen) {
  LogsOptions& options = chosen.log_lines;
  auto* command = cli.add_subcommand("logs", "The log of a collector, packed days too.");
  command->add_option("name", options.name, "The collector")->required();
  command->add_option("--lines", options.lines, "How many of the last lines; 50, with --since all")
      ->check(CLI::Range(0, 1'000'000));
  command->add_option("--since", options.since, "Only lines of the last 2h, 7d …");
  command->add_flag("--follow", options.follow, "Go on with what is written from now on");
  command->callback([&] { chosen.command = [&](App& app) { return logs(app, options); }; });
}

void add_doctor(CLI::App& cli, Chosen& chosen) {
  DoctorOptions& options = chosen.examination;
  auto* command =
      cli.add_subcommand("doctor", "Look at settings, databases, disks and clock; change nothing.");
  command->add_flag("--json", options.json, "As JSON");
  command->add_flag("--strict", options.strict, "Exit code 1 if there are only warnings");
  command->callback([&] {
    chosen.own_app_command = [&](const std::optional<std::string>& config) {
      return doctor(config, options);
    };
  });
}

void add_reference(CLI::App& cli, Chosen& chosen) {
  auto* command = cli.add_subcommand("reference", "All keys of a file, as a Markdown table.");
  command->add_option("file", chosen.topic, "collector or pulse")
      ->check(CLI::IsMember({"collector", "pulse"}))
      ->capture_default_str();
  command->add_flag("--schema", chosen.schema, "As a JSON Schema, for editors");
  command->callback([&] { chosen.plain_command = [&] { return reference(chosen.topic, chosen.schema); }; });
}

void add_init(CLI::App& cli, Chosen& chosen) {
  auto* command = cli.add_subcommand("init", "Write a starter project into a folder.");
  command->add_option("directory", chosen.directory, "The folder; made if it does not exist")->required();
  command->callback([&] { chosen.plain_command = [&] { return init(chosen.directory); }; });
}

int carry_out(const Chosen& chosen, const std::optional<std::string>& config) {
  if (chosen.plain_command) return chosen.plain_command();
  if (chosen.own_app_command) return chosen.own_app_command(config);
  const std::unique_ptr<App> app = App::create(config);
  if (!app) return configuration;
  const int code = chosen.command(*app);
  return app->signals.exit_code() != 0 ? app->signals.exit_code() : code;
}

}  // namespace

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

  Chosen chosen;
  add_validate(cli, chosen);
  add_run(cli, chosen);
  add_collect(cli, chosen);
  add_runs(cli, chosen);
  add_next(cli, chosen);
  add_status(cli, chosen);
  add_logs(cli, chosen);
  add_doctor(cli, chosen);
  add_reference(cli, chosen);
  add_init(cli, chosen);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? ok : usage;
  }
  const int code = carry_out(chosen, config);
  if (const std::string failure = output_failed(); !failure.empty()) {
    complain("pulse: standard output: {}\n", failure);
    return code == ok ? int{output_error} : code;
  }
  return code;
}

}  // namespace pulse
