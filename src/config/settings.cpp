#include "config/settings.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/text.hpp"
#include "config/descriptor.hpp"
#include "config/file.hpp"
#include "config/schema.hpp"
#include "config/types.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

Table<LogSettings> log_table() {
  Table<LogSettings> table;
  table.key("directory", &LogSettings::directory, text(), defaults("var/log"),
            "One file for each collector and day.");
  using F = LogFormat;
  table.key("format", &LogSettings::format, one_of<F>({{"text", F::text}, {"json", F::json}}),
            defaults("text"), "Of the files: lines to read, or one JSON object a line.");
  table.key("days", &LogSettings::days, integer(1, 3650), defaults("60"),
            "How many days before today are kept, packed with gzip.");
  table.key("disk_budget", &LogSettings::disk_budget, size(std::uint64_t{1} << 20, std::uint64_t{1} << 40),
            defaults("2GiB"),
            "If all logs together take more, the oldest days are deleted before their time.");
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

// Names are refused, except for one: what a name means may change after it was judged safe to listen on.
std::string fault_of_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return "has no port";
  const std::string_view port = text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) return "has no port from 0 to 65535";
  std::string host(text.substr(0, colon));
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  in6_addr ip{};  // large enough for both
  if (host.find('\0') != std::string::npos) return "is no numeric address";
  if (!is_bracketed && inet_pton(AF_INET6, host.c_str(), &ip) == 1)
    return "needs brackets around what stands before the port";
  if (is_bracketed ? inet_pton(AF_INET6, host.c_str(), &ip) == 1
                   : host == "localhost" || inet_pton(AF_INET, host.c_str(), &ip) == 1)
    return "";
  return "is no numeric address";
}

Type<std::string> listen_address() {
  const std::string allowed =
      "write a numeric address and a port, 127.0.0.1:8787 or \"[::1]:8787\"; or off, for no page at all";
  return {{"address | off",
           allowed,
           nullptr,
           {},
           pattern_schema(R"(^(off|(localhost|[0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5})$)")},
          [allowed](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = scalar(node, context, allowed);
            if (!text || *text == "off") return text;
            const std::string wrong = fault_of_listen_address(*text);
            if (wrong.empty()) return text;
            context.fault(node.mark, fmt::format("{} {}", shown(node), wrong), allowed);
            return std::nullopt;
          }};
}

Type<std::string> host_name() {
  const std::string allowed = "write a host name without scheme and port: pulse.example.org";
  return {{"host name", allowed, nullptr, {}, pattern_schema("^[A-Za-z0-9._-]{1,253}$")},
          [allowed](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            const bool is_sound =
                !text->empty() && text->size() <= 253 && std::all_of(text->begin(), text->end(), [](char c) {
                  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         c == '.' || c == '-' || c == '_';
                });
            if (is_sound) return text;
            context.fault(node.mark, shown(node) + " is no host name", allowed);
            return std::nullopt;
          }};
}

Table<ListenSettings> listen_table() {
  Table<ListenSettings> table;
  table.key("address", &ListenSettings::address, listen_address(), defaults("127.0.0.1:8787"),
            "Numeric address and port; port 0 takes any free one, and off means no page at all. Beyond this "
            "machine only with `token` or `public`.");
  table.key("token", &ListenSettings::token, secret(), optional(),
            "What clients beyond this machine must send, `Authorization: Bearer …`; 16 characters or more.");
  table.key("public", &ListenSettings::is_public, boolean(), defaults("false"),
            "true: everybody who reaches the address may read, without a token.");
  table.key("name", &ListenSettings::name, host_name(), optional(),
            "The host name under which a reverse proxy on this machine passes requests on.");
  return table;
}

