#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "program/database_checks.hpp"
#include "program/exit_code.hpp"
#include "program/machine_checks.hpp"
#include "store/lock_file.hpp"
#include "store/migrations.hpp"
#include "store/sqlite.hpp"

namespace program {
namespace {

namespace fs = std::filesystem;
using State = Finding::State;
using namespace std::chrono_literals;

TEST(Findings, ExitCodes) {
  const Finding fine{"a", State::fine, "x"}, warning{"b", State::warning, "x"}, wrong{"c", State::wrong, "x"},
      unreachable{"d", State::unreachable, "x"};
  EXPECT_EQ(exit_code({fine}, true), ok);
  EXPECT_EQ(exit_code({fine, warning}, false), ok);
  EXPECT_EQ(exit_code({fine, warning}, true), unhealthy);
  EXPECT_EQ(exit_code({warning, unreachable}, false), unavailable);
  EXPECT_EQ(exit_code({unreachable, wrong}, false), configuration);
}

TEST(Findings, AsTextAndJson) {
  const Finding finding{"store", State::unreachable, "no answer\nfrom \x1b[1m", "start the server"};
  EXPECT_EQ(finding_text(finding, {}), "❌ store — no answer\\nfrom \\x1b[1m; start the server\n");
  EXPECT_EQ(finding_text(finding, {.unicode = false}),
            "[UNREACHABLE] store - no answer\\nfrom \\x1b[1m; start the server\n");
  EXPECT_EQ(finding_text({"clock", State::fine, "now"}, {.unicode = true, .colour = true}),
            "✅ clock — now\n");
  EXPECT_EQ(to_json(std::vector<Finding>{{"clock", State::fine, "now"}}),
            "[\n  {\n    \"check\": \"clock\",\n    \"state\": \"ok\",\n    \"message\": \"now\",\n"
            "    \"remedy\": null\n  }\n]\n");
}

TEST(MachineChecks, Clocks) {
  EXPECT_EQ(check_clock(base::WallTime(std::chrono::sys_days(std::chrono::year{2024} / 12 / 31))).state,
            State::wrong);
  EXPECT_EQ(check_clock(base::WallTime(std::chrono::sys_days(std::chrono::year{2025} / 1 / 1))).state,
            State::fine);
  EXPECT_EQ(check_clock_of("store", -9s).state, State::fine);
  const Finding behind = check_clock_of("store", -2min);
  EXPECT_EQ(behind.state, State::warning);
  EXPECT_NE(behind.message.find("2 min behind"), std::string::npos) << behind.message;
  EXPECT_EQ(check_time_zones().state, State::fine);
}

TEST(MachineChecks, Disks) {
  EXPECT_EQ(check_disk("d", "/", std::uint64_t{1} << 30).state, State::fine);
  EXPECT_EQ(check_disk("d", "/", std::uint64_t{100} << 20).state, State::warning);
  EXPECT_EQ(check_disk("d", "/", std::uint64_t{1} << 20).state, State::unreachable);
  EXPECT_EQ(check_disk("d", "/", std::nullopt).state, State::warning);
  EXPECT_TRUE(free_space("/"));
  EXPECT_FALSE(free_space("/no/such/folder"));
}

class Folders : public testing::Test {
 protected:
  Folders() : folder_(fs::path(testing::TempDir()) / ("doctor_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Folders() override { fs::remove_all(folder_); }
  State state_of(const std::vector<Finding>& findings, const std::string& check) {
    for (const Finding& finding : findings)
      if (finding.check == check) return finding.state;
    ADD_FAILURE() << "no finding of " << check;
    return State::fine;
  }
  std::vector<Finding> check(const fs::path& file, const std::string& program = "pulse") {
    config::DatabaseAddress address;
    address.path = file;
    return check_database(program, "store", address, DatabaseUse::store, clock_, {});
  }
  const fs::path folder_;
  base::SystemClock clock_;
};

TEST_F(Folders, ThoseThatCanBeMade) {
  EXPECT_EQ(check_folder("log", folder_, "logs.directory").state, State::fine);
  EXPECT_EQ(check_folder("log", folder_ / "a" / "b", "logs.directory").state, State::fine);
  EXPECT_EQ(existing_folder(folder_ / "a" / "b"), folder_);
  std::ofstream(folder_ / "file") << "x";
  const Finding file = check_folder("log", folder_ / "file", "logs.directory");
  EXPECT_EQ(file.state, State::wrong);
  EXPECT_NE(file.remedy.find("logs.directory"), std::string::npos);
  EXPECT_EQ(check_folder("log", folder_ / "file" / "log", "logs.directory").state, State::wrong);
  EXPECT_FALSE(fs::exists(folder_ / "a")) << "nothing is made";
}

TEST_F(Folders, AStoreFromNothingToTooNew) {
  const fs::path file = folder_ / "pulse.db";
  EXPECT_EQ(state_of(check(file), "store"), State::fine);
  EXPECT_FALSE(fs::exists(file)) << "nothing is made";
  {
    auto made = store::open_sqlite({.path = file}, clock_, {});
    ASSERT_TRUE(made);
    ASSERT_TRUE(store::migrate(**made, store::embedded_migrations(), {}));
    EXPECT_NE(lock_holder(file).find("process " + std::to_string(::getpid())), std::string::npos);
    const auto findings = check(file);
    EXPECT_EQ(state_of(findings, "store, its ledger"), State::fine);
    for (const Finding& finding : findings)
      if (finding.check == "store") {
        EXPECT_NE(finding.message.find("in use by process"), std::string::npos) << finding.message;
      }
    const auto session = (*made)->session({});
    ASSERT_TRUE((*session)->transact(
        store::Access::write, {}, [](store::Connection& connection) -> base::Result<void> {
          TRY(
              connection.execute("UPDATE {pulse}schema_migrations SET version = 999 WHERE version = "
                                 "(SELECT max(version) FROM {pulse}schema_migrations)"));
          return {};
        }));
  }
  EXPECT_EQ(lock_holder(file), "");
  EXPECT_EQ(state_of(check(file), "store, its ledger"), State::wrong);
}

TEST_F(Folders, EachProgramLooksForItsOwnLedger) {
  const fs::path file = folder_ / "both.db";
  {
    auto made = store::open_sqlite({.path = file, .ledger = "phoenix"}, clock_, {});
    ASSERT_TRUE(made);
    ASSERT_TRUE(store::migrate(**made, store::embedded_migrations(), {}));
  }
  const auto said = [&](const std::string& program) {
    for (const Finding& finding : check(file, program))
      if (finding.check == "store, its ledger") return finding.message;
    return std::string("nothing");
  };
  EXPECT_EQ(said("pulse"), "none yet; the first run makes it");
  EXPECT_TRUE(said("phoenix").starts_with("at version ")) << said("phoenix");
}

TEST_F(Folders, AFileThatIsNoDatabase) {
  const fs::path file = folder_ / "pulse.db";
  std::ofstream(file) << std::string(5000, 'x');
  const auto findings = check(file);
  EXPECT_NE(exit_code(findings, false), ok);
}

// A socket that listens on a free port, and answers once if it shall.
class Listener {
 public:
  explicit Listener(std::string answer) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 4), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (answer.empty()) return;
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int client = ::accept(socket_, nullptr, nullptr);
      char request[512];
      [[maybe_unused]] const ssize_t got = ::recv(client, request, sizeof request, 0);
      ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(client);
    });
  }
  ~Listener() {
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }
  web::Address address() const { return {.host = "127.0.0.1", .port = port_}; }

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(CheckListen, FreeOursOrAnothers) {
  web::Address address;
  {
    const Listener ours("HTTP/1.1 200 OK\r\n\r\n{\n  \"program\": \"pulse\",\n");
    address = ours.address();
    EXPECT_EQ(check_listen(address, "pulse", 30s).state, State::fine);
  }
  {
    const Listener another("HTTP/1.1 200 OK\r\n\r\nhello");
    const Finding finding = check_listen(another.address(), "pulse", 30s);
    EXPECT_EQ(finding.state, State::wrong);
    EXPECT_NE(finding.message.find(web::to_string(another.address())), std::string::npos);
  }
  const Listener silent("");
  EXPECT_EQ(check_listen(silent.address(), "pulse", 1ms).state, State::wrong);
  EXPECT_EQ(check_listen({.host = "127.0.0.1", .port = 0}, "pulse", 1ms).state, State::fine);
  EXPECT_EQ(check_listen({.host = "192.0.2.1", .port = 8787}, "pulse", 1ms).state, State::wrong);
}

TEST(CheckListen, TheSettingIsJudgedAsAWhole) {
  const auto state = [](const std::string& address, const char* token, bool is_public) {
    config::ListenSettings listen;
    listen.address = address;
    listen.token = base::Secret(token);
    listen.is_public = is_public;
    const auto finding = check_listening(listen, "phoenix");
    return finding ? to_string(finding->state) : "off";
  };
  EXPECT_EQ(state("off", "", false), "off");
  EXPECT_EQ(state("127.0.0.1:0", "", false), "ok");
  EXPECT_EQ(state("0.0.0.0:0", "", false), "wrong");
  EXPECT_EQ(state("0.0.0.0:0", "", true), "ok");
  EXPECT_EQ(state("0.0.0.0:0", "0123456789abcdef", false), "ok");
}

}  // namespace
}  // namespace program
