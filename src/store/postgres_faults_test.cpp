// What PostgreSQL does to us: refusals, stops, lost connections, commits whose answer is lost.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <thread>

#include "store/postgres.hpp"
#include "store/postgres_server_test.hpp"

namespace store::testing {
namespace {

using base::Code;
using base::Result;
using namespace std::chrono_literals;

class PostgresFaults : public ::testing::Test {
 protected:
  static Result<std::unique_ptr<Database>> try_url(const std::string& url) {
    return open_postgres({.url = base::Secret(url), .connect_timeout = 30s}, system_clock(), {});
  }
  Result<void> write(const Work& work, std::stop_token stop = {}) {
    return session_->transact(Access::write, std::move(stop), work);
  }
  std::string process() { return query(*session_, "SELECT pg_backend_pid()").value().front().text(0); }
  std::int64_t count() { return number(*session_of(*database_), "SELECT count(*) FROM t"); }

  PostgresServer& server_ = PostgresServer::instance();
  const std::string url_ = server_.fresh_database();
  std::unique_ptr<Database> database_ = open_postgres_at(url_);
  std::unique_ptr<Session> session_ = session_of(*database_);
};

TEST_F(PostgresFaults, OfConnecting) {
  const auto wrong_password = try_url("postgresql://locked:wrong-word@/postgres?host=" + server_.folder());
  EXPECT_FAILS(Code::permission, wrong_password);
  EXPECT_TRUE(mentions(wrong_password, "password authentication failed")) << message_of(wrong_password);
  EXPECT_TRUE(mentions(wrong_password, "28P01")) << message_of(wrong_password);
  EXPECT_FALSE(mentions(wrong_password, "wrong-word"));
  EXPECT_FALSE(mentions(wrong_password, "LOCATION")) << message_of(wrong_password);
  ASSERT_OK(try_url("postgresql://locked:s3cr3t-word@/postgres?host=" + server_.folder()));
  EXPECT_FAILS(Code::invalid_config, try_url(server_.url("no_such_database")));
  EXPECT_FAILS(Code::permission, try_url(server_.url("postgres", "nobody_at_all")));
  const auto nobody_there = try_url("postgresql:///x?host=/no/such/folder");
  EXPECT_FAILS(Code::unavailable, nobody_there);
  EXPECT_TRUE(mentions(nobody_there, "connecting to PostgreSQL /no/such/folder")) << message_of(nobody_there);
  EXPECT_FAILS(Code::invalid_config, try_url("sqlite:x.db"));
  ASSERT_OK(try_url("postgresql:///postgres?host=/no/such/folder," + server_.folder() + "&user=pulse"));
  const auto one = try_url(server_.url("postgres", "single"));
  ASSERT_OK(one);
  const auto kept = session_of(**one);
  EXPECT_FAILS(Code::unavailable, try_url(server_.url("postgres", "single")));
}

sockaddr_un socket_in(const std::string& folder) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  (folder + "/.s.PGSQL.5432").copy(name.sun_path, sizeof(name.sun_path) - 1);
  return name;
}

int listen_in(const std::filesystem::path& folder) {
  std::filesystem::create_directory(folder);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un name = socket_in(folder.string());
  EXPECT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
  EXPECT_EQ(::listen(listener, 8), 0);
  return listener;
}

TEST_F(PostgresFaults, OfAServerThatSaysNothing) {
  const TempFolder folder;
  const int silent = listen_in(folder / "w");
  const std::string url = "postgresql:///postgres?user=pulse&host=" + (folder / "w").string();
  const auto attempt = [](const std::string& where, std::chrono::milliseconds patience,
                          std::stop_token stop = {}) {
    return open_postgres({.url = base::Secret(where), .connect_timeout = patience}, system_clock(),
                         std::move(stop));
  };
  const auto unanswered = attempt(url, 1ms);
  EXPECT_FAILS(Code::unavailable, unanswered);
  EXPECT_TRUE(mentions(unanswered, "does not answer")) << message_of(unanswered);
  ASSERT_OK(attempt(url + "," + server_.folder(), 2s));  // the second is asked when the first is silent
  const int other = listen_in(folder / "v");
  std::stop_source source;
  std::jthread stopper([&] {
    pollfd knock{other, POLLIN, 0};
    ::poll(&knock, 1, -1);
    source.request_stop();
  });
  EXPECT_FAILS(Code::cancelled,
               attempt("postgresql:///x?host=" + (folder / "v").string(), 10min, source.get_token()));
  stopper.join();
  ::close(silent);
  ::close(other);
}

TEST_F(PostgresFaults, OfStatements) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (id bigint PRIMARY KEY, x integer NOT NULL)"));
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES (1, 1)"));
  for (const char* sql : {"INSERT INTO t VALUES (1, 1)", "INSERT INTO t VALUES (2, NULL)",
                          "INSERT INTO t VALUES (2, 3000000000)", "SELECT 1 / (x - 1) FROM t",
                          "SELECT 'abc'::date", "DO $$ BEGIN RAISE EXCEPTION 'no'; END $$"})
    EXPECT_FAILS(Code::invalid_data, execute(*session_, sql));
  const std::vector<std::pair<const char*, Code>> raised{
      {"53100", Code::no_space},    {"40001", Code::conflict},    {"40P01", Code::conflict},
      {"55P03", Code::conflict},    {"53200", Code::unavailable}, {"58030", Code::unavailable},
      {"57014", Code::timeout},     {"42501", Code::permission},  {"25006", Code::unavailable},
      {"23514", Code::invalid_data}};
  for (const auto& [state, code] : raised) {
    const auto outcome =
        execute(*session_, fmt::format("DO $$ BEGIN RAISE 'raised' USING ERRCODE = '{}'; END $$", state));
    EXPECT_FAILS(code, outcome);
    EXPECT_TRUE(mentions(outcome, state)) << message_of(outcome);
  }
  const auto stranger = open_postgres_at(url_.substr(0, url_.rfind('=')) + "=stranger");
  const auto denied = execute(*session_of(*stranger), "SELECT * FROM t");
  EXPECT_FAILS(Code::permission, denied);
  EXPECT_TRUE(mentions(denied, "GRANT")) << message_of(denied);
  EXPECT_EQ(count(), 1);
}

