#include "control/server.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <optional>
#include <thread>

#include "base/text.hpp"
#include "control/channel.hpp"
#include "control/socket_path.hpp"

namespace control {
namespace {

using base::Code;
using base::SteadyTime;
using namespace std::chrono_literals;

constexpr std::size_t read_at_once = 64 * 1024;
constexpr std::size_t maximum_cancel = 1024;  // of a line after the request
constexpr int accepted_at_once = 64;
constexpr auto pause_without_descriptors = 1s;
constexpr int poll_without_alarm = 1000;  // milliseconds, if there is no thread for one

struct Connection {
  Descriptor socket;
  std::shared_ptr<Channel> channel;
  SteadyTime request_until;
  std::string input{};
  bool has_request = false;
  bool at_end = false;                       // it sends no more
  bool is_done = false;                      // to be closed
  std::optional<SteadyTime> unread_since{};  // it has not taken what waits since then
};

}  // namespace

struct Server::Impl {
  Impl(ServerOptions options, Handler handler, base::Clock& clock, Listener listener,
       std::shared_ptr<Wake> wake)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        clock_(clock),
        listener_(std::move(listener)),
        wake_(std::move(wake)) {}

  ~Impl() {
    thread_.request_stop();
    wake_->ring();
    if (thread_.joinable()) thread_.join();
    close_listener();
  }

  void run(const std::stop_token& stop);
  void finish_all();
  void turn(std::optional<SteadyTime> until);
  int prepare_poll(std::optional<SteadyTime> until);
  void accept_some();
  void greet(Descriptor socket);
  void serve(Connection& connection, short events);
  void read(Connection& connection);
  void take_lines(Connection& connection);
  void take_request(Connection& connection, std::string_view line);
  void take_end(Connection& connection);
  void write(Connection& connection);
  void judge_time(Connection& connection);
  void refuse(Connection& connection, Code code, std::string message);
  void close_listener();

  const ServerOptions options_;
  const Handler handler_;
  base::Clock& clock_;
  Listener listener_;
  const std::shared_ptr<Wake> wake_;

  // Of the server's thread alone.
  std::list<Connection> connections_;
  std::vector<pollfd> polled_;
  std::optional<SteadyTime> accept_again_at_;
  std::optional<SteadyTime> alarm_at_;
  std::unique_ptr<base::Clock::Alarm> alarm_;

  std::atomic<bool> has_rung_{false};
  std::atomic<bool> closing_{false};
  std::atomic<std::size_t> count_{0};
  std::jthread thread_;
};

void Server::Impl::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    turn(std::nullopt);
    if (closing_) close_listener();
  }
  finish_all();
  alarm_.reset();
}

// The ends of requests are results: clients get a moment to read them.
void Server::Impl::finish_all() {
  close_listener();
  for (Connection& connection : connections_) {
    connection.channel->cancel();
    refuse(connection, Code::unavailable,
           "the daemon has ended before it answered; `pulse runs` shows what became of the run");
  }
  const SteadyTime until = clock_.steady() + options_.farewell_time;
  for (Connection& connection : connections_) write(connection);
  connections_.remove_if([](const Connection& it) { return it.is_done; });
  while (!connections_.empty() && clock_.steady() < until) turn(until);
  for (Connection& connection : connections_) connection.channel->leave();
  connections_.clear();
  count_ = 0;
}

// Waits until something happens, and deals with all of it.
void Server::Impl::turn(std::optional<SteadyTime> until) {
  const int milliseconds = prepare_poll(until);
  if (::poll(polled_.data(), polled_.size(), milliseconds) < 0)  // EINTR, or no memory: look at everything
    for (pollfd& it : polled_) it.revents = 0;
  wake_->drain();
  std::size_t at = 2;
  for (Connection& connection : connections_) {
    serve(connection, polled_[at++].revents);
    judge_time(connection);
  }
  connections_.remove_if([](const Connection& it) { return it.is_done; });
  if (accept_again_at_ && clock_.steady() >= *accept_again_at_) accept_again_at_.reset();
  if ((polled_[1].revents & POLLIN) != 0) accept_some();
  count_ = connections_.size();
}

