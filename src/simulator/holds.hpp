// APIs whose requests wait until somebody lets them go on: to look at a program while its answers are due.
// Thread-safe.
//
//   POST   /_sim/hold?api=kev   each new request to it waits
//   DELETE /_sim/hold?api=kev   it ends; those that waited go on. Without "api": all holds
//   GET    /_sim/hold           [{"api": "kev", "held": 3}]
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "simulator/control.hpp"
#include "simulator/suspended.hpp"

namespace simulator {

class Holds {
 public:
  explicit Holds(Suspended& suspended) : suspended_(suspended) {}
  bool held(std::string_view api) const;
  static std::string group(std::string_view api);  // of its waiting connections
  Answer handle(const ControlRequest& request);

 private:
  Suspended& suspended_;
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> apis_;
};

}  // namespace simulator
