// For store's tests: a folder that goes away, short forms of transactions, and a second process to contend
// with.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "store/database.hpp"
#include "store/sqlite.hpp"

namespace store::testing {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "store_test_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline base::Clock& system_clock() {
  static base::SystemClock clock;
  return clock;
}

inline base::Result<std::unique_ptr<Database>> try_open(const std::filesystem::path& path,
                                                        bool read_only = false,
                                                        const std::string& ledger = "pulse") {
  return open_sqlite(
      {.path = path, .lock_wait = std::chrono::milliseconds{0}, .read_only = read_only, .ledger = ledger},
      system_clock(), {});
}

inline std::unique_ptr<Database> open(const std::filesystem::path& path, bool read_only = false,
                                      const std::string& ledger = "pulse") {
  auto database = try_open(path, read_only, ledger);
  if (!database) ADD_FAILURE() << database.error().message;
  return database ? *std::move(database) : nullptr;
}

inline std::unique_ptr<Session> session_of(Database& database) {
  auto session = database.session({});
  if (!session) ADD_FAILURE() << session.error().message;
  return session ? *std::move(session) : nullptr;
}

// One statement, one transaction.
inline base::Result<void> execute(Session& session, std::string_view sql,
                                  std::initializer_list<Param> params = {}, Access access = Access::write) {
  return session.transact(access, {}, [&](Connection& c) -> base::Result<void> {
    TRY(c.execute(sql, params));
    return {};
  });
}

inline base::Result<std::vector<Row>> query(Session& session, std::string_view sql,
                                            std::initializer_list<Param> params = {},
                                            Access access = Access::read) {
  std::vector<Row> rows;
  TRY(session.transact(access, {}, [&](Connection& c) -> base::Result<void> {
    rows = TRY(c.query(sql, params));
    return {};
  }));
  return rows;
}

inline std::int64_t number(Session& session, std::string_view sql, Access access = Access::read) {
  const auto rows = query(session, sql, {}, access);
  if (!rows || rows->size() != 1) {
    ADD_FAILURE() << sql << ": " << (rows ? "not one row" : rows.error().message);
    return -1;
  }
  return rows->front().integer(0);
}

// "" of a value.
inline std::string message_of(const auto& result) { return result ? std::string() : result.error().message; }
inline bool mentions(const auto& result, std::string_view text) {
  return message_of(result).find(text) != std::string::npos;
}

// A child process that does `work`, says so, and then holds on until it is killed.
class OtherProcess {
 public:
  explicit OtherProcess(const std::function<void(const std::function<void()>& hold)>& work) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      work([&] {
        [[maybe_unused]] const auto written = ::write(ends[1], "x", 1);
        while (true) ::pause();
      });
      ::_exit(1);
    }
    ::close(ends[1]);
    char byte;
    ready_ = ::read(ends[0], &byte, 1) == 1;
    ::close(ends[0]);
  }
  ~OtherProcess() { kill(); }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  bool ready() const { return ready_; }
  pid_t pid() const { return pid_; }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  bool ready_ = false;
};

}  // namespace store::testing

#define ASSERT_OK(expression)                                          \
  do {                                                                 \
    const auto& ok_result_ = (expression);                             \
    ASSERT_TRUE(ok_result_.has_value()) << ok_result_.error().message; \
  } while (false)

#define EXPECT_FAILS(expected_code, expression)                                              \
  do {                                                                                       \
    const auto& fails_result_ = (expression);                                                \
    if (fails_result_)                                                                       \
      ADD_FAILURE() << "no error";                                                           \
    else                                                                                     \
      EXPECT_EQ(fails_result_.error().code, expected_code) << fails_result_.error().message; \
  } while (false)
