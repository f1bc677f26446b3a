#include "base/clock.hpp"

namespace base {

bool Clock::sleep_for(Duration duration, std::stop_token stop) {
  const SteadyTime now = steady();
  const SteadyTime end = duration > SteadyTime::max() - now ? SteadyTime::max() : now + duration;
  return sleep_until(end, std::move(stop));
}

SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

WallTime SystemClock::wall() const {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

bool SystemClock::sleep_until(SteadyTime time, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_until(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

SimulatedClock::SimulatedClock(Mode mode, WallTime start) : mode_(mode), wall_(start) {}

SteadyTime SimulatedClock::steady() const {
  std::lock_guard lock(mutex_);
  return steady_;
}

WallTime SimulatedClock::wall() const {
  std::lock_guard lock(mutex_);
  return wall_;
}

bool SimulatedClock::sleep_until(SteadyTime time, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (stop.stop_requested()) return false;
  if (mode_ == Mode::automatic) {
    if (time > steady_) {
      wall_ += std::chrono::duration_cast<std::chrono::microseconds>(time - steady_);
      steady_ = time;
    }
    return true;
  }
  ++sleepers_;
  changed_.notify_all();
  const bool reached = changed_.wait(lock, stop, [&] { return steady_ >= time; });
  --sleepers_;
  return reached;
}

void SimulatedClock::advance(Duration duration) {
  std::lock_guard lock(mutex_);
  steady_ += duration;
  wall_ += std::chrono::duration_cast<std::chrono::microseconds>(duration);
  changed_.notify_all();
}

void SimulatedClock::jump_wall(Duration duration) {
  std::lock_guard lock(mutex_);
  wall_ += std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

int SimulatedClock::sleepers() const {
  std::lock_guard lock(mutex_);
  return sleepers_;
}

}  // namespace base
