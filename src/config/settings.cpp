#include "config/settings.hpp"

#include <fmt/format.h>

#include <cctype>

#include "base/text.hpp"
#include "config/descriptor.hpp"
#include "config/file.hpp"
#include "config/types.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

Table<LogSettings> log_table() {
  Table<LogSettings> table;
  table.key("directory", &LogSettings::directory, text(), defaults("var/log"),
            "One file for each collector.");
  using L = LogLevel;
  table.key("level", &LogSettings::level,
            one_of<L>({{"debug", L::debug},
                       {"info", L::info},
                       {"warning", L::warning},
                       {"error", L::error},
                       {"critical", L::critical}}),
            defaults("info"), "What is less is not written.");
  table.key("timezone", &LogSettings::timezone, text(), optional(),
            "Of the times in the log, as in America/Sao_Paulo; the system's if absent.");
  return table;
}

Table<HttpSettings> http_table() {
  Table<HttpSettings> table;
  table.key("rewrite", &HttpSettings::rewrite, map_of(text(), "<beginning>"), optional(),
            "Outgoing URLs that begin so get another beginning: mirrors, demos and tests. The rules on "
            "origins judge the URL before.");
  table.key("ca_file", &HttpSettings::ca_file, text(), optional(),
            "Certificates of the authorities to trust (PEM) instead of the system's.");
  return table;
}

// NAME → path → value; the paths are judged when they are applied to a collector.
Type<std::map<std::string, CollectorOverrides>> overrides() {
  using Map = std::map<std::string, CollectorOverrides>;
  return {{"map <collector> → map <path> → value",
           "write NAME: {path.to.key: value}",
           nullptr,
           {},
           R"({"type": "object", "additionalProperties": {"type": "object"}})"},
          [](const Node& node, Context& context) -> std::optional<Map> {
            Map map;
            if (!check_mapping(node, context)) return std::nullopt;
            for (const Entry& collector : node.entries) {
              if (!check_mapping(collector.value, context)) return std::nullopt;
              CollectorOverrides& into = map[collector.key];
              into.mark = collector.mark;
              for (const Entry& entry : collector.value.entries) {
                Override override{entry.key, entry.value};
                set_origin(override.value, fmt::format("overrides in {}:{}:{}", context.file(),
                                                       entry.mark.line, entry.mark.column));
                into.list.push_back(std::move(override));
              }
            }
            return map;
          }};
}

Table<Settings> settings_table() {
  Table<Settings> table;
  table.key("store", &Settings::store, text(), defaults("sqlite:var/pulse.db"), "The database: sqlite:PATH.");
  table.key("collectors", &Settings::collectors, text(), defaults("collectors"),
            "The folder of the collector files (*.yaml).");
  table.key("logs", &Settings::logs, nested(log_table()), defaults("{}"), "The log files.");
  table.key("http", &Settings::http, nested(http_table()), defaults("{}"), "For all requests.");
  table.key("overrides", &Settings::overrides, overrides(), optional(),
            "Keys of collectors, set without touching their files; `'*'` means all of them.");
  table.rule([](const Settings& settings, const Node& node, Context& context) {
    if (settings.store.starts_with("sqlite::memory:"))
      context.fault_at(node.nearest("store").mark, "store",
                       "a database in memory is gone when the program ends", "write sqlite:PATH");
    else if (!settings.store.starts_with("sqlite:") || settings.store.size() == 7)
      context.fault_at(node.nearest("store").mark, "store", "names no database this program knows",
                       "write sqlite:PATH");
    for (const auto& [from, to] : settings.http.rewrite)
      if (from.find("://") == std::string::npos || to.find("://") == std::string::npos)
        context.fault_at(node.nearest("http.rewrite").mark, "http.rewrite",
                         fmt::format("\"{}\" or what replaces it is not the beginning of a URL", from),
                         "write 'https://': 'http://127.0.0.1:8080/'");
  });
  return table;
}

