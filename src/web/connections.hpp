// The connections that are open now, so that slow clients cannot keep new ones out: when there are too many,
// the oldest is ended, and so is any that lasts too long, however it spreads its bytes. Thread-safe.
//
//   id = connections.opened(socket, clock.steady());
//   connections.closed(id);          // before the socket itself is closed
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "base/clock.hpp"

namespace web {

class Connections {
 public:
  Connections(std::size_t maximum, base::Duration maximum_age);

  std::uint64_t opened(int socket, base::SteadyTime now);
  void closed(std::uint64_t id);
  void end_old(base::SteadyTime now);
  std::size_t count() const;  // without those that were told to end

 private:
  struct Entry {
    int socket;
    base::SteadyTime since;
  };
  void end_oldest();

  const std::size_t maximum_;
  const base::Duration maximum_age_;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Entry> open_;  // the oldest first
};

}  // namespace web
