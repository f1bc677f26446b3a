// What the simulated servers were asked: the last 10,000 requests, control endpoints left out. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace simulator {

struct Request {
  std::uint64_t number = 0;  // from 1 in order of arrival; goes on after clear()
  base::WallTime time{};
  std::string method{};
  std::string host{};  // the first segment of the path
  std::string path{};  // as sent, without host and query
  std::string query{};
  std::map<std::string, std::string> headers{};  // names in lower case
  int status = 0;                                // 0: not answered yet
  std::string api{};                             // empty: unknown path
};

class RequestLog {
 public:
  static constexpr std::size_t capacity = 10'000;

  std::uint64_t begin(Request request);  // its number
  void finish(std::uint64_t number, int status);
  std::vector<Request> list() const;
  std::uint64_t total() const;  // since the last clear()
  void clear();

 private:
  mutable std::mutex mutex_;
  std::deque<Request> requests_;
  std::uint64_t last_ = 0;
  std::uint64_t cleared_at_ = 0;
};

}  // namespace simulator
