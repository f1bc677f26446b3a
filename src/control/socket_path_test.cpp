// The socket's file: whose it is, who may use it, and what becomes of it.
#include "control/socket_path.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <fstream>

#include "control/fixture_test.hpp"

namespace control {
namespace {

using base::Code;

class SocketFile : public testing::Test {
 protected:
  std::unique_ptr<Server> serve_here() {
    return serve(
        {.path = path}, [](const Request&, const std::shared_ptr<Reply>& reply) { reply->end(0); }, clock);
  }
  base::Result<std::unique_ptr<Server>> try_here() {
    return Server::start(
        {.path = path, .commands = {"collect"}},
        [](const Request&, const std::shared_ptr<Reply>& reply) { reply->end(0); }, clock);
  }
  Code connect_fault() {
    const auto client = Client::connect(path, clock, {});
    EXPECT_FALSE(client);
    return client ? Code::internal : client.error().code;
  }
  mode_t mode() const {
    struct stat file {};
    EXPECT_EQ(::lstat(path.c_str(), &file), 0);
    return file.st_mode & 0777U;
  }

  base::SystemClock clock;
  Folder folder;
  std::filesystem::path path = folder / "pulse.db.sock";
};

TEST_F(SocketFile, IsTheOwnersAloneAndGoesAtTheEnd) {
  const mode_t before = ::umask(0);
  auto server = serve_here();
  ::umask(before);
  EXPECT_EQ(mode(), 0600U);
  EXPECT_TRUE(ask(path, clock));
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(path)));
}

TEST_F(SocketFile, NobodyListens) {
  EXPECT_EQ(connect_fault(), Code::unavailable) << "no file";
  listen_socket(path);  // and closed
  EXPECT_EQ(connect_fault(), Code::unavailable) << "of a dead process";
  path = folder / "none" / "pulse.db.sock";
  EXPECT_EQ(connect_fault(), Code::unavailable) << "no folder";
}

TEST_F(SocketFile, OfADeadProcessIsReplaced) {
  listen_socket(path);
  const auto server = serve_here();
  EXPECT_TRUE(ask(path, clock));
}

TEST_F(SocketFile, OfALiveServerIsNot) {
  const auto server = serve_here();
  const auto second = try_here();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_NE(second.error().message.find("another daemon listens at"), std::string::npos);
  EXPECT_TRUE(ask(path, clock)) << "the first is as before";
}

TEST_F(SocketFile, AnotherFileIsNotTouched) {
  std::ofstream(path) << "precious";
  EXPECT_EQ(try_here().error().code, Code::conflict);
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST_F(SocketFile, AtTheEndOnlyTheOwnFileIsRemoved) {
  auto server = serve_here();
  std::filesystem::remove(path);
  std::ofstream(path) << "somebody else's";
  server.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(SocketFile, OfSeveralThatStartOneWins) {
  for (int round = 0; round < 20; ++round) {
    listen_socket(path);
    std::mutex mutex;
    std::vector<std::unique_ptr<Server>> won;
    {
      std::vector<std::jthread> starters;
      for (int i = 0; i < 4; ++i)
        starters.emplace_back([&] {
          auto server = try_here();
          const std::lock_guard lock(mutex);
          if (server)
            won.push_back(std::move(*server));
          else
            EXPECT_EQ(server.error().code, Code::conflict) << server.error().message;
        });
    }
    EXPECT_EQ(won.size(), 1U);
    EXPECT_TRUE(ask(path, clock));
  }
}

TEST_F(SocketFile, MayHaveALongPath) {
  std::filesystem::path deep = folder / std::string(200, 'a') / std::string(200, 'b');
  std::filesystem::create_directories(deep);
  path = deep / "pulse.db.sock";
  auto server = serve_here();
  EXPECT_TRUE(ask(path, clock));
  EXPECT_EQ(try_here().error().code, Code::conflict);
  EXPECT_EQ(mode(), 0600U);
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(path)));
  EXPECT_EQ(connect_fault(), Code::unavailable);
}

TEST_F(SocketFile, MayNotHaveALongName) {
  path = folder / std::string(120, 'n');
  EXPECT_EQ(try_here().error().code, Code::invalid_config);
  EXPECT_EQ(connect_fault(), Code::invalid_config);
}

TEST_F(SocketFile, NeedsItsFolder) {
  path = folder / "none" / "pulse.db.sock";
  const auto server = try_here();
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("No such file"), std::string::npos);
}

TEST_F(SocketFile, WhoMayAsk) {
  EXPECT_TRUE(may_ask(1000, 1000));
  EXPECT_TRUE(may_ask(0, 1000));
  EXPECT_FALSE(may_ask(1001, 1000));
  EXPECT_FALSE(may_ask(1000, 0));
}

// Even if somebody opens the file to all.
TEST_F(SocketFile, AnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const auto server = serve_here();
  std::filesystem::permissions(path.parent_path(), std::filesystem::perms{0755});
  const auto ask_as_another = [&](std::string& answer) {
    int pipe[2];
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    const Descriptor reading(pipe[0]);
    Descriptor writing(pipe[1]);
    const sockaddr_un address = address_at(path);
    const pid_t child = ::fork();
    if (child == 0) {  // what may be called here: signal-safety(7)
      const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
      char bytes[4096];
      if (::setuid(65534) != 0) ::_exit(1);
      if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        ::_exit(errno);
      const ssize_t got = ::read(socket, bytes, sizeof(bytes));
      ::_exit(got > 0 && ::write(writing.get(), bytes, static_cast<std::size_t>(got)) == got ? 0 : 1);
    }
    writing.reset();
    char bytes[4096];
    for (ssize_t got; (got = ::read(reading.get(), bytes, sizeof(bytes))) > 0;)
      answer.append(bytes, static_cast<std::size_t>(got));
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
  };
  std::string answer;
  EXPECT_EQ(ask_as_another(answer), EACCES);
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(ask_as_another(answer), 0);
  EXPECT_NE(answer.find("\"permission\""), std::string::npos) << answer;
}

}  // namespace
}  // namespace control
