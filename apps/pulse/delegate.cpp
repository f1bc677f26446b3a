#include "pulse/delegate.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "control/client.hpp"
#include "program/output.hpp"
#include "pulse/app.hpp"
#include "pulse/exit_code.hpp"

namespace pulse {
namespace {

using program::print_text;

using base::Code;
using collect::Progress;
using Json = nlohmann::ordered_json;

constexpr std::array phases = {"request", "wait", "decode", "stage", "commit"};  // in the order of the enum

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// As the catalogue judges them; the daemon works in a folder of its own.
std::string absolute(const std::string& name) {
  if (name.find_first_of("/.") == std::string::npos) return name;
  std::error_code error;
  const auto path = std::filesystem::absolute(name, error);
  return error ? name : path.lexically_normal().string();
}

int exit_code_of(Code code) {
  switch (code) {
    case Code::conflict:
    case Code::rate_limited:
    case Code::timeout: return try_again;
    case Code::invalid_config: return configuration;
    default: return unavailable;
  }
}

control::Callbacks callbacks(App& app) {
  return {.on_progress =
              [&app, collector = std::string()](std::string_view json) mutable {
                const auto it = parse_progress(json);
                if (!it) return;
                if (std::exchange(collector, it->collector) != it->collector) app.terminal.begin(collector);
                app.terminal.show(it->progress);
              },
          .on_output =
              [&app](std::string_view text) {
                app.terminal.end();
                print_text(text);
              },
          .on_message = [&app](std::string_view text) { app.terminal.write(text); }};
}

}  // namespace

std::filesystem::path socket_path(const config::DatabaseAddress& store) {
  return std::filesystem::path(store.path) += ".sock";
}

std::optional<int> delegate_collect(App& app, const CollectOptions& options, base::SteadyTime deadline) {
  if (app.settings.store.engine != config::DatabaseAddress::Engine::sqlite) return std::nullopt;
  const std::stop_token stop = app.signals.token();
  auto client = control::Client::connect(socket_path(app.settings.store), app.clock, stop);
  if (!client || stop.stop_requested()) return std::nullopt;
  CollectOptions sent = options;
  const auto left = std::max<base::Duration>(deadline - app.clock.steady(), {});
  sent.wait = fmt::format("{}s", std::chrono::ceil<std::chrono::seconds>(left).count());
  const auto code =
      client->request({.command = "collect", .arguments = to_arguments(sent), .program = PULSE_VERSION},
                      callbacks(app), stop);
  app.terminal.end();
  if (!code) {
    // It is about to end, or has no room: its lock or its socket is worth another try.
    const bool is_passing = code.error().code == Code::unavailable || code.error().code == Code::rate_limited;
    if (is_passing && !client->was_accepted()) return std::nullopt;
    app.log.logger().critical("the daemon did not do it", {{"store", app.settings.store.description()},
                                                           {"reason", code.error().message}});
    return exit_code_of(code.error().code);
  }
  if (!options.metrics_file.empty())
    app.log.logger().warning("--metrics has no effect: the daemon did the work, and shows its own metrics",
                             {{"file", options.metrics_file}});
  return *code;
}

std::string to_arguments(const CollectOptions& options) {
  Json names = Json::array();
  for (const std::string& name : options.names) names.push_back(absolute(name));
  return dump({{"names", std::move(names)},
               {"set", options.set},
               {"wait", options.wait},
               {"fresh", options.fresh},
               {"resume", options.resume},
               {"json", options.json}});
}

base::Result<CollectOptions> parse_collect_arguments(std::string_view json) {
  try {
    const Json it = Json::parse(json);
    CollectOptions options;
    options.names = it.at("names").get<std::vector<std::string>>();
    options.set = it.value("set", options.set);
    options.wait = it.value("wait", options.wait);
    options.fresh = it.value("fresh", false);
    options.resume = it.value("resume", false);
    options.json = it.value("json", false);
    return options;
  } catch (const Json::exception& fault) {
    return base::error(Code::invalid_data, "the arguments of \"collect\" are not understood: {}",
                       base::escape_control(fault.what()));
  }
}

std::string to_json(const CollectorProgress& it) {
  const Progress& progress = it.progress;
  Json json{{"collector", it.collector}, {"phase", phases.at(static_cast<std::size_t>(progress.phase))}};
  if (progress.received > 0) json["received"] = progress.received;
  if (progress.expected) json["expected"] = *progress.expected;
  if (progress.rows > 0 || progress.records > 0) {
    json["rows"] = progress.rows;
    json["records"] = progress.records;
  }
  if (!progress.note.empty()) json["note"] = progress.note;
  return dump(json);
}

std::optional<CollectorProgress> parse_progress(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    const auto phase = std::find(phases.begin(), phases.end(), json.at("phase").get<std::string>());
    if (phase == phases.end()) return std::nullopt;
    CollectorProgress result{.collector = json.at("collector"), .progress = {}};
    Progress& progress = result.progress;
    progress.phase = static_cast<Progress::Phase>(phase - phases.begin());
    progress.received = json.value("received", progress.received);
    if (json.contains("expected")) progress.expected = json.at("expected").get<std::uint64_t>();
    progress.rows = json.value("rows", progress.rows);
    progress.records = json.value("records", progress.records);
    progress.note = json.value("note", progress.note);
    return result;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace pulse
