#include "store/postgres_server_test.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <spawn.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

extern char** environ;

namespace store::testing {
namespace {

// The server refuses to run as root. It is started again until the lifeline, our standard input, ends.
constexpr const char* keeper_script = R"sh(
exec >"$1/log" 2>&1
as_postgres() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi
}
cd "$1" || exit 1
if [ "$(id -u)" = 0 ]; then chown postgres "$1"; fi
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
as_postgres "$bin/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync &&
  { echo "local all locked scram-sha-256"; echo "local all all trust"; } >"$1/data/pg_hba.conf" || exit 1
( while [ ! -e "$1/end" ]; do
    as_postgres "$bin/postgres" -D "$1/data" -c listen_addresses= -c unix_socket_directories="$1" \
      -c max_connections=40 -c TimeZone=America/Sao_Paulo -c DateStyle="SQL, DMY" -c IntervalStyle=iso_8601 \
      -c synchronous_commit=off -c extra_float_digits=0 -c shared_buffers=32MB </dev/null || sleep 0.1
  done ) &
cat >/dev/null
touch "$1/end"
while kill -0 $! 2>/dev/null; do
  kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")" 2>/dev/null
  sleep 0.1
done
cd / && rm -rf "$1"
)sh";

using Handle = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Handle connect(const std::string& url) { return {PQconnectdb(url.c_str()), PQfinish}; }

}  // namespace

PostgresServer& PostgresServer::instance() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() {
  std::string name = (std::filesystem::temp_directory_path() / "store_pg_XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  lifeline_ = ends[1];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);  // ^C ends the tests, and they the server
  std::string script = keeper_script, folder = folder_.string(), shell = "sh", flag = "-c", zero = "keeper";
  char* const arguments[] = {shell.data(), flag.data(), script.data(), zero.data(), folder.data(), nullptr};
  if (::posix_spawn(&keeper_, "/bin/sh", &actions, &attributes, arguments, environ) != 0) std::abort();
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[0]);
  wait_until_it_answers();
  for (const char* sql :
       {"CREATE ROLE pulse LOGIN", "CREATE ROLE stranger LOGIN",
        "CREATE ROLE locked LOGIN PASSWORD 's3cr3t-word'", "CREATE ROLE single LOGIN CONNECTION LIMIT 1"})
    EXPECT_EQ(admin(sql), "");
}

PostgresServer::~PostgresServer() {
  ::close(lifeline_);
  ::waitpid(keeper_, nullptr, 0);
}

void PostgresServer::wait_until_it_answers(const std::string& unlike) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    const std::string started = admin("SELECT pg_postmaster_start_time()");
    if (started.find("-0") != std::string::npos && started != unlike) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ADD_FAILURE() << "no PostgreSQL server: install the package postgresql; or see " << folder_ / "log";
}

std::string PostgresServer::url(const std::string& database, const std::string& user) const {
  return "postgresql:///" + database + "?host=" + folder() + "&user=" + user;
}

std::string PostgresServer::admin(const std::string& sql, const std::string& database) const {
  const Handle handle = connect(url(database, "postgres") + "&options=-cclient_min_messages%3Derror");
  const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(handle.get(), sql.c_str()), PQclear);
  if (PQresultStatus(answer.get()) == PGRES_COMMAND_OK) return "";
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) return PQerrorMessage(handle.get());
  return PQntuples(answer.get()) == 0 ? "" : PQgetvalue(answer.get(), 0, 0);
}

// Making a database takes a while, so one that nobody uses any more is emptied.
std::string PostgresServer::fresh_database() {
  for (const std::string& name : databases_) {
    if (admin("SELECT count(*) FROM pg_stat_activity WHERE datname = '" + name + "'") != "0") continue;
    EXPECT_EQ(admin("DROP SCHEMA IF EXISTS pulse, phoenix CASCADE; DROP SCHEMA public CASCADE; "
                    "CREATE SCHEMA public AUTHORIZATION pulse; GRANT USAGE ON SCHEMA public TO PUBLIC",
                    name),
              "");
    return url(name);
  }
  databases_.push_back("t" + std::to_string(databases_.size()));
  EXPECT_EQ(admin("CREATE DATABASE " + databases_.back() + " OWNER pulse"), "");
  return url(databases_.back());
}

void PostgresServer::crash() {
  const std::string before = admin("SELECT pg_postmaster_start_time()");
  std::ifstream file(folder_ / "data/postmaster.pid");
  pid_t server = 0;
  file >> server;
  ASSERT_GT(server, 0);
  ::kill(server, SIGQUIT);
  wait_until_it_answers(before);
}

std::unique_ptr<Database> open_postgres_at(const std::string& url, std::size_t pool_size,
                                           const std::string& ledger) {
  auto database =
      open_postgres({.url = base::Secret(url), .pool_size = pool_size, .ledger = ledger}, system_clock(), {});
  if (!database) ADD_FAILURE() << database.error().message;
  return database ? *std::move(database) : nullptr;
}

std::unique_ptr<Database> open_fresh_postgres(const std::string& ledger) {
  return open_postgres_at(PostgresServer::instance().fresh_database(), 8, ledger);
}

}  // namespace store::testing
