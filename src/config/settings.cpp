#include "config/settings.hpp"

#include <fmt/format.h>

#include "config/descriptor.hpp"
#include "config/schema.hpp"
#include "config/settings_source.hpp"
#include "config/shared_tables.hpp"
#include "config/types.hpp"

namespace config {
namespace {

Table<RetentionSettings> retention_table() {
  using namespace std::chrono_literals;
  Table<RetentionSettings> table;
  table.key("runs", &RetentionSettings::runs, duration(24h, 3650 * 24h), defaults("60d"),
            "How long the record of a run is kept.");
  table.key("quarantine", &RetentionSettings::quarantine, duration(24h, 3650 * 24h), defaults("60d"),
            "How long records that did not fit are kept.");
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
  table.key("listen", &Settings::listen, nested(listen_table("127.0.0.1:8787")), defaults("{}"),
            "The status page, its JSON and the metrics.");
  table.key("logs", &Settings::logs, nested(log_table("One file for each collector and day.")),
            defaults("{}"), "The log files.");
  table.key("workers", &Settings::workers, integer(1, 256), defaults("16"),
            "How many collectors run at once.");
  table.key("retention", &Settings::retention, nested(retention_table()), defaults("{}"),
            "What is deleted when it is older.");
  table.key("http", &Settings::http, nested(http_table()), defaults("{}"), "For all requests.");
  table.key("overrides", &Settings::overrides, overrides(), optional(),
            "Keys of collectors, set without touching their files; `'*'` means all of them.");
  return table;
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
  static const Table<Settings> table = settings_table();
  // PulseAudio has PULSE_SERVER, PULSE_COOKIE …
  static const ProgramFiles files{
      .program = "pulse", .prefix_is_shared = true, .stand_ins = {{"DATABASE_URL", "store"}}};
  const auto source = read_source(files, query, table.keys(), faults);
  if (!source) return std::nullopt;
  Context context = source->context(faults);
  auto settings = table.read(source->root, context);
  if (!settings || !faults.empty()) return std::nullopt;
  settings->base = source->base;
  settings->file = source->file;
  for (DatabaseAddress* address : addresses(*settings)) source->place(*address);
  return LoadedSettings{std::move(*settings), source->environment};
}

std::string settings_reference() { return write_reference(settings_table().keys()); }
std::string settings_schema() { return json_schema(settings_table().keys(), "pulse.yaml"); }

}  // namespace config
