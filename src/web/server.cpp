#include "web/server.hpp"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <stop_token>
#include <thread>

#include "base/check.hpp"
#include "web/connections.hpp"
#include "web/guard.hpp"

namespace web {
namespace {

constexpr unsigned idle_seconds = 10;
constexpr std::size_t connection_memory = 32 * 1024;  // head of the request, and of the answer
constexpr unsigned spare_places = 64;                 // for connections that were told to end
constexpr std::uint64_t maximum_dropped_body = 64 * 1024;

// What one request carries from callback to callback.
struct Exchange {
  std::string target;  // as sent
  bool begun = false;
  std::vector<std::string> hosts{};
  std::vector<std::string> authorizations{};
  std::uint64_t body = 0;  // bytes that were announced
};

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(),
                                                   [&](char a, char b) { return lower(a) == lower(b); });
}

MHD_Result take_header(void* self, MHD_ValueKind, const char* name, std::size_t name_size, const char* value,
                       std::size_t value_size) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::string_view key(name, name_size);
  const std::string_view text = value == nullptr ? std::string_view() : std::string_view(value, value_size);
  if (equal_ignoring_case(key, "host"))
    exchange.hosts.emplace_back(text);
  else if (equal_ignoring_case(key, "authorization"))
    exchange.authorizations.emplace_back(text);
  else if (equal_ignoring_case(key, "transfer-encoding"))
    exchange.body = UINT64_MAX;
  else if (equal_ignoring_case(key, "content-length") && exchange.body != UINT64_MAX) {
    std::uint64_t size = UINT64_MAX;
    std::from_chars(text.data(), text.data() + text.size(), size);
    exchange.body = size;
  }
  return MHD_YES;
}

void release_body(void* body) { delete static_cast<std::string*>(body); }

MHD_Result send(MHD_Connection* connection, Response answer) {
  auto body = std::make_unique<std::string>(std::move(answer.body));
  MHD_Response* response = MHD_create_response_from_buffer_with_free_callback_cls(body->size(), body->data(),
                                                                                  release_body, body.get());
  if (response == nullptr) return MHD_NO;
  body.release();
  const auto add = [response](const char* name, const std::string& value) {
    if (!value.empty()) MHD_add_response_header(response, name, value.c_str());
  };
  add("Content-Type", answer.content_type);
  add("Content-Security-Policy", answer.content_security_policy);
  add("Allow", answer.allow);
  add("WWW-Authenticate", answer.challenge);
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("Cache-Control", "no-store");  // every answer tells how things are now
  add("Connection", "close");        // an idle connection would hold a place
  const MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return result;
}

base::Error listen_fault(const Address& address, int error) {
  const std::string where = to_string(address);
  const char* reason = std::strerror(error);
  switch (error) {
    case EADDRINUSE:
      return base::error(base::Code::conflict,
                         "cannot listen on {}: another program uses this port; stop it (ss -ltnp shows which "
                         "it is), or set listen.address to a free port",
                         where);
    case EACCES:
      return base::error(base::Code::permission,
                         "cannot listen on {}: ports below 1024 are reserved for root; set listen.address to "
                         "a higher one",
                         where);
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return base::error(base::Code::invalid_config,
                         "cannot listen on {}: this machine does not have that address; set listen.address "
                         "to one that \"ip address\" shows, or to 127.0.0.1:{}",
                         where, address.port);
    default:
      return base::error(base::Code::unavailable,
                         "cannot listen on {}: {}; try again, or change listen.address", where, reason);
  }
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Address& address) {
  SocketAddress result;
  if (auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
      inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    result.size = sizeof v4;
    return result;
  }
  result.storage = {};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
  if (inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) != 1) return {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  result.size = sizeof v6;
  return result;
}

// Opened here and not by the library, which does not tell why it could not. Sets the port that was found.
base::Result<int> listen_on(Address& address) {
  SocketAddress name = socket_address(address);
  if (name.storage.ss_family == AF_UNSPEC)
    return base::error(base::Code::invalid_config,
                       "listen.address {}: not a numeric address; write one like 127.0.0.1:8787",
                       to_string(address));
  const int file = ::socket(name.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file < 0) return listen_fault(address, errno);
  const int on = 1;
  // A restart need not wait until the kernel has forgotten the old connections.
  ::setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (name.storage.ss_family == AF_INET6) ::setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(file, name.get(), name.size) != 0 || ::listen(file, SOMAXCONN) != 0 ||
      ::getsockname(file, name.get(), &name.size) != 0) {
    const int error = errno;
    ::close(file);
    return listen_fault(address, error);
  }
  address.port =
      ntohs(name.storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(name.storage).sin6_port
                                               : reinterpret_cast<sockaddr_in&>(name.storage).sin_port);
  return file;
}

}  // namespace

struct Server::Impl {
  Impl(Options the_options, Guard the_guard, base::Clock& the_clock)
      : options(std::move(the_options)),
        guard(std::move(the_guard)),
        clock(the_clock),
        connections(options.maximum_connections, options.connection_time) {}

  ~Impl() {
    watch.request_stop();
    if (watch.joinable()) watch.join();
    if (daemon != nullptr) MHD_stop_daemon(daemon);
  }

