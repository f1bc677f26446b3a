// What one client is to be told, between the threads that say it and the one that owns the socket. Bounded:
// who says more than the client reads loses the client, never a line in the middle. Thread-safe; nothing here
// blocks, and no lock is held while stop callbacks run.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "control/descriptor.hpp"

namespace control {

class Channel {
 public:
  Channel(std::shared_ptr<const Wake> wake, std::size_t maximum)
      : wake_(std::move(wake)), maximum_(maximum) {}

  // For those who answer. After finish() or leave() they change nothing.
  void accept();
  void progress(std::string json);
  void say(std::string lines);
  void finish(std::string last_line);
  std::stop_token stop_token() const { return stop_.get_token(); }

  // For the owner of the socket.
  struct Flushed {
    bool is_broken = false;  // the client is gone, or too far behind
    bool has_moved = false;  // it took something
    bool is_empty = false;
    bool is_over = false;  // finished, and all of it was taken
  };
  Flushed flush(int socket);
  bool has_output() const;
  bool is_finished() const;
  void cancel();  // fires the stop token, unless it is over
  void leave();   // the client is gone: likewise, and what waits is dropped

 private:
  void append(std::string_view lines);  // under the lock
  void take_progress();                 // under the lock
  bool is_closed() const { return is_finished_ || is_gone_; }

  const std::shared_ptr<const Wake> wake_;
  const std::size_t maximum_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::string waiting_;    // whole lines, but for the first
  std::size_t taken_ = 0;  // of them
  std::optional<std::string> progress_;
  bool is_accepted_ = false;
  bool is_finished_ = false;
  bool is_gone_ = false;
};

}  // namespace control
