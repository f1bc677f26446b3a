// Faults of the simulated servers, queued up and used in order: each answer takes the oldest fault that is
// meant for its API, and of the Bot API for its method. lost_answer: the request is carried out, and then the
// connection is closed without an answer. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulator {

struct Fault {
  enum class Kind { status, delay, html, body, lost_answer };

  std::string api;  // empty: all
  Kind kind = Kind::status;
  int count = 1;  // answers it is good for; -1: until cleared
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::chrono::milliseconds delay{0};
  std::string content_type{};
  std::string body{};
  std::string method{};  // of the Bot API, in any case; empty: all
};
std::string_view to_string(Fault::Kind kind);

class FaultQueue {
 public:
  void add(Fault fault);
  std::optional<Fault> take(std::string_view api, std::string_view method = {});  // uses it once
  std::vector<Fault> list() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::list<Fault> faults_;
};

}  // namespace simulator