TEST_F(PostgresFaults, AServerThatTakesNoWrites) {
  const std::string name = database_->description();
  const std::string own = name.substr(name.rfind('/') + 1);
  ASSERT_EQ(server_.admin("ALTER DATABASE " + own + " SET default_transaction_read_only = on"), "");
  const auto database = open_postgres_at(url_);
  const auto refused = execute(*session_of(*database), "CREATE TABLE t (x bigint)");
  EXPECT_FAILS(Code::unavailable, refused);
  EXPECT_TRUE(mentions(refused, "takes no writes now")) << message_of(refused);
  ASSERT_EQ(server_.admin("ALTER DATABASE " + own + " RESET default_transaction_read_only"), "");
  ASSERT_OK(execute(*session_of(*database), "CREATE TABLE t (x bigint)"));  // over another connection
}

TEST_F(PostgresFaults, StatementsHaveALimit) {
  const auto database =
      open_postgres({.url = base::Secret(url_), .statement_timeout = 50ms}, system_clock(), {});
  ASSERT_OK(database);
  EXPECT_FAILS(Code::timeout, execute(*session_of(**database), "SELECT pg_sleep(3600)"));
}

// Against a lock nobody gives back: in a query, and in the middle of a load.
TEST_F(PostgresFaults, AStopEndsWaitingForALock) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (id bigint PRIMARY KEY)"));
  const std::string before = process();
  const auto holder = session_of(*database_);
  ASSERT_OK(holder->transact(Access::write, {}, [&](Connection& held) -> Result<void> {
    TRY(held.execute("INSERT INTO t VALUES (1)"));
    for (const bool loads : {false, true}) {
      std::stop_source source;
      std::jthread stopper([&] {
        const auto waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = " + before;
        while (server_.admin(waits) == "0") std::this_thread::yield();
        source.request_stop();
      });
      const auto outcome = write(
          [&](Connection& c) -> Result<void> {
            bool given = false;
            const std::vector<Param> row{1};
            const RowSource one = [&]() -> std::optional<std::span<const Param>> {
              return std::exchange(given, true) ? std::nullopt : std::optional<std::span<const Param>>(row);
            };
            if (loads) TRY(c.load("t", {"id"}, one));
            TRY(c.execute("INSERT INTO t VALUES (1)"));
            return {};
          },
          source.get_token());
      EXPECT_FAILS(Code::cancelled, outcome);
    }
    return {};
  }));
  EXPECT_EQ(process(), before) << "the cancel request did it, not the end of the connection";
  EXPECT_EQ(count(), 1);
}

TEST_F(PostgresFaults, AConnectionLostInAStatement) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (id bigint)"));
  const auto outcome = write([&](Connection& c) -> Result<void> {
    TRY(c.execute("INSERT INTO t VALUES (1)"));
    TRY(c.execute("SELECT pg_terminate_backend(pg_backend_pid())"));
    return {};
  });
  EXPECT_FAILS(Code::unavailable, outcome);
  EXPECT_FALSE(mentions(outcome, "unknown")) << message_of(outcome);
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES (2)"));  // over another connection
  EXPECT_EQ(count(), 1);
}

