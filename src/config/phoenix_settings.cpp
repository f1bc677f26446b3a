#include "config/phoenix_settings.hpp"

#include <map>

#include "config/phoenix_tables.hpp"
#include "config/schema.hpp"
#include "config/settings_source.hpp"
#include "config/shared_tables.hpp"
#include "config/types.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration years = 3650 * 24h;

Table<QueueSettings> queue_table() {
  Table<QueueSettings> table;
  table.key("capacity", &QueueSettings::capacity, integer(1, 100'000), defaults("1000"),
            "How many jobs may wait and run at once, over all users and processes; what comes beyond is "
            "refused, and the user is told.");
  table.key("per_user", &QueueSettings::per_user, integer(1, 1000), defaults("5"),
            "How many of them may be one user's.");
  table.key("workers", &QueueSettings::workers, integer(1, 64), defaults("8"),
            "How many jobs one process runs at once.");
  table.key("deadline", &QueueSettings::deadline, duration(1s, 24h), defaults("10m"),
            "A job that waited longer is answered with an apology and not run.");
  table.key("max_attempts", &QueueSettings::max_attempts, integer(1, 20), defaults("3"),
            "How often a job is begun before it is given up.");
  table.key("deduplicate", &QueueSettings::deduplicate, boolean(), defaults("true"),
            "false: a user may ask for the same thing again while it is still being made.");
  return table;
}

Table<LimitSettings> limit_table(const std::string& calls) {
  Table<LimitSettings> table;
  table.key("calls", &LimitSettings::calls, integer(1, 100'000), defaults(calls),
            "How many in that time, for each user.");
  table.key("per", &LimitSettings::per, duration(1s, 24h), defaults("1m"), "The time they are counted in.");
  return table;
}

Table<UserLimits> limits_table() {
  Table<UserLimits> table;
  table.key("commands", &UserLimits::commands, nested(limit_table("5")), defaults("{}"),
            "Analyses, searches and typed commands.");
  table.key("navigation", &UserLimits::navigation, nested(limit_table("60")), defaults("{}"),
            "Taps on menus, lists, pages and settings.");
  return table;
}

Table<CacheSettings> cache_table() {
  Table<CacheSettings> table;
  table.key_to(
      "file", [](CacheSettings& into, std::string&& file) { into.file = file; }, text(),
      defaults("var/phoenix.cache"), "Where answers of the football API outlast a restart.");
  table.key("save_every", &CacheSettings::save_every, duration(10s, 24h), defaults("5m"),
            "How often it is written while the program runs.");
  table.key("max_size", &CacheSettings::max_size, size(std::uint64_t{1} << 20, std::uint64_t{4} << 30),
            defaults("64MiB"), "When it is full, the answers that were not used for longest go.");
  return table;
}

Table<ShutdownSettings> shutdown_table() {
  Table<ShutdownSettings> table;
  table.key("drain", &ShutdownSettings::drain, duration(0s, 10min), defaults("20s"),
            "How long jobs that run may go on; the others are given back.");
  table.key("flush", &ShutdownSettings::flush, duration(0s, 10min), defaults("5s"),
            "How long messages that are ready may still go out; the others go out after the next start.");
  table.key("save", &ShutdownSettings::save, duration(0s, 10min), defaults("5s"),
            "How long writing the cache may take.");
  return table;
}

// Telegram keeps an update that nobody confirmed for 24 hours. One that comes again must find its record.
Table<PhoenixRetention> retention_table() {
  Table<PhoenixRetention> table;
  table.key("jobs", &PhoenixRetention::jobs, duration(1h, years), defaults("7d"),
            "How long jobs that ended are kept.");
  table.key("inbox", &PhoenixRetention::inbox, duration(48h, years), defaults("8d"),
            "How long it is remembered that an update was seen.");
  table.key("outbox", &PhoenixRetention::outbox, duration(1h, years), defaults("7d"),
            "How long messages that were sent or dropped are kept.");
  table.key("dead_updates", &PhoenixRetention::dead_updates, duration(1h, years), defaults("30d"),
            "How long updates that could not be taken are kept for a person to see.");
  return table;
}

}  // namespace

Table<PhoenixSettings> phoenix_table() {
  Table<PhoenixSettings> table;
  table.key("store", &PhoenixSettings::store, database_address(), defaults("sqlite:var/phoenix.db"),
            "Where jobs, messages and users' settings are: sqlite:PATH, or postgresql://… as libpq takes it. "
            "The variable DATABASE_URL stands in.");
  table.key("telegram", &PhoenixSettings::telegram, telegram_settings(), defaults("{}"), "The bot.");
  table.key("football", &PhoenixSettings::football, football_settings(), defaults("{}"),
            "The API that knows the games.");
  table.key("queue", &PhoenixSettings::queue, nested(queue_table()), defaults("{}"), "The jobs.");
  table.key("limits", &PhoenixSettings::limits, nested(limits_table()), defaults("{}"),
            "What one user may ask for.");
  table.key("cache", &PhoenixSettings::cache, nested(cache_table()), defaults("{}"),
            "Answers of the football API.");
  table.key("shutdown", &PhoenixSettings::shutdown, nested(shutdown_table()), defaults("{}"),
            "What each step of a stop may take.");
  table.key("listen", &PhoenixSettings::listen, nested(listen_table("127.0.0.1:8788")), defaults("{}"),
            "The status page, its JSON and the metrics.");
  table.key("logs", &PhoenixSettings::logs, nested(log_table("One file for each day.")), defaults("{}"),
            "The log files.");
  table.key("http", &PhoenixSettings::http, nested(http_table()), defaults("{}"), "For all requests.");
  table.key("retention", &PhoenixSettings::retention, nested(retention_table()), defaults("{}"),
            "What is deleted when it is older.");
  return table;
}

namespace {

// Each replaced by something that can be read: what is left to be wrong then is something else.
std::optional<PhoenixSettings> read_without(const std::set<std::string, std::less<>>& unusable,
                                            const SettingsSource& source,
                                            const Table<PhoenixSettings>& table) {
  static const std::map<std::string_view, std::string> stand_ins{{"telegram.token", "0:not-to-be-used"},
                                                                 {"football.key", "not-to-be-used"},
                                                                 {"store", "sqlite:var/phoenix.db"}};
  Node root = source.root;
  Faults others;
  for (const std::string& key : unusable)
    set_path(root, key, Node(Node::Kind::scalar, {}, stand_ins.at(key)), "", others);
  Context context = source.context(others);
  auto settings = table.read(root, context);
  return others.empty() ? std::move(settings) : std::nullopt;
}

std::set<std::string, std::less<>> unusable_parts(const Faults& faults) {
  std::set<std::string, std::less<>> parts;
  for (const Fault& fault : faults.sorted())
    for (const std::string_view part : {"telegram.token", "football.key", "store"})
      if (fault.key == part || fault.mark.origin == part) parts.emplace(part);
  return parts;
}

}  // namespace

std::optional<LoadedPhoenixSettings> load_phoenix_settings(const SettingsQuery& query, Faults& faults) {
  static const Table<PhoenixSettings> table = phoenix_table();
  static const ProgramFiles files{.program = "phoenix",
                                  .stand_ins = {{"DATABASE_URL", "store"},
                                                {"TELEGRAM_BOT_TOKEN", "telegram.token"},
                                                {"TELEGRAM_API_BASE", "telegram.base"},
                                                {"API_FOOTBALL_KEY", "football.key"},
                                                {"API_FOOTBALL_BASE", "football.base"}}};
  const auto source = read_source(files, query, table.keys(), faults);
  if (!source) return std::nullopt;
  Context context = source->context(faults);
  auto settings = table.read(source->root, context);
  std::set<std::string, std::less<>> unusable;
  if (!settings || !faults.empty()) {
    unusable = unusable_parts(faults);
    settings = read_without(unusable, *source, table);
    if (!settings) return std::nullopt;
  }
  settings->base = source->base;
  settings->file = source->file;
  source->place(settings->store);
  settings->cache.file = settings->base / settings->cache.file;
  return LoadedPhoenixSettings{.settings = std::move(*settings),
                               .environment = source->environment,
                               .store_is_set = source->root.find("store") != nullptr,
                               .unusable = std::move(unusable)};
}

std::string phoenix_settings_reference() { return write_reference(phoenix_table().keys()); }
std::string phoenix_settings_schema() { return json_schema(phoenix_table().keys(), "phoenix.yaml"); }

}  // namespace config
