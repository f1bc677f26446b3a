// Commands that write are done by the daemon where one holds the SQLite store (SQ1): asked through the socket
// beside the database, answered as if done here. And the words in which both sides put that, as JSON.
//
//   if (const auto code = delegate_collect(app, options, app.clock.steady() + wait)) return *code;
//   … no daemon: take the lock
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "collect/run.hpp"
#include "config/database_address.hpp"
#include "pulse/commands.hpp"

namespace pulse {

class App;

// Beside the database, as its lock file. SQLite only.
std::filesystem::path socket_path(const config::DatabaseAddress& store);

// One try. The exit code; nothing if no daemon took the request: then nothing was begun. What is left until
// the deadline is the daemon's to wait. A signal cancels, and the end is waited for. What went wrong is
// logged.
std::optional<int> delegate_collect(App& app, const CollectOptions& options, base::SteadyTime deadline);

// The arguments of "collect": {"names": […], "set": […], "wait": "60s", "fresh": false, "resume": false,
// "json": false}. Files and folders among the names are absolute.
std::string to_arguments(const CollectOptions& options);
base::Result<CollectOptions> parse_collect_arguments(std::string_view json);  // invalid_data

struct CollectorProgress {
  std::string collector;
  collect::Progress progress;
};
std::string to_json(const CollectorProgress& progress);
std::optional<CollectorProgress> parse_progress(std::string_view json);  // nothing: not understood

}  // namespace pulse
