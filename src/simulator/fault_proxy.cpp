#include "simulator/fault_proxy.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "simulator/fault_connection.hpp"

namespace simulator {
namespace {

using base::SteadyTime;
using namespace std::chrono_literals;

constexpr std::size_t maximum_line = 4096;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

base::Result<Socket> listen_on(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), 1024) != 0)
    return base::error(base::Code::unavailable, "cannot listen on 127.0.0.1:{}: {}", port,
                       std::strerror(errno));
  return socket;
}

std::uint16_t port_of(const Socket& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

base::Result<void> resolve(std::string_view target, ProxyShared& shared) {
  const std::size_t colon = target.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == target.size())
    return base::error(base::Code::invalid_config, "the target is not HOST:PORT: '{}'", target);
  std::string host(target.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port(target.substr(colon + 1));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failure != 0)
    return base::error(base::Code::invalid_config, "no such target '{}': {}", target,
                       ::gai_strerror(failure));
  std::memcpy(&shared.target, found->ai_addr, found->ai_addrlen);
  shared.target_size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return {};
}

struct ControlClient {
  Socket socket;
  std::string input{};
};

}  // namespace

struct FaultProxy::Impl {
  explicit Impl(std::uint64_t seed) : shared{.rules = {}, .rng = base::Rng(seed), .stats = {}} {}

  ~Impl() {
    thread.request_stop();
    wake_up();
  }

  base::Result<void> start(const FaultProxyOptions& options) {
    TRY(resolve(options.target, shared));
    listener = TRY(listen_on(options.listen));
    control_listener = TRY(listen_on(0));
    wake = Socket(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
    return {};
  }

  void wake_up() const {
    const std::uint64_t one = 1;
    if (wake.is_open() && ::write(wake.get(), &one, sizeof(one)) < 0) return;  // full: it wakes anyway
  }

  // The lock is held but for the wait itself.
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    std::vector<pollfd> files;
    while (!stop.stop_requested()) {
      const std::optional<base::Duration> timeout = prepare(files);
      lock.unlock();
      timespec limit{};
      if (timeout) {
        limit.tv_sec = std::chrono::floor<std::chrono::seconds>(*timeout).count();
        limit.tv_nsec = (*timeout % 1s).count();
      }
      ::ppoll(files.data(), files.size(), timeout ? &limit : nullptr, nullptr);
      lock.lock();
      handle(files);
    }
  }

  std::optional<base::Duration> prepare(std::vector<pollfd>& files) {
    const SteadyTime now = steady_now();
    std::optional<SteadyTime> next;
    const auto at_latest = [&](SteadyTime time) { next = next ? std::min(*next, time) : time; };
    files.clear();
    files.push_back({wake.get(), POLLIN, 0});
    files.push_back({now < accept_again ? -1 : listener.get(), POLLIN, 0});
    if (now < accept_again) at_latest(accept_again);
    files.push_back({control_listener.get(), POLLIN, 0});
    for (const ControlClient& client : control_clients) files.push_back({client.socket.get(), POLLIN, 0});
    for (const FaultConnection& connection : connections) {
      const FaultConnection::Interest wanted = connection.interest(now);
      // poll() reports errors unasked, for ever: a socket of which nothing is wanted must not take part.
      files.push_back({wanted.client == 0 ? -1 : connection.client(), wanted.client, 0});
      files.push_back({wanted.server == 0 ? -1 : connection.server(), wanted.server, 0});
      if (wanted.wake) at_latest(*wanted.wake);
    }
    if (!next) return std::nullopt;
    return std::max(base::Duration{0}, *next - now);
  }

  // The order of `files` is prepare()'s; what is accepted comes last, so that it does not shift the others.
  void handle(const std::vector<pollfd>& files) {
    std::uint64_t ignored = 0;
    if (files[0].revents != 0 && ::read(wake.get(), &ignored, sizeof(ignored)) < 0) ignored = 0;
    std::size_t at = 3;
    for (auto client = control_clients.begin(); client != control_clients.end(); ++at)
      client = files[at].revents == 0 || serve(*client) ? std::next(client) : control_clients.erase(client);
    const SteadyTime now = steady_now();
    for (FaultConnection& connection : connections) {
      connection.step(files[at].revents, files[at + 1].revents, now);
      at += 2;
    }
    connections.remove_if([](const FaultConnection& connection) { return connection.finished(); });
    if (files[1].revents != 0) accept_clients(now);
    if (files[2].revents != 0) {
      if (Socket client(::accept4(control_listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
          client.is_open())
        control_clients.push_back({std::move(client)});
    }
    shared.stats.open = connections.size();
  }

  void accept_clients(SteadyTime now) {
    for (;;) {
      Socket client(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!client.is_open()) {
        if (errno == EMFILE || errno == ENFILE) accept_again = now + 100ms;  // else poll() would spin
        return;
      }
      const int on = 1;
      ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      ++shared.stats.connections;
      connections.emplace_back(std::move(client), shared);
      connections.back().step(0, 0, now);
      if (connections.back().finished()) connections.pop_back();
    }
  }

  // False: the client is done with.
  bool serve(ControlClient& client) {
    char buffer[1024];
    const ssize_t got = ::recv(client.socket.get(), buffer, sizeof(buffer), 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    client.input.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t end; (end = client.input.find('\n')) != std::string::npos;
         client.input.erase(0, end + 1)) {
      const std::string answer = command(std::string_view(client.input).substr(0, end)) + "\n";
      if (::send(client.socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return false;
    }
    return client.input.size() <= maximum_line;
  }

  std::string command(std::string_view line) {
    if (line.starts_with("stats") && line.find_first_not_of(" \t\r", 5) == std::string_view::npos) {
      const FaultProxyStats& s = shared.stats;
      return fmt::format("connections={} open={} exchanges={} bytes_to_server={} bytes_to_client={}",
                         s.connections, s.open, s.exchanges, s.bytes_to_server, s.bytes_to_client);
    }
    const auto done = set(line);
    return done ? "ok" : "error " + done.error().message;
  }

  base::Result<void> set(std::string_view text) {
    const std::optional<FaultRule> rule = TRY(parse_rule(text));
    if (rule)
      shared.rules.set(*rule);
    else
      shared.rules.clear();
    for (FaultConnection& connection : connections) connection.rules_changed();
    return {};
  }

  std::optional<base::Error> failure;
  mutable std::mutex mutex;  // of all below
  ProxyShared shared;
  Socket listener;
  Socket control_listener;
  Socket wake;
  SteadyTime accept_again{};
  std::list<ControlClient> control_clients;
  std::list<FaultConnection> connections;
  std::jthread thread;
};

FaultProxy::FaultProxy(const FaultProxyOptions& options) : impl_(std::make_unique<Impl>(options.seed)) {
  auto started = impl_->start(options);
  if (!started) impl_->failure = std::move(started.error());
}
FaultProxy::~FaultProxy() = default;

const std::optional<base::Error>& FaultProxy::failure() const { return impl_->failure; }
std::uint16_t FaultProxy::port() const { return impl_->failure ? 0 : port_of(impl_->listener); }
std::uint16_t FaultProxy::control_port() const {
  return impl_->failure ? 0 : port_of(impl_->control_listener);
}

base::Result<void> FaultProxy::set(std::string_view rule) {
  {
    const std::lock_guard lock(impl_->mutex);
    TRY(impl_->set(rule));
  }
  impl_->wake_up();
  return {};
}

FaultProxyStats FaultProxy::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->shared.stats;
}

}  // namespace simulator
