// SIGINT, SIGTERM and SIGHUP (the terminal was closed) as a stop token. The first one asks everything to
// stop; the second ends the process at once (SS4). Construct it before any other thread: the signals are
// blocked in all threads and taken by one.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace pulse {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  int exit_code() const { return received_ == 0 ? 0 : 128 + received_; }  // 130, 143, 129; 0 = none came

 private:
  std::stop_source stop_;
  std::atomic<int> received_{0};
  std::atomic<bool> leaving_{false};
  std::thread thread_;
};

}  // namespace pulse
