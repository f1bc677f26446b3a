#include "simulator/fault_connection.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace simulator {
namespace {

using namespace std::chrono_literals;
using base::SteadyTime;
using Kind = FaultRule::Kind;

constexpr std::size_t maximum_held = 1 << 20;
constexpr short hang_up = POLLHUP | POLLERR | POLLRDHUP;
constexpr auto answer_pause = 20ms;  // a swallowed answer has ended when nothing came for so long
constexpr auto reset_patience =
    2s;  // for the last bytes to reach the client before the RST, which overtakes them
constexpr auto end_patience = 10s;  // for the other side of a truncated or drained connection to close

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

std::optional<SteadyTime> earlier(std::optional<SteadyTime> a, std::optional<SteadyTime> b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

bool is_open_after_discard(const Socket& socket, short events) {
  if ((events & (POLLIN | hang_up)) == 0) return true;
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
  return got > 0 || (got < 0 && would_block(errno));
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

void Socket::close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

void Socket::close_with_reset() {
  const linger at_once{1, 0};
  if (file_ >= 0) ::setsockopt(file_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

bool FaultConnection::Pipe::has_room() const { return !ended && held < maximum_held; }

void FaultConnection::Pipe::push(std::string_view bytes, SteadyTime due) {
  last_due = std::max(last_due, due);  // bytes never overtake each other
  chunks.push_back({last_due, std::string(bytes)});
  held += bytes.size();
}

std::optional<SteadyTime> FaultConnection::Pipe::next_time() const {
  if (blocked) return std::nullopt;
  if (!chunks.empty()) return std::max(chunks.front().due, next_send);
  if (ended && !end_sent) return last_due;
  return std::nullopt;
}

FaultConnection::FaultConnection(Socket client, ProxyShared& shared)
    : shared_(shared), client_(std::move(client)) {
  rules_changed();
}

void FaultConnection::rules_changed() {
  if (shared_.rules.grant(share_)) limit_base_ = down_.delivered;
}

FaultConnection::Interest FaultConnection::interest(SteadyTime now) const {
  if (state_ == State::resetting) return {.wake = now + 1ms};
  if (state_ == State::truncated) return {.client = POLLIN, .wake = state_end_};
  if (state_ == State::draining) return {.server = POLLIN, .wake = state_end_};
  if (rule(Kind::refuse) != nullptr) return {.wake = now};
  if (rule(Kind::black_hole) != nullptr) return {.client = POLLRDHUP};
  if (!server_.is_open()) return {.wake = now};
  if (connecting_) return {.server = POLLOUT};

  Interest wanted;
  const bool answers = rule(Kind::half_open) == nullptr;
  if (up_.has_room()) wanted.client |= POLLIN;
  if (up_.blocked) wanted.server |= POLLOUT;
  wanted.wake = up_.next_time();
  if (answers && (state_ == State::swallowing || down_.has_room())) wanted.server |= POLLIN;
  if (answers && down_.blocked) wanted.client |= POLLOUT;
  if (answers) wanted.wake = earlier(wanted.wake, down_.next_time());
  if (state_ == State::swallowing && state_end_ != SteadyTime{})
    wanted.wake = earlier(wanted.wake, state_end_);
  return wanted;
}

void FaultConnection::step(short client_events, short server_events, SteadyTime now) {
  if (state_ == State::resetting) return step_resetting(now);
  if (state_ == State::truncated) return step_truncated(client_events, now);
  if (state_ == State::draining) return step_draining(server_events, now);
  if (rule(Kind::refuse) != nullptr) return abort();
  if (rule(Kind::black_hole) != nullptr) {
    if ((client_events & hang_up) != 0) close();
    return;
  }
  if (!server_.is_open() && !connect()) return abort();
  if (connecting_) finish_connect(server_events);
  if (finished() || connecting_) return;

  const bool answers = rule(Kind::half_open) == nullptr;
  if ((client_events & (POLLIN | hang_up)) != 0 && up_.has_room()) read_client(now);
  if (finished()) return;
  if ((server_events & (POLLIN | hang_up)) != 0 && answers) read_server(now);
  if (!finished()) flush(up_, server_, now, shared_.stats.bytes_to_server);
  if (!finished() && answers) flush(down_, client_, now, shared_.stats.bytes_to_client);
  if (finished()) return;

  // A half-open connection shows no answer's end; that the client went away is enough.
  if (up_.end_sent && (down_.end_sent || !answers)) return close();
  if (state_ == State::swallowing && state_end_ != SteadyTime{} && state_end_ <= now && up_.held == 0)
    drain(now);
  else
    apply_answer_limits(now);
}

bool FaultConnection::connect() {
  server_ = Socket(::socket(shared_.target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!server_.is_open()) return false;
  const int on = 1;
  ::setsockopt(server_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const int result =
      ::connect(server_.get(), reinterpret_cast<const sockaddr*>(&shared_.target), shared_.target_size);
  connecting_ = result != 0;
  return result == 0 || errno == EINPROGRESS;
}

void FaultConnection::finish_connect(short events) {
  if ((events & (POLLOUT | POLLHUP | POLLERR)) == 0) return;
  int failure = 0;
  socklen_t size = sizeof(failure);
  ::getsockopt(server_.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
  connecting_ = false;
  if (failure != 0) abort();
}

void FaultConnection::read_client(SteadyTime now) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(client_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return would_block(errno) ? void() : abort();
  if (got == 0) {
    up_.ended = true;
    up_.last_due = std::max(up_.last_due, due(now));
    return;
  }
  if (std::exchange(server_spoke_, false)) {
    ++shared_.stats.exchanges;
    if (shared_.rules.begin_exchange()) state_ = State::swallowing;
  }
  up_.push({buffer.data(), static_cast<std::size_t>(got)}, due(now));
}

void FaultConnection::read_server(SteadyTime now) {
  if (state_ != State::swallowing && !down_.has_room()) return;
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(server_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return would_block(errno) ? void() : abort();
  if (state_ == State::swallowing) {
    state_end_ = got == 0 ? now : now + answer_pause;
  } else if (got == 0) {
    down_.ended = true;
    down_.last_due = std::max(down_.last_due, due(now));
  } else {
    server_spoke_ = true;
    down_.push({buffer.data(), static_cast<std::size_t>(got)}, due(now));
  }
}

// When bytes that arrive now may leave.
SteadyTime FaultConnection::due(SteadyTime now) {
  const FaultRule* latency = rule(Kind::latency);
  if (latency == nullptr) return now;
  const auto jitter = static_cast<std::int64_t>(latency->jitter);
  const std::int64_t wait =
      static_cast<std::int64_t>(latency->amount) + (jitter == 0 ? 0 : shared_.rng.between(-jitter, jitter));
  return now + std::chrono::milliseconds{std::max<std::int64_t>(0, wait)};
}

void FaultConnection::flush(Pipe& pipe, const Socket& to, SteadyTime now, std::uint64_t& counter) {
  const FaultRule* bandwidth = rule(Kind::bandwidth);
  if (bandwidth == nullptr) pipe.next_send = {};
  std::uint64_t left = maximum_held;  // until the answer's limit
  if (&pipe == &down_)
    for (const FaultRule* limit : {rule(Kind::reset), rule(Kind::truncate)})
      if (limit != nullptr)
        left = std::min(left, limit->amount - std::min(limit->amount, pipe.delivered - limit_base_));

  pipe.blocked = false;
  while (left > 0 && !pipe.chunks.empty() && pipe.chunks.front().due <= now && pipe.next_send <= now) {
    const std::string_view bytes = std::string_view(pipe.chunks.front().bytes).substr(pipe.sent_of_first);
    std::uint64_t size = std::min<std::uint64_t>(bytes.size(), left);
    if (bandwidth != nullptr) size = std::min(size, std::max<std::uint64_t>(1, bandwidth->amount / 50));
    const ssize_t sent = ::send(to.get(), bytes.data(), size, MSG_NOSIGNAL);
    if (sent < 0) {
      pipe.blocked = would_block(errno);
      return pipe.blocked ? void() : abort();
    }
    const auto count = static_cast<std::uint64_t>(sent);
    left -= count;
    counter += count;
    pipe.delivered += count;
    pipe.held -= count;
    pipe.sent_of_first += count;
    if (pipe.sent_of_first == pipe.chunks.front().bytes.size()) {
      pipe.chunks.pop_front();
      pipe.sent_of_first = 0;
    }
    if (bandwidth != nullptr) {  // what timers came late may be caught up with
      const double seconds = static_cast<double>(count) / static_cast<double>(bandwidth->amount);
      pipe.next_send = std::max(pipe.next_send, now - 50ms) +
                       std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
    }
  }
  if (pipe.ended && !pipe.end_sent && pipe.chunks.empty() && pipe.last_due <= now) {
    ::shutdown(to.get(), SHUT_WR);
    pipe.end_sent = true;
  }
}

// A limit of 0 strikes when the answer begins, not before the request was made.
bool FaultConnection::answer_limit_reached(const FaultRule* limit, SteadyTime now) const {
  if (limit == nullptr) return false;
  if (limit->amount == 0) return !down_.chunks.empty() && down_.chunks.front().due <= now;
  return down_.delivered - limit_base_ >= limit->amount;
}

void FaultConnection::apply_answer_limits(SteadyTime now) {
  if (answer_limit_reached(rule(Kind::reset), now)) {
    state_ = State::resetting;
    state_end_ = now + reset_patience;
    server_.close();
    step_resetting(now);
  } else if (answer_limit_reached(rule(Kind::truncate), now)) {
    state_ = State::truncated;
    state_end_ = now + end_patience;
    server_.close();
    ::shutdown(client_.get(), SHUT_WR);
  }
}

void FaultConnection::step_resetting(SteadyTime now) {
  int unsent = 0;
  if (now < state_end_ && ::ioctl(client_.get(), SIOCOUTQ, &unsent) == 0 && unsent > 0) return;
  abort();
}

// Ends the client's side; the server may finish what it is saying, so that it meets no error.
void FaultConnection::drain(SteadyTime now) {
  state_ = State::draining;
  state_end_ = now + end_patience;
  client_.close();
  ::shutdown(server_.get(), SHUT_WR);
}

void FaultConnection::step_draining(short server_events, SteadyTime now) {
  if (!is_open_after_discard(server_, server_events) || now >= state_end_) close();
}

// Reads on until the client closes: closing with unread bytes would send RST, not FIN.
void FaultConnection::step_truncated(short client_events, SteadyTime now) {
  if (!is_open_after_discard(client_, client_events) || now >= state_end_) close();
}

void FaultConnection::abort() {
  client_.close_with_reset();
  server_.close();
}

void FaultConnection::close() {
  client_.close();
  server_.close();
}

}  // namespace simulator