  base::Result<void> start() {
    const int file = TRY(listen_on(options.address));
    const unsigned threads = std::max(options.threads, 1U);
    // The library divides its places among its threads and stops accepting when they are taken; ours are
    // fewer, so that a new client always finds one, whichever thread it comes to.
    const unsigned places = threads * (static_cast<unsigned>(options.maximum_connections) + spare_places);
    std::vector<MHD_OptionItem> pool;
    if (threads > 1)
      pool.push_back({MHD_OPTION_THREAD_POOL_SIZE, static_cast<std::intptr_t>(threads), nullptr});
    pool.push_back({MHD_OPTION_END, 0, nullptr});
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, nullptr, nullptr, &Impl::on_request, this,
                              MHD_OPTION_LISTEN_SOCKET, file, MHD_OPTION_CONNECTION_LIMIT, places,
                              MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                              connection_memory, MHD_OPTION_URI_LOG_CALLBACK, &Impl::on_target, this,
                              MHD_OPTION_NOTIFY_COMPLETED, &Impl::on_end, this, MHD_OPTION_NOTIFY_CONNECTION,
                              &Impl::on_connection, this, MHD_OPTION_ARRAY, pool.data(), MHD_OPTION_END);
    // The socket is left as it is: the library may have closed it already.
    if (daemon == nullptr)
      return base::error(base::Code::unavailable,
                         "cannot start to serve {}: {}; are there too many open files or threads?",
                         to_string(options.address), std::strerror(errno));
    watch = std::jthread([this, next = clock.steady()](std::stop_token stop) mutable {
      while (clock.sleep_until(next += std::chrono::seconds{1}, stop)) connections.end_old(clock.steady());
    });
    return {};
  }

  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode code) {
    auto& impl = *static_cast<Impl*>(self);
    static_assert(sizeof(std::uintptr_t) >= sizeof(std::uint64_t));
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
      impl.connections.closed(reinterpret_cast<std::uintptr_t>(*context));
      return;
    }
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == nullptr) return;
    const std::uint64_t id = impl.connections.opened(info->connect_fd, impl.clock.steady());
    *context = reinterpret_cast<void*>(static_cast<std::uintptr_t>(id));
  }

  static void* on_target(void*, const char* target, MHD_Connection*) {
    return new Exchange{.target = target};
  }

  static void on_end(void*, MHD_Connection*, void** context, MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*context);
    *context = nullptr;
  }

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char*, const char* method,
                               const char* version, const char*, std::size_t* size, void** context) {
    auto& exchange = *static_cast<Exchange*>(*context);
    if (!exchange.begun) {
      exchange.begun = true;
      MHD_get_connection_values_n(connection, MHD_HEADER_KIND, &take_header, &exchange);
      // No body is wanted, but a short one is read and dropped: to close with unread bytes would reset the
      // connection, and the client might never see the answer.
      if (exchange.body <= maximum_dropped_body) return MHD_YES;
    } else if (*size > 0) {
      *size = 0;
      return MHD_YES;
    }
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return static_cast<Impl*>(self)->answer(connection, method, version,
                                            info == nullptr ? 0 : info->header_size, exchange);
  }

  MHD_Result answer(MHD_Connection* connection, std::string_view method, std::string_view version,
                    std::size_t head, const Exchange& exchange) {
    // Nothing may be thrown into a C library.
    try {
      std::string_view route = "other";
      Response response = respond(method, version, head, exchange, route);
      if (options.on_answer) {
        static constexpr std::string_view classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
        options.on_answer(route, classes[std::clamp(response.status / 100, 1, 5) - 1]);
      }
      return send(connection, std::move(response));
    } catch (...) {
      return MHD_NO;
    }
  }

  Response respond(std::string_view method, std::string_view version, std::size_t head,
                   const Exchange& exchange, std::string_view& route_name) const {
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return plain(505, "use HTTP/1.1");
    if (exchange.target.size() > maximum_target)
      return plain(414, fmt::format("the target is longer than {} bytes", maximum_target));
    if (head > maximum_head)
      return plain(431, fmt::format("the headers are longer than {} bytes", maximum_head));
    auto target = parse_target(exchange.target);
    if (!target) return plain(400, "the target is not a well-formed path");
    if (auto refusal = guard.check_host(exchange.hosts)) return std::move(*refusal);

    const auto found = routes.find(target->path);
    // Which paths exist is nobody's business without a token.
    if (found == routes.end() || !found->second.is_open)
      if (auto refusal = guard.check_token(exchange.authorizations)) return std::move(*refusal);
    if (found == routes.end()) return plain(404, "there is nothing at this path");
    route_name = found->first;

    if (method != "GET" && method != "HEAD") {
      Response response = plain(405, "only GET and HEAD");
      response.allow = "GET, HEAD";
      return response;
    }
    if (exchange.body > 0) return plain(413, "this path takes no body");
    try {
      return found->second.handler({.method = std::string(method),
                                    .path = std::move(target->path),
                                    .query = std::move(target->query)});
    } catch (...) {
      return plain(500, "this answer could not be made; the program goes on");
    }
  }

  Options options;
  const Guard guard;
  base::Clock& clock;
  Connections connections;
  std::map<std::string, Route, std::less<>> routes;  // unchanged once started
  MHD_Daemon* daemon = nullptr;
  std::jthread watch;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::start(Options options, std::vector<Route> routes,
                                                    base::Clock& clock) {
  CHECK(options.maximum_connections > 0 && options.maximum_connections <= 10'000,
        "no client could be served, or more than there are file descriptors");
  Guard guard = TRY(Guard::make(options.address, options.name, options.token, options.is_public));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(guard), clock);
  for (Route& route : routes) {
    std::string path = route.path;
    CHECK(impl->routes.emplace(std::move(path), std::move(route)).second, "two handlers for one path");
  }
  TRY(impl->start());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Address Server::address() const { return impl_->options.address; }
std::size_t Server::connections() const { return impl_->connections.count(); }

}  // namespace web
