#include "program/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

namespace program {

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A closed pipe or a file-size limit is an error of its write, not our end.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  thread_ = std::thread([this, set] {
    for (;;) {
      int signal = 0;
      if (sigwait(&set, &signal) != 0) continue;
      if (signal == SIGUSR2) {
        if (leaving_) return;
        continue;
      }
      if (signal == SIGHUP && reloads()) continue;
      if (received_ != 0) _exit(128 + signal);
      received_ = signal;
      stop_.request_stop();
    }
  });
}

void Signals::on_hangup(std::function<void()> reload) {
  const std::lock_guard lock(mutex_);
  reload_ = std::move(reload);
}

bool Signals::reloads() {
  const std::lock_guard lock(mutex_);
  if (!reload_) return false;
  if (received_ == 0) reload_();
  return true;
}

Signals::~Signals() {
  leaving_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

}  // namespace program