// An alarm for the earliest deadline; one that comes too early does no harm, so it is seldom set anew.
int Server::Impl::prepare_poll(std::optional<SteadyTime> until) {
  std::optional<SteadyTime> next = until;
  const auto consider = [&](SteadyTime time) { next = next ? std::min(*next, time) : time; };
  if (accept_again_at_) consider(*accept_again_at_);
  polled_ = {{wake_->get(), POLLIN, 0},
             {accept_again_at_ ? -1 : listener_.socket.get(), POLLIN, 0}};  // poll() skips negative ones
  for (const Connection& connection : connections_) {
    if (!connection.has_request && !connection.at_end) consider(connection.request_until);
    if (connection.unread_since) consider(*connection.unread_since + options_.unread_time);
    const int in = connection.at_end ? 0 : POLLIN;
    const int out = connection.channel->has_output() ? POLLOUT : 0;
    polled_.push_back({connection.socket.get(), static_cast<short>(in | out), 0});
  }
  if (has_rung_.exchange(false)) alarm_at_.reset();
  if (!next || (alarm_at_ && *alarm_at_ <= *next)) return -1;
  try {
    alarm_.reset();
    alarm_at_ = next;
    alarm_ = clock_.alarm(*next, [this] {
      has_rung_ = true;
      wake_->ring();
    });
    return -1;
  } catch (const std::system_error&) {
    alarm_at_.reset();
    return poll_without_alarm;
  }
}

