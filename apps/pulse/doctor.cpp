// Everything that can be known before the first run (SS1), in the order in which one would mend it. What was
// found is printed at once, so that a slow check does not hide the ones before.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/console.hpp"
#include "pulse/database_checks.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/findings.hpp"
#include "pulse/json.hpp"
#include "pulse/machine_checks.hpp"
#include "pulse/output.hpp"
#include "pulse/selection.hpp"
#include "web/guard.hpp"

namespace pulse {
namespace {

using State = Finding::State;
using namespace std::chrono_literals;

constexpr base::Duration time_limit = 10s;  // of one check

// A stop that comes by itself when the time of a check is over, and earlier if we are stopped.
class Limit {
 public:
  Limit(base::Clock& clock, std::stop_token parent)
      : follow_(std::move(parent), [this] { source_.request_stop(); }),
        alarm_(clock.alarm(clock.steady() + time_limit, [this] { source_.request_stop(); })) {}
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> follow_;
  std::unique_ptr<base::Clock::Alarm> alarm_;
};

class Report {
 public:
  explicit Report(const DoctorOptions& options) : options_(options), style_(style_of_stdout()) {}

  void add(Finding finding) {
    if (!options_.json) print_text(finding_text(finding, style_));
    findings_.push_back(std::move(finding));
  }
  void add(std::vector<Finding> findings, const base::Redactor& redactor) {
    for (Finding& finding : findings) {
      finding.message = redactor.redact(finding.message);
      add(std::move(finding));
    }
  }
  int end() const {
    if (options_.json) print_text(to_json(findings_));
    return exit_code(findings_, options_.strict);
  }

 private:
  const DoctorOptions& options_;
  const TextStyle style_;
  std::vector<Finding> findings_;
};

void add_faults(Report& report, const std::string& check, const config::Faults& faults) {
  const auto list = faults.sorted();
  const std::size_t shown = std::min(list.size(), config::max_faults_shown);
  for (std::size_t i = 0; i < shown; ++i) report.add({check, State::wrong, list[i].text()});
  if (shown < list.size())
    report.add({check, State::wrong, fmt::format("and {} more faults", list.size() - shown),
                "`pulse validate` shows all"});
}

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
  add_faults(report, "collectors", faults);
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
    const Limit limit(app.clock, app.signals.token());
    report.add(check_database(name, address, use, app.clock, limit.token()), app.redactor);
  };
  check("store", app.settings.store, DatabaseUse::store);
  for (const auto& [name, address] : list) check(name, *address, DatabaseUse::destination);
}

// As `pulse run` would listen.
void check_listening(const config::ListenSettings& listen, Report& report) {
  if (listen.is_off()) return;
  const auto address = web::parse_address(listen.address);
  if (!address) return report.add({"listen", State::wrong, address.error().message, "set listen.address"});
  if (const auto guard = web::Guard::make(*address, listen.name, listen.token, listen.is_public); !guard)
    return report.add({"listen", State::wrong, guard.error().message, "set listen.address or listen.token"});
  if (address->port == 0)
    return report.add({"listen", State::fine, web::to_string(*address) + ": any free port"});
  report.add(check_listen(*address, 3s));
}

}  // namespace

int doctor(const std::optional<std::string>& config, const DoctorOptions& options) {
  Report report(options);
  config::Faults faults;
  const std::unique_ptr<App> app = App::create(config, faults);
  if (!app) {
    add_faults(report, "settings", faults);
    report.add(check_time_zones());
    report.add(check_clock(base::SystemClock().wall()));
    return report.end();
  }
  report.add(settings_found(app->settings));
  check_collectors(*app, report);
  check_secrets(*app, report);
  check_databases(*app, report);
  const std::filesystem::path logs = app->settings.path_of(app->settings.logs.directory);
  report.add(check_folder("log folder", logs, "logs.directory"));
  const std::filesystem::path place = existing_folder(logs);
  report.add(check_disk("disk of the log", place, free_space(place)));
  report.add(check_time_zones());
  report.add(check_clock(app->clock.wall()));
  check_listening(app->settings.listen, report);
  const int code = report.end();
  return app->signals.exit_code() != 0 ? app->signals.exit_code() : code;
}

}  // namespace pulse
