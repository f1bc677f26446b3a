// SIGINT and SIGTERM as a stop token; SIGHUP (the terminal was closed) as well, unless somebody reloads at
// it. The first one asks everything to stop; the second ends the process at once (SS4). Construct it before
// any other thread: the signals are blocked in all threads and taken by one.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace program {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  int exit_code() const { return received_ == 0 ? 0 : 128 + received_; }  // 130, 143, 129; 0 = none came

  // From now on SIGHUP calls this, on the thread of the signals, and stops nothing. Empty: it stops again.
  void on_hangup(std::function<void()> reload);
  // The stop that was asked for is done: it is no reason for another exit code than 0.
  void stopped_cleanly() { received_ = 0; }

 private:
  bool reloads();

  std::stop_source stop_;
  std::atomic<int> received_{0};
  std::atomic<bool> leaving_{false};
  std::mutex mutex_;
  std::function<void()> reload_;
  std::thread thread_;
};

}  // namespace program