void Server::Impl::accept_some() {
  for (int i = 0; i < accepted_at_once; ++i) {
    Descriptor socket(::accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) {
      greet(std::move(socket));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      accept_again_at_ = clock_.steady() + pause_without_descriptors;
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void Server::Impl::greet(Descriptor socket) {
  Connection connection{.socket = std::move(socket),
                        .channel = std::make_shared<Channel>(wake_, options_.maximum_unread),
                        .request_until = clock_.steady() + options_.request_time};
  uid_t peer = 0;
  if (!peer_of(connection.socket.get(), peer) || !may_ask(peer, ::geteuid())) {
    refuse(connection, Code::permission,
           "the daemon serves its own user and root only; run this command as that user");
    write(connection);
    return;
  }
  if (connections_.size() >= options_.maximum_connections) {
    refuse(connection, Code::rate_limited,
           fmt::format("busy: {} commands are connected to the daemon, which is its maximum; try again later",
                       connections_.size()));
    write(connection);
    return;
  }
  connections_.push_back(std::move(connection));
}

void Server::Impl::serve(Connection& connection, short events) {
  if ((events & POLLIN) != 0) read(connection);
  // Both directions are closed: there is nobody to tell.
  if ((events & (POLLHUP | POLLERR)) != 0 && connection.at_end) connection.is_done = true;
  if (!connection.is_done) write(connection);
  if (connection.is_done) connection.channel->leave();
}

void Server::Impl::read(Connection& connection) {
  char bytes[read_at_once];
  const ssize_t got = ::recv(connection.socket.get(), bytes, sizeof(bytes), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (got < 0) {
    connection.is_done = true;
    return;
  }
  if (got == 0) return take_end(connection);
  if (connection.channel->is_finished()) return;  // whatever it says now
  const std::string_view text(bytes, static_cast<std::size_t>(got));
  connection.input += text;
  // Looked at only then, so that a line that comes byte by byte costs no more than another.
  const std::size_t maximum = connection.has_request ? maximum_cancel : maximum_line;
  if (text.find('\n') != std::string_view::npos || connection.input.size() > maximum) take_lines(connection);
}

void Server::Impl::take_lines(Connection& connection) {
  std::string_view rest = connection.input;
  while (!connection.channel->is_finished()) {
    const std::size_t length = rest.find('\n');
    const std::size_t maximum = connection.has_request ? maximum_cancel : maximum_line;
    if (std::min(length, rest.size()) > maximum) {
      refuse(connection, Code::invalid_data,
             fmt::format("a line of more than {} came; a request has at most {}", base::format_size(maximum),
                         base::format_size(maximum_line)));
    } else if (length == std::string_view::npos) {
      break;
    } else if (!connection.has_request) {
      take_request(connection, rest.substr(0, length));
    } else if (is_cancel(rest.substr(0, length))) {
      connection.channel->cancel();
    } else {
      refuse(connection, Code::invalid_data,
             "after its request a client may only send {\"cancel\": true}; the request was cancelled");
    }
    rest.remove_prefix(std::min(rest.size(), length == std::string_view::npos ? length : length + 1));
  }
  connection.input.erase(0, connection.input.size() - rest.size());
}

void Server::Impl::take_request(Connection& connection, std::string_view line) {
  connection.has_request = true;
  const auto request = parse_request(line, options_.version);
  if (!request) return refuse(connection, request.error().code, request.error().message);
  if (std::find(options_.commands.begin(), options_.commands.end(), request->command) ==
      options_.commands.end())
    return refuse(
        connection, Code::invalid_data,
        fmt::format("the daemon does not know the command \"{}\": the daemon is version {}, the "
                    "request came from version {}; start the daemon again after an upgrade",
                    base::shorten(base::escape_control(request->command), 60), options_.version,
                    request->program.empty() ? "unknown"
                                             : base::shorten(base::escape_control(request->program), 60)));
  const auto reply = std::make_shared<Reply>(connection.channel);
  try {
    handler_(*request, reply);
  } catch (const std::exception& fault) {
    refuse(connection, Code::internal, fmt::format("the daemon failed at this request: {}", fault.what()));
  }
}

// Hanging up cancels; only who stops in the middle of its request is told, in case it still reads.
void Server::Impl::take_end(Connection& connection) {
  connection.at_end = true;
  if (connection.has_request || connection.input.empty()) {
    connection.is_done = !connection.channel->is_finished();
    return;
  }
  refuse(connection, Code::invalid_data,
         "the request ends in the middle of its line; end it with a line break");
}

void Server::Impl::write(Connection& connection) {
  if (!connection.channel->has_output() && !connection.unread_since) return;
  const Channel::Flushed flushed = connection.channel->flush(connection.socket.get());
  connection.is_done = connection.is_done || flushed.is_broken || flushed.is_over;
  if (flushed.is_empty)
    connection.unread_since.reset();
  else if (flushed.has_moved || !connection.unread_since)
    connection.unread_since = clock_.steady();
}

void Server::Impl::judge_time(Connection& connection) {
  if (connection.is_done) return;
  const SteadyTime now = clock_.steady();
  if (connection.unread_since && now - *connection.unread_since >= options_.unread_time) {
    connection.is_done = true;
    connection.channel->leave();
  } else if (!connection.has_request && !connection.channel->is_finished() &&
             now >= connection.request_until) {
    refuse(connection, Code::timeout,
           fmt::format("the request did not come within {}", base::format_duration(options_.request_time)));
    write(connection);
  }
}

void Server::Impl::refuse(Connection& connection, Code code, std::string message) {
  connection.channel->cancel();
  connection.channel->finish(error_line({code, std::move(message)}));
  connection.has_request = true;
}

void Server::Impl::close_listener() {
  if (!listener_.socket) return;
  remove_file(options_.path, listener_);
  listener_.socket.reset();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler,
                                                    base::Clock& clock) {
  auto wake = TRY(Wake::create());
  Listener listener = TRY(listen_at(options.path, clock));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler), clock, std::move(listener),
                                     std::move(wake));
  Impl& self = *impl;
  try {
    self.thread_ = std::jthread([&self](const std::stop_token& stop) { self.run(stop); });
  } catch (const std::system_error& fault) {
    return base::error(Code::unavailable, "starting the thread of {}: {}", self.options_.path.string(),
                       fault.what());
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::stop_listening() {
  impl_->closing_ = true;
  impl_->wake_->ring();
}

std::size_t Server::connections() const { return impl_->count_; }

}  // namespace control
