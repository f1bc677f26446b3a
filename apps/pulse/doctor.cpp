// Everything that can be known before the first run (SS1), in the order in which one would mend it. What was
// found is printed at once, so that a slow check does not hide the ones before.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "program/database_checks.hpp"
#include "program/machine_checks.hpp"
#include "program/report.hpp"
#include "program/time_limit.hpp"
#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/selection.hpp"

namespace pulse {
namespace {

using program::DatabaseUse;
using program::Finding;
using program::Report;
using State = Finding::State;
using namespace std::chrono_literals;

constexpr base::Duration time_limit = 10s;  // of one check
constexpr const char* all_faults = "`pulse validate` shows all";

Finding settings_found(const config::Settings& settings) {
  if (settings.file.empty())
    return {"settings", State::warning, "no pulse.yaml was found; all settings have their defaults",
            "name one with --config, or make a project with `pulse init DIR`"};
  return {"settings", State::fine, settings.file.string() + " is valid"};
}

void check_collectors(App& app, Report& report) {
  const Selection selection = select(app, {}, {});
  config::Faults faults;
  for (const config::Fault& fault : selection.faults.sorted()) {
    config::Fault shown = fault;
    shown.message = app.redactor.redact(shown.message);
    faults.add(std::move(shown));
  }
  report.add("collectors", faults, all_faults);
  const auto sound =
      std::count_if(selection.entries.begin(), selection.entries.end(),
                    [](const config::CatalogueEntry& entry) { return entry.collector.has_value(); });
  if (selection.entries.empty()) return;
  const bool all = static_cast<std::size_t>(sound) == selection.entries.size();
  report.add({"collectors", all ? State::fine : State::wrong,
              fmt::format("{} of {} are valid", sound, selection.entries.size()),
              all ? "" : "mend those above; the others run"});
}

// Variables that collector files ask for and nobody set: required, if that is a fault; else optional ones.
void check_secrets(App& app, Report& report) {
  std::set<std::string> missing;
  const config::Environment noting = [&](std::string_view name) {
    auto value = app.environment(name);
    if (!value) missing.emplace(name);
    return value;
  };
  const config::Catalogue catalogue = config::load_catalogue({}, app.settings, noting, {});
  std::vector<std::string> without;
  bool is_complete = true;
  for (const std::string& name : missing) {
    std::vector<std::string> users;
    const std::string said = fmt::format("the environment variable {} is not set", name);
    for (const config::CatalogueEntry& entry : catalogue.entries)
      for (const config::Fault& fault : entry.faults.sorted())
        if (fault.message.find(said) != std::string::npos && (users.empty() || users.back() != entry.name))
          users.push_back(entry.name);
    if (users.empty()) {
      without.push_back(name);
      continue;
    }
    is_complete = false;
    report.add({"secrets", State::wrong,
                fmt::format("{} is not set; needed by {}", name, base::join(users, ", ")),
                "set it in the environment, or in .env beside pulse.yaml"});
  }
  if (is_complete)
    report.add({"secrets", State::fine,
                without.empty() ? "all that the collectors ask for are set"
                                : "none is missing; optional and not set: " + base::join(without, ", ")});
}

void check_databases(App& app, Report& report) {
  std::map<std::string, const config::DatabaseAddress*> list;
  for (const auto& [name, address] : app.settings.databases) list[name] = &address;
  const auto check = [&](const std::string& name, const config::DatabaseAddress& address, DatabaseUse use) {
    if (app.signals.token().stop_requested()) return;
    const program::TimeLimit limit(app.clock, time_limit, app.signals.token());
    report.add(program::check_database("pulse", name, address, use, app.clock, limit.token()), app.redactor);
  };
  check("store", app.settings.store, DatabaseUse::store);
  for (const auto& [name, address] : list) check(name, *address, DatabaseUse::destination);
}

}  // namespace

int doctor(const std::optional<std::string>& config, const DoctorOptions& options) {
  Report report({.json = options.json, .strict = options.strict});
  config::Faults faults;
  const std::unique_ptr<App> app = App::create(config, faults);
  if (!app) {
    report.add("settings", faults, all_faults);
    report.add(program::check_time_zones());
    report.add(program::check_clock(base::SystemClock().wall()));
    return report.end();
  }
  report.add(settings_found(app->settings));
  check_collectors(*app, report);
  check_secrets(*app, report);
  check_databases(*app, report);
  const std::filesystem::path logs = app->settings.path_of(app->settings.logs.directory);
  report.add(program::check_folder("log folder", logs, "logs.directory"));
  const std::filesystem::path place = program::existing_folder(logs);
  report.add(program::check_disk("disk of the log", place, program::free_space(place)));
  report.add(program::check_time_zones());
  report.add(program::check_clock(app->clock.wall()));
  if (auto finding = program::check_listening(app->settings.listen, "pulse")) report.add(*std::move(finding));
  const int code = report.end();
  return app->signals.exit_code() != 0 ? app->signals.exit_code() : code;
}

}  // namespace pulse
