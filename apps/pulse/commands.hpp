// pulse's subcommands. Each takes what the command line said and returns the process's exit code; results go
// to stdout, everything else to stderr.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pulse {

class App;

struct ValidateOptions {
  std::vector<std::string> paths;
  std::vector<std::string> set;
  bool explain = false;
  bool json = false;
};
int validate(App& app, const ValidateOptions& options);

struct CollectOptions {
  std::vector<std::string> names;
  std::vector<std::string> set;
  std::string wait = "60s";
  std::string metrics_file;
  bool dry_run = false;
  bool fresh = false;
  bool resume = false;
  bool json = false;
};
int collect(App& app, const CollectOptions& options);

int run(App& app);  // the daemon, until it is told to stop

struct RunsOptions {
  std::string name;
  std::string since;
  std::int64_t limit = 20;
  bool json = false;
};
int runs(App& app, const RunsOptions& options);

struct NextOptions {
  std::string what;  // a collector, or a cron expression
  std::string from;
  std::string timezone;
  std::int64_t count = 5;
  bool json = false;
};
int next(App& app, const NextOptions& options);

struct StatusOptions {
  std::vector<std::string> names{};
  std::string interval = "2s";
  bool watch = false;
  bool json = false;
  bool strict = false;
};
int status(App& app, const StatusOptions& options);

struct LogsOptions {
  std::string name;
  std::optional<std::int64_t> lines;  // else 50, or all with `since`
  std::string since;
  bool follow = false;
};
int logs(App& app, const LogsOptions& options);

struct DoctorOptions {
  bool json = false;
  bool strict = false;
};
// Not of an App: that there is none is a finding, too.
int doctor(const std::optional<std::string>& config, const DoctorOptions& options);

int reference(const std::string& what, bool schema);  // "collector" or "pulse"; Markdown, or a JSON Schema

int init(const std::string& directory);  // writes a starter project there

}  // namespace pulse
