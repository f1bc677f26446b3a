// Everything that can be known before the bot starts (SS1): the checks of a start, and those of the machine.
#include "phoenix/app.hpp"
#include "phoenix/commands.hpp"
#include "phoenix/startup.hpp"
#include "program/exit_code.hpp"
#include "program/machine_checks.hpp"
#include "program/report.hpp"

namespace phoenix {

int doctor(const ConfigPath& config, const DoctorOptions& options) {
  program::Report report({.json = options.json, .strict = options.strict});
  config::Faults faults;
  const std::unique_ptr<App> app = App::create(config, faults);
  if (!app) {
    report.add("settings", faults, "mend these, and look again");
    report.add(program::check_time_zones());
    report.add(program::check_clock(base::SystemClock().wall()));
    return report.end();
  }
  if (faults.empty())
    report.add({"settings", program::Finding::State::fine,
                app->settings.file.empty() ? "no phoenix.yaml: all settings have their defaults"
                                           : app->settings.file.string() + " is valid"});
  for (program::Finding& finding : check_services(*app, faults, Store::look, app->signals.token()).findings)
    report.add(std::move(finding));
  const std::filesystem::path cache = program::existing_folder(app->settings.cache.file.parent_path());
  report.add(program::check_folder("cache folder", app->settings.cache.file.parent_path(), "cache.file"));
  report.add(program::check_disk("disk of the cache", cache, program::free_space(cache)));
  report.add(program::check_time_zones());
  report.add(program::check_clock(app->clock.wall()));
  if (auto finding = program::check_listening(app->settings.listen, "phoenix"))
    report.add(*std::move(finding));
  const int code = report.end();
  return app->signals.exit_code() != 0 ? app->signals.exit_code() : code;
}

}  // namespace phoenix