// PULSE_LOGS__LEVEL → logs.level. Nothing for the variables of PulseAudio (PULSE_SERVER, PULSE_COOKIE …),
// which share our prefix: those that have no level below and are not even near to a key of ours.
std::optional<std::string> settings_path(std::string_view variable, const std::vector<KeyInfo>& keys) {
  constexpr std::string_view prefix = "PULSE_";
  if (!variable.starts_with(prefix) || variable == "PULSE_CONFIG") return std::nullopt;
  std::string path;
  for (std::size_t i = prefix.size(); i < variable.size(); ++i) {
    if (variable.substr(i, 2) == "__") {
      path += '.';
      ++i;
    } else {
      path += static_cast<char>(std::tolower(static_cast<unsigned char>(variable[i])));
    }
  }
  std::vector<std::string_view> names;
  for (const KeyInfo& key : keys) names.push_back(key.name);
  if (path.find('.') == std::string::npos && base::nearest(path, names).empty()) return std::nullopt;
  return path;
}

// Variables that name no key of pulse.yaml become faults: a typing error must not be silent.
void apply_environment(Node& root, const std::map<std::string, std::string>& environment,
                       const std::vector<KeyInfo>& keys, const std::string& file, Faults& faults) {
  for (const auto& [name, value] : environment)
    if (const auto path = settings_path(name, keys))
      set_path(root, *path, Node(Node::Kind::scalar, Mark{0, 0, name}, value), file, faults);
}

std::optional<fs::path> find_file(const SettingsQuery& query, Faults& faults) {
  const auto variable = [&](const char* name) {
    const auto found = query.process_environment.find(name);
    return found == query.process_environment.end() ? std::string() : found->second;
  };
  for (const auto& [path, origin] : {std::pair{query.path.value_or(""), "--config"},
                                     std::pair{variable("PULSE_CONFIG"), "PULSE_CONFIG"}}) {
    if (path.empty()) continue;
    const std::string wrong = not_a_file(path);
    if (wrong.empty()) return path;
    faults.add({"",
                {0, 0, origin},
                "",
                fmt::format("{}: {}", base::shorten(base::escape_control(path), 200), wrong),
                "name an existing pulse.yaml"});
    return std::nullopt;
  }
  std::vector<fs::path> places{query.directory / "pulse.yaml"};
  const std::string home = variable("HOME"), xdg = variable("XDG_CONFIG_HOME");
  if (!xdg.empty())
    places.push_back(fs::path(xdg) / "pulse" / "pulse.yaml");
  else if (!home.empty())
    places.push_back(fs::path(home) / ".config" / "pulse" / "pulse.yaml");
  places.emplace_back("/etc/pulse/pulse.yaml");
  for (const fs::path& place : places)
    if (is_taken(place)) return place;
  return fs::path{};
}

}  // namespace

fs::path Settings::sqlite_path() const { return path_of(store.substr(std::string_view("sqlite:").size())); }

std::optional<LoadedSettings> load_settings(const SettingsQuery& query, Faults& faults) {
  const auto file = find_file(query, faults);
  if (!file) return std::nullopt;
  const fs::path base = file->empty() ? query.directory : file->parent_path();
  Node root;
  const std::string name = file->empty() ? "" : file->string();
  if (!file->empty()) {
    const auto content = read_config_file(*file, faults);
    auto parsed = content ? parse_yaml(*content, name, faults) : std::nullopt;
    if (!parsed) return std::nullopt;
    root = std::move(*parsed);
  }
  std::map<std::string, std::string> all;
  if (const fs::path dotenv = base / ".env"; is_taken(dotenv))
    if (const auto content = read_config_file(dotenv, faults))
      all = parse_dotenv(*content, dotenv.string(), faults);
  for (const auto& [key, value] : query.process_environment) all[key] = value;
  const Environment environment = [all](std::string_view key) -> std::optional<std::string> {
    const auto found = all.find(std::string(key));
    return found == all.end() ? std::nullopt : std::optional(found->second);
  };

  // The values inside of overrides: are expanded where they are applied.
  expand_environment(root, environment, name, faults);
  static const Table<Settings> table = settings_table();
  apply_environment(root, all, table.keys(), "", faults);
  if (root.kind == Node::Kind::null) root.kind = Node::Kind::mapping;
  Context context(name, faults);
  auto settings = table.read(root, context);
  if (!settings || !faults.empty()) return std::nullopt;
  settings->base = base.empty() ? fs::path(".") : base;
  settings->file = *file;
  return LoadedSettings{std::move(*settings), environment};
}

std::string settings_reference() { return write_reference(settings_table().keys()); }
std::string settings_schema() { return json_schema(settings_table().keys(), "pulse.yaml"); }

}  // namespace config
