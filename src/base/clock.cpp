#include "base/clock.hpp"

#include <algorithm>
#include <thread>

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

namespace {

class ThreadAlarm final : public Clock::Alarm {
 public:
  ThreadAlarm(Clock& clock, SteadyTime time, std::function<void()> action)
      : thread_([&clock, time, action = std::move(action)](const std::stop_token& stop) {
          if (clock.sleep_until(time, stop)) action();
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Clock::Alarm> SystemClock::alarm(SteadyTime time, std::function<void()> action) {
  return std::make_unique<ThreadAlarm>(*this, time, std::move(action));
}

struct SimulatedClock::Bell {
  std::mutex ringing;
  std::function<void()> action;  // empty once its Alarm is gone
};

class SimulatedClock::SimulatedAlarm final : public Clock::Alarm {
 public:
  explicit SimulatedAlarm(std::shared_ptr<Bell> bell) : bell_(std::move(bell)) {}
  ~SimulatedAlarm() override {
    std::lock_guard lock(bell_->ringing);
    bell_->action = nullptr;
  }

 private:
  std::shared_ptr<Bell> bell_;
};

SimulatedClock::SimulatedClock(Mode mode, WallTime start) : mode_(mode), wall_(start) {}

SteadyTime SimulatedClock::steady() const {
  std::lock_guard lock(mutex_);
  return steady_;
}

WallTime SimulatedClock::wall() const {
  std::lock_guard lock(mutex_);
  return wall_;
}

std::unique_ptr<Clock::Alarm> SimulatedClock::alarm(SteadyTime time, std::function<void()> action) {
  auto bell = std::make_shared<Bell>();
  bell->action = std::move(action);
  std::unique_lock lock(mutex_);
  bells_.emplace(time, bell);
  if (time <= steady_) move_to(steady_, lock, {});
  return std::make_unique<SimulatedAlarm>(std::move(bell));
}

// Time passes from alarm to alarm; each rings at its own time. False: one of them stopped the caller.
bool SimulatedClock::move_to(SteadyTime time, std::unique_lock<std::mutex>& lock,
                             const std::stop_token& stop) {
  for (;;) {
    const bool rings = !bells_.empty() && bells_.begin()->first <= std::max(time, steady_);
    const SteadyTime next = rings ? std::max(bells_.begin()->first, steady_) : std::max(time, steady_);
    wall_ += std::chrono::duration_cast<std::chrono::microseconds>(next - steady_);
    steady_ = next;
    changed_.notify_all();
    if (!rings) return !stop.stop_requested();
    const std::shared_ptr<Bell> bell = bells_.begin()->second;
    bells_.erase(bells_.begin());
    lock.unlock();
    {
      std::lock_guard ringing(bell->ringing);
      if (bell->action) bell->action();
    }
    lock.lock();
    if (stop.stop_requested()) return false;
  }
}

bool SimulatedClock::sleep_until(SteadyTime time, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (stop.stop_requested()) return false;
  if (mode_ == Mode::automatic) return move_to(time, lock, stop);
  ++sleepers_;
  changed_.notify_all();
  const bool reached = changed_.wait(lock, stop, [&] { return steady_ >= time; });
  --sleepers_;
  return reached;
}

void SimulatedClock::advance(Duration duration) {
  std::unique_lock lock(mutex_);
  move_to(steady_ + duration, lock, {});
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
