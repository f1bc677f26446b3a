#include "control/channel.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "control/protocol.hpp"

namespace control {
namespace {

constexpr std::size_t room_for_progress = 64 * 1024;  // beyond, how far it was is no news any more
constexpr std::size_t maximum_turn = 256 * 1024;      // bytes sent at once, so that each client gets its turn

}  // namespace

void Channel::accept() {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed() || is_accepted_) return;
    append("");
  }
  wake_->ring();
}

void Channel::progress(std::string json) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed()) return;
    progress_ = std::move(json);
  }
  wake_->ring();
}

void Channel::say(std::string lines) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed() || lines.empty()) return;
    take_progress();
    append(lines);
  }
  wake_->ring();
}

void Channel::finish(std::string last_line) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed()) return;
    take_progress();
    is_finished_ = true;
    is_accepted_ = true;  // a refusal is told without it
    append(last_line);
  }
  wake_->ring();
}

void Channel::append(std::string_view lines) {
  if (!is_accepted_) waiting_ += accepted_line();
  is_accepted_ = true;
  waiting_ += lines;
  if (waiting_.size() - taken_ <= maximum_) return;
  is_gone_ = true;  // flush() tells the owner
  waiting_ = {};
  taken_ = 0;
}

void Channel::take_progress() {
  if (!progress_) return;
  if (!is_gone_ && waiting_.size() - taken_ <= room_for_progress) append(progress_line(*progress_));
  progress_.reset();
}

Channel::Flushed Channel::flush(int socket) {
  const std::lock_guard lock(mutex_);
  Flushed result;
  if (waiting_.size() - taken_ <= room_for_progress) take_progress();
  std::size_t sent_now = 0;
  while (!is_gone_ && taken_ < waiting_.size() && sent_now < maximum_turn) {
    const ssize_t sent =
        ::send(socket, waiting_.data() + taken_, waiting_.size() - taken_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (sent <= 0) is_gone_ = true;
    taken_ += static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    sent_now += static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  }
  result.is_broken = is_gone_;
  result.has_moved = sent_now > 0;
  result.is_empty = taken_ == waiting_.size();
  result.is_over = is_finished_ && result.is_empty;
  if (result.is_empty || taken_ > maximum_turn) {
    waiting_.erase(0, taken_);
    taken_ = 0;
  }
  if (result.is_empty) waiting_.shrink_to_fit();
  return result;
}

bool Channel::has_output() const {
  const std::lock_guard lock(mutex_);
  return taken_ < waiting_.size() || progress_.has_value() || is_gone_;
}

bool Channel::is_finished() const {
  const std::lock_guard lock(mutex_);
  return is_finished_;
}

void Channel::cancel() {
  if (!is_finished()) stop_.request_stop();
}

void Channel::leave() {
  bool is_open = false;
  {
    const std::lock_guard lock(mutex_);
    is_open = !is_finished_;
    is_gone_ = true;
    progress_.reset();
    waiting_ = {};
    taken_ = 0;
  }
  if (is_open) stop_.request_stop();
}

}  // namespace control