TEST_F(PostgresFaults, SessionsOutliveARestartWithoutTempTables) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (id bigint)"));
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES (1)"));
  const auto staged = session_of(*database_);
  ASSERT_OK(execute(*staged, "CREATE TEMP TABLE run_1 (x bigint)", {}, Access::staging));
  server_.crash();
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES (2)"));
  const auto lost = execute(*staged, "INSERT INTO run_1 VALUES (1)", {}, Access::staging);
  EXPECT_FAILS(Code::unavailable, lost);
  EXPECT_TRUE(mentions(lost, "TEMP tables of this session are lost")) << message_of(lost);
  EXPECT_EQ(count(), 2) << "what was committed is there";
}

TEST_F(PostgresFaults, ACommitThatIsRefusedIsCertain) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)"));
  const auto outcome = execute(*session_, "INSERT INTO t VALUES (1), (1)");
  EXPECT_FAILS(Code::invalid_data, outcome);
  EXPECT_FALSE(mentions(outcome, "unknown")) << message_of(outcome);
  EXPECT_EQ(count(), 0);
}

TEST_F(PostgresFaults, ACommitInWhichTheServerDies) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (id bigint)"));
  ASSERT_OK(execute(*session_,
                    "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                    "pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"));
  ASSERT_OK(execute(*session_,
                    "CREATE CONSTRAINT TRIGGER d AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
                    "FOR EACH ROW EXECUTE FUNCTION die()"));
  const auto outcome = execute(*session_, "INSERT INTO t VALUES (1)");
  EXPECT_FAILS(Code::unavailable, outcome);
  EXPECT_TRUE(mentions(outcome, "the outcome of the commit is unknown")) << message_of(outcome);
  EXPECT_EQ(count(), 0);
}

// One client's wire to the server, which breaks once: after COMMIT went out, before its answer comes back.
class BreakingWire {
 public:
  BreakingWire(const std::filesystem::path& own, const std::string& server)
      : server_(server), listener_(listen_in(own)) {
    relay_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~BreakingWire() {
    relay_.request_stop();
    relay_.join();
    ::close(listener_);
  }
  BreakingWire(const BreakingWire&) = delete;
  BreakingWire& operator=(const BreakingWire&) = delete;
  std::atomic<bool> armed = false;

 private:
  static bool ready(int file) {
    pollfd source{file, POLLIN, 0};
    return ::poll(&source, 1, 5) > 0;
  }
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!ready(listener_)) continue;
      const int client = ::accept(listener_, nullptr, nullptr);
      const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_un name = socket_in(server_);
      EXPECT_EQ(::connect(server, reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
      while (!stop.stop_requested() && pass(client, server) && pass(server, client)) {
      }
      ::close(client);
      ::close(server);
    }
  }
  bool pass(int from, int to) {
    if (!ready(from)) return true;
    std::array<char, 8192> bytes;
    const ssize_t size = ::read(from, bytes.data(), bytes.size());
    if (size <= 0) return false;
    const std::string_view said(bytes.data(), static_cast<std::size_t>(size));
    const bool commits = said.find(std::string_view("COMMIT\0", 7)) != std::string_view::npos;
    const bool breaks = commits && armed.exchange(false);
    if (::write(to, bytes.data(), said.size()) != size) return false;
    // Only when the server has answered, it is certain that it did it.
    return !breaks || ::read(to, bytes.data(), bytes.size()) < 0;
  }

  const std::string server_;
  const int listener_;
  std::jthread relay_;
};

TEST_F(PostgresFaults, ACommitWhoseAnswerIsLost) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (id bigint)"));
  const TempFolder folder;
  BreakingWire wire(folder / "w", server_.folder());
  const auto name = database_->description();
  const auto database = open_postgres_at("postgresql:///" + name.substr(name.rfind('/') + 1) +
                                         "?user=pulse&host=" + (folder / "w").string());
  const auto session = session_of(*database);
  ASSERT_OK(execute(*session, "INSERT INTO t VALUES (1)"));
  wire.armed = true;
  const auto outcome = execute(*session, "INSERT INTO t VALUES (2)");
  EXPECT_FAILS(Code::unavailable, outcome);
  EXPECT_TRUE(mentions(outcome, "the outcome of the commit is unknown")) << message_of(outcome);
  EXPECT_EQ(count(), 2) << "it was done";
  ASSERT_OK(execute(*session, "INSERT INTO t VALUES (3)"));
  EXPECT_EQ(count(), 3);
}

}  // namespace
}  // namespace store::testing