Table<RetentionSettings> retention_table() {
  using namespace std::chrono_literals;
  Table<RetentionSettings> table;
  table.key("runs", &RetentionSettings::runs, duration(24h, 3650 * 24h), defaults("60d"),
            "How long the record of a run is kept.");
  table.key("quarantine", &RetentionSettings::quarantine, duration(24h, 3650 * 24h), defaults("60d"),
            "How long records that did not fit are kept.");
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

bool is_database_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

Type<std::map<std::string, DatabaseAddress>> databases() {
  using Map = std::map<std::string, DatabaseAddress>;
  const auto type = map_of(database_address(), "<name>");
  TypeInfo info = type.info;
  info.schema.insert(info.schema.size() - 1,
                     R"(, "propertyNames": {"pattern": "^[a-z0-9_-]{1,63}$", "not": {"const": "store"}})");
  return {info, [type](const Node& node, Context& context) -> std::optional<Map> {
            const auto list = type.read(node, context);
            bool sound = list.has_value();
            for (const Entry& entry : node.entries) {
              if (entry.key != "store" && is_database_name(entry.key)) continue;
              context.fault_at(
                  entry.mark, entry.key,
                  entry.key == "store" ? "is the name of the program's own database"
                                       : "is not a name for a database",
                  entry.key == "store" ? "give it another one" : "write 1 to 63 of a to z, 0 to 9, _ and -");
              sound = false;
            }
            return sound ? std::optional(Map(list->begin(), list->end())) : std::nullopt;
          }};
}

Table<Settings> settings_table() {
  Table<Settings> table;
  table.key("store", &Settings::store, database_address(), defaults("sqlite:var/pulse.db"),
            "Where rows and the record of all runs go: sqlite:PATH, or postgresql://… as libpq takes it.");
  table.key("databases", &Settings::databases, databases(), optional(),
            "Others that destinations may name, written the same way.");
  table.key("collectors", &Settings::collectors, text(), defaults("collectors"),
            "The folder of the collector files (*.yaml).");
  table.key("listen", &Settings::listen, nested(listen_table()), defaults("{}"),
            "The status page, its JSON and the metrics.");
  table.key("logs", &Settings::logs, nested(log_table()), defaults("{}"), "The log files.");
  table.key("workers", &Settings::workers, integer(1, 256), defaults("16"),
            "How many collectors run at once.");
  table.key("retention", &Settings::retention, nested(retention_table()), defaults("{}"),
            "What is deleted when it is older.");
  table.key("http", &Settings::http, nested(http_table()), defaults("{}"), "For all requests.");
  table.key("overrides", &Settings::overrides, overrides(), optional(),
            "Keys of collectors, set without touching their files; `'*'` means all of them.");
  table.rule([](const Settings& settings, const Node& node, Context& context) {
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

// An ambient variable, which other programs share: it never takes the place of what was set for us, and an
// empty one is none.
void apply_database_url(Node& root, const std::map<std::string, std::string>& environment, Faults& faults) {
  const auto found = environment.find("DATABASE_URL");
  if (found == environment.end() || found->second.empty() || root.find("store") != nullptr) return;
  Node node(Node::Kind::scalar, Mark{0, 0, found->first}, found->second);
  node.from_environment = true;
  set_path(root, "store", std::move(node), "", faults);
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

std::vector<DatabaseAddress*> addresses(Settings& settings) {
  std::vector<DatabaseAddress*> list{&settings.store};
  for (auto& [name, address] : settings.databases) list.push_back(&address);
  return list;
}

}  // namespace

std::vector<std::string> Settings::database_names() const {
  std::vector<std::string> names{"store"};
  for (const auto& [name, address] : databases) names.push_back(name);
  return names;
}

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
  apply_database_url(root, all, faults);
  if (root.kind == Node::Kind::null) root.kind = Node::Kind::mapping;
  Context context(name, faults);
  auto settings = table.read(root, context);
  if (!settings || !faults.empty()) return std::nullopt;
  settings->base = base.empty() ? fs::path(".") : base;
  settings->file = *file;
  for (DatabaseAddress* address : addresses(*settings))
    if (!address->path.empty()) address->path = settings->base / address->path;
  return LoadedSettings{std::move(*settings), environment};
}

std::string settings_reference() { return write_reference(settings_table().keys()); }
std::string settings_schema() { return json_schema(settings_table().keys(), "pulse.yaml"); }

}  // namespace config
