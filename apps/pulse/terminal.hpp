// What a person at a terminal sees while a run goes on: one line on stderr that is drawn over itself, at most
// ten times a second. Elsewhere nothing is drawn, and the log lines alone tell the story. Thread-safe.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "collect/run.hpp"

namespace pulse {

class Terminal {
 public:
  explicit Terminal(const base::Clock& clock);  // looks at stderr
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void begin(std::string_view collector);
  void show(const collect::Progress& progress);
  void write(std::string_view line);  // a log line: takes the place of the progress line
  void end();

  static std::string describe(std::string_view collector, const collect::Progress& progress,
                              base::Duration elapsed);

 private:
  void clear();

  const base::Clock& clock_;
  const bool interactive_;
  std::mutex mutex_;
  std::string collector_;
  collect::Progress::Phase phase_{};
  base::SteadyTime phase_began_{};
  base::SteadyTime drawn_at_{};
  bool drawn_ = false;
};

// 1404 → "1,404"
std::string grouped(std::int64_t number);

}  // namespace pulse
