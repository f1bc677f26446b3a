#include "web/connections.hpp"

#include <sys/socket.h>

namespace web {

Connections::Connections(std::size_t maximum, base::Duration maximum_age)
    : maximum_(maximum), maximum_age_(maximum_age) {}

std::uint64_t Connections::opened(int socket, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  while (open_.size() >= maximum_) end_oldest();
  open_.emplace(++next_, Entry{socket, now});
  return next_;
}

void Connections::closed(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  open_.erase(id);
}

void Connections::end_old(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  while (!open_.empty() && now - open_.begin()->second.since >= maximum_age_) end_oldest();
}

std::size_t Connections::count() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

// Under the lock, in which closed() waits: the number still means this connection's socket. Its thread then
// sees the end of the stream and cleans up.
void Connections::end_oldest() {
  ::shutdown(open_.begin()->second.socket, SHUT_RDWR);
  open_.erase(open_.begin());
}

}  // namespace web
