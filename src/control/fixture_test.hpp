// For the tests of the control socket: a folder, and a handler that keeps what comes. What is waited for
// fails after a minute.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "control/client.hpp"
#include "control/server.hpp"
#include "control/wire_test.hpp"

namespace control {

using namespace std::chrono_literals;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "control.XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct Visit {
  Request request;
  std::shared_ptr<Reply> reply;
};

class Desk {
 public:
  Handler handler() {
    return [this](const Request& request, std::shared_ptr<Reply> reply) {
      const std::lock_guard lock(mutex_);
      visits_.push_back({request, std::move(reply)});
      changed_.notify_all();
    };
  }
  Visit take() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 60s, [&] { return !visits_.empty(); }));
    Visit visit = visits_.empty() ? Visit{} : std::move(visits_.front());
    if (!visits_.empty()) visits_.pop_front();
    return visit;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Visit> visits_;
};

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return condition();
}

inline const std::string collect_line = "{\"version\":1,\"command\":\"collect\"}\n";

inline std::unique_ptr<Server> serve(ServerOptions options, Handler handler, base::Clock& clock) {
  options.version = "0.3.0";
  options.commands = {"collect"};
  auto server = Server::start(std::move(options), std::move(handler), clock);
  EXPECT_TRUE(server) << server.error().message;
  return server ? std::move(*server) : nullptr;
}

// A request of a client that is no part of the test.
inline base::Result<int> ask(const std::filesystem::path& path, base::Clock& clock) {
  Client client = TRY(Client::connect(path, clock, {}));
  return client.request({.command = "collect"}, {}, {});
}

}  // namespace control
