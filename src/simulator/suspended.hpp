// Connections whose answer has to wait: for a time, or for something to happen. None of them costs a thread:
// libmicrohttpd forgets them until they are resumed, by one timer thread or by resume(); they then come back
// to the server's request callback. Thread-safe. The destructor resumes all that are left.
//
//   if (!suspended.add(connection, "hold:kev", {})) return MHD_NO;   // we are stopping
//   suspended.resume("hold:kev");
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

struct MHD_Connection;

namespace simulator {

class Suspended {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Suspended();
  ~Suspended();

  // In the request callback only. `group` may be empty. false: stop() was called.
  bool add(MHD_Connection* connection, std::string_view group, std::optional<Time> due);
  void resume(std::string_view group);  // those of the group, in the order of their coming
  std::size_t count(std::string_view group) const;

  void stop();  // resumes all; add() refuses from now on. To be called before the daemon ends
  bool stopping() const;

 private:
  struct Waiting {
    MHD_Connection* connection;
    std::string group;
    std::optional<Time> due;
  };
  using Entry = std::map<std::uint64_t, Waiting>::iterator;

  void resume_due(std::stop_token stop);
  Entry resume_one(Entry entry);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::set<std::pair<Time, std::uint64_t>> due_;
  std::uint64_t last_ = 0;
  bool stopping_ = false;
  std::jthread timer_;
};

}  // namespace simulator
