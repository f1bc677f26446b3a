#include "program/database_checks.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>

#include "base/text.hpp"
#include "program/machine_checks.hpp"
#include "store/migrations.hpp"
#include "store/postgres.hpp"
#include "store/sqlite.hpp"

namespace program {
namespace {

using State = Finding::State;
using base::Result;
using config::DatabaseAddress;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::int64_t newest_server = 17;  // that is tested

Finding failure(const std::string& check, const base::Error& error) {
  switch (error.code) {
    case base::Code::permission:
    case base::Code::invalid_config: return {check, State::wrong, error.message, "see docs/operations.md"};
    case base::Code::cancelled:
      return {check, State::unreachable, "no answer in time",
              "look whether the server and the network are up"};
    default: return {check, State::unreachable, error.message, "make it reachable, then ask again"};
  }
}

// Of a ledger: how new its tables are. 0: there are none.
Result<std::int64_t> schema_version(store::Database& database, std::stop_token stop) {
  std::int64_t version = 0;
  const auto session = TRY(database.session(stop));
  TRY(session->transact(store::Access::read, stop, [&](store::Connection& connection) -> Result<void> {
    const std::string table = database.dialect().ledger("schema_migrations");
    const std::size_t dot = table.find('.');
    const std::string schema = dot == std::string::npos ? "" : table.substr(0, dot);
    const auto columns =
        TRY(database.columns(connection, schema, dot == std::string::npos ? table : table.substr(dot + 1)));
    if (columns.empty()) return {};
    const auto rows = TRY(connection.query("SELECT max(version) FROM {pulse}schema_migrations"));
    version = rows.at(0).integer(0);
    return {};
  }));
  return version;
}

Finding check_ledger(const std::string& name, store::Database& database, std::stop_token stop) {
  const std::string check = name + ", its ledger";
  const auto version = schema_version(database, std::move(stop));
  if (!version) return failure(check, version.error());
  const auto known = static_cast<std::int64_t>(store::embedded_migrations().size());
  if (*version == 0) return {check, State::fine, "none yet; the first run makes it"};
  if (*version > known + 1)
    return {check, State::wrong, fmt::format("at version {}, this program knows {}", *version, known),
            "install a newer program"};
  if (*version > known)
    return {check, State::fine, fmt::format("at version {}, one newer than this program knows", *version)};
  if (*version < known)
    return {check, State::fine,
            fmt::format("at version {}; the next run brings it to version {}", *version, known)};
  return {check, State::fine, fmt::format("at version {}", *version)};
}

std::vector<Finding> check_sqlite(const std::string& program, const std::string& name, const fs::path& path,
                                  DatabaseUse use, base::Clock& clock, std::stop_token stop) {
  std::vector<Finding> findings;
  std::error_code fault;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string setting = use == DatabaseUse::store ? name : "databases." + name;
  findings.push_back(check_folder("folder of " + name, folder, setting));
  if (!fs::exists(path, fault)) {
    findings.push_back(
        {name, State::fine, fmt::format("no database at {} yet; the first run makes it", path.string())});
  } else if (::access(path.c_str(), W_OK) != 0) {
    findings.push_back(
        {name, State::wrong,
         fmt::format("{} cannot be written: {}", path.string(), std::generic_category().message(errno)),
         "give this user the right to"});
  } else {
    const auto database = store::open_sqlite(
        {.path = path, .lock_wait = 0ms, .read_only = true, .ledger = program}, clock, stop);
    if (!database) {
      findings.push_back(failure(name, database.error()));
    } else {
      const std::string holder = lock_holder(path);
      findings.push_back(
          {name, State::fine, (*database)->description() + (holder.empty() ? "" : "; in use by " + holder)});
      if (use == DatabaseUse::store) {
        findings.push_back(check_ledger(name, **database, stop));
        // A file that is no database opens, and shows when it is read.
        if (findings.back().state != State::fine)
          std::erase_if(findings, [&](const Finding& finding) { return finding.check == name; });
      }
    }
  }
  const fs::path place = existing_folder(folder);
  findings.push_back(check_disk("disk of " + name, place, free_space(place)));
  return findings;
}

struct Server {
  std::int64_t version = 0;  // 150004
  bool is_standby = false, is_read_only = false, may_create = false;
  base::WallTime now{};
};

Result<Server> ask_server(store::Database& database, const std::string& schema, std::stop_token stop) {
  Server server;
  const auto session = TRY(database.session(stop));
  TRY(session->transact(store::Access::read, stop, [&](store::Connection& connection) -> Result<void> {
    const auto rows = TRY(connection.query(
        "SELECT current_setting('server_version_num')::bigint, pg_is_in_recovery()::int::bigint, "
        "(current_setting('default_transaction_read_only') = 'on')::int::bigint, "
        "coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1), "
        "has_database_privilege(current_database(), 'CREATE'))::int::bigint, "
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        {schema}));
    const store::Row& row = rows.at(0);
    server = {row.integer(0), row.integer(1) != 0, row.integer(2) != 0, row.integer(3) != 0,
              base::WallTime(std::chrono::microseconds(row.integer(4)))};
    return {};
  }));
  return server;
}

Finding judge_server(const std::string& program, const std::string& name, const Server& server,
                     const std::string& description, DatabaseUse use) {
  const std::string shown = fmt::format("{}, version {}", description, server.version / 10'000);
  if (server.is_standby)
    return {name, State::wrong, shown + ", is a replica, which can only be read",
            "name the primary, or add ?target_session_attrs=read-write to its URL"};
  if (server.is_read_only)
    return {name, State::wrong, shown + ", only reads: default_transaction_read_only is on",
            "switch it off for this user and database"};
  if (use == DatabaseUse::store && !server.may_create)
    return {name, State::wrong, shown + ": this user may not make the tables of the ledger",
            "GRANT CREATE on the database, or on its schema " + program};
  if (server.version / 10'000 > newest_server)
    return {name, State::warning, fmt::format("{}; it is tested with 13 to {}", shown, newest_server),
            "look for a newer " + program};
  return {name, State::fine, shown};
}

std::vector<Finding> check_postgres(const std::string& program, const std::string& name,
                                    const DatabaseAddress& address, DatabaseUse use, base::Clock& clock,
                                    std::stop_token stop) {
  const auto database = store::open_postgres(
      {.url = address.url, .pool_size = 1, .connect_timeout = 5s, .ledger = program}, clock, stop);
  if (!database) return {failure(name, database.error())};
  const base::WallTime before = clock.wall();
  const auto server = ask_server(**database, program, stop);
  if (!server) return {failure(name, server.error())};
  const base::WallTime middle = before + (clock.wall() - before) / 2;
  std::vector<Finding> findings{judge_server(program, name, *server, (*database)->description(), use)};
  if (use == DatabaseUse::store) findings.push_back(check_ledger(name, **database, stop));
  findings.push_back(check_clock_of(name, middle - server->now));
  return findings;
}

}  // namespace

// The kernel's list of locks, because trying the lock would take it from somebody who asks for it right now.
std::string lock_holder(const fs::path& database) {
  std::error_code fault;
  const fs::path file = fs::weakly_canonical(database, fault).string() + ".lock";
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  std::ifstream locks("/proc/locks");
  const std::string inode = fmt::format(":{}", status.st_ino);
  for (std::string line; std::getline(locks, line);) {
    // "7: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF"
    std::istringstream words(line);
    std::string number, type, kind, access, process, place;
    words >> number >> type >> kind >> access >> process >> place;
    if (type != "FLOCK" || access != "WRITE" || !place.ends_with(inode)) continue;
    std::string written, since;
    std::ifstream(file) >> written >> since;
    if (written.empty() || since.size() > 40) return fmt::format("process {}", process);
    return fmt::format("process {} (since {})", base::escape_control(base::shorten(written, 20)),
                       base::escape_control(since));
  }
  return {};
}

std::vector<Finding> check_database(const std::string& program, const std::string& name,
                                    const DatabaseAddress& address, DatabaseUse use, base::Clock& clock,
                                    std::stop_token stop) {
  if (address.engine == DatabaseAddress::Engine::postgresql)
    return check_postgres(program, name, address, use, clock, std::move(stop));
  return check_sqlite(program, name, address.path, use, clock, std::move(stop));
}

}  // namespace program
