// The one clock. Durations and deadlines use the steady time; what people and databases read is the wall time
// (UTC). Every class that waits takes a Clock&, so tests run it on a SimulatedClock.
//
// Thread-safe. sleep_until() returns at once when the stop token fires (semantics RT8).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>

namespace base {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

// Since 1970, as Prometheus counts.
inline double epoch_seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

inline std::int64_t epoch_milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const = 0;
  virtual WallTime wall() const = 0;

  // Calls `action` once when the time has come, on a thread of the clock's choosing; never after the Alarm is
  // gone, whose destructor waits for a call under way. The action must be quick and must not touch the Alarm.
  class Alarm {
   public:
    virtual ~Alarm() = default;
  };
  virtual std::unique_ptr<Alarm> alarm(SteadyTime time, std::function<void()> action) = 0;

  // True: the time was reached. False: a stop was requested first.
  virtual bool sleep_until(SteadyTime time, std::stop_token stop) = 0;
  bool sleep_for(Duration duration, std::stop_token stop);
};

class SystemClock final : public Clock {
 public:
  SteadyTime steady() const override;
  WallTime wall() const override;
  std::unique_ptr<Alarm> alarm(SteadyTime time, std::function<void()> action) override;
  bool sleep_until(SteadyTime time, std::stop_token stop) override;
};

// Time that moves only when told to.
//   manual:    advance() moves it and wakes the sleepers whose time has come.
//   automatic: a sleep moves it to its own end and returns at once (single-threaded tests and simulations).
class SimulatedClock final : public Clock {
 public:
  enum class Mode { manual, automatic };
  explicit SimulatedClock(Mode mode, WallTime start = WallTime{std::chrono::seconds{1'700'000'000}});

  SteadyTime steady() const override;
  WallTime wall() const override;
  std::unique_ptr<Alarm> alarm(SteadyTime time, std::function<void()> action) override;
  bool sleep_until(SteadyTime time, std::stop_token stop) override;

  void advance(Duration duration);
  void jump_wall(Duration duration);  // somebody set the machine's clock; the steady time does not move
  int sleepers() const;               // threads inside sleep_until() now

 private:
  const Mode mode_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  SteadyTime steady_{std::chrono::hours{1}};
  WallTime wall_;
  int sleepers_ = 0;

  struct Bell;
  class SimulatedAlarm;
  bool move_to(SteadyTime time, std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  std::multimap<SteadyTime, std::shared_ptr<Bell>> bells_;
};

}  // namespace base
