#include "web/daemon.hpp"

#include <microhttpd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stop_token>
#include <thread>

#include "web/connections.hpp"
#include "web/listening.hpp"

namespace web {
namespace {

constexpr unsigned idle_seconds = 10;
constexpr std::size_t connection_memory = 32 * 1024;  // head of the request, and of the answer
constexpr unsigned spare_places = 64;                 // for connections that were told to end
constexpr std::uint64_t maximum_dropped_body = 64 * 1024;

// What one request carries from callback to callback.
struct Exchange {
  Incoming incoming{};
  bool begun = false;
  std::size_t limit = 0;  // of the body
  std::string body{};
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

MHD_Result take_header(void* self, MHD_ValueKind, const char* name, std::size_t name_size, const char* value,
                       std::size_t value_size) {
  auto& incoming = *static_cast<Incoming*>(self);
  std::string key = lower({name, name_size});
  const std::string_view text = value == nullptr ? std::string_view() : std::string_view(value, value_size);
  if (key == "transfer-encoding") {
    incoming.body = Incoming::unknown_length;
  } else if (key == "content-length" && incoming.body != Incoming::unknown_length) {
    std::uint64_t size = Incoming::unknown_length;
    std::from_chars(text.data(), text.data() + text.size(), size);
    incoming.body = size;
  }
  incoming.headers.emplace_back(std::move(key), text);
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
  add("Retry-After", answer.retry_after);
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("Cache-Control", "no-store");  // every answer tells how things are now
  add("Connection", "close");        // an idle connection would hold a place
  const MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return result;
}

}  // namespace

std::vector<std::string> Incoming::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : headers)
    if (key == name) found.push_back(value);
  return found;
}

std::optional<Response> Answering::check_form(const Incoming& incoming, Target& target) {
  if (incoming.version != "HTTP/1.1" && incoming.version != "HTTP/1.0") return plain(505, "use HTTP/1.1");
  if (incoming.target.size() > maximum_target)
    return plain(414, fmt::format("the target is longer than {} bytes", maximum_target));
  if (incoming.size > maximum_head)
    return plain(431, fmt::format("the headers are longer than {} bytes", maximum_head));
  auto parsed = parse_target(incoming.target);
  if (!parsed) return plain(400, "the target is not a well-formed path");
  target = *std::move(parsed);
  return std::nullopt;
}

struct Daemon::Impl {
  Impl(DaemonOptions the_options, Answering& the_answering, base::Clock& the_clock)
      : options(std::move(the_options)),
        answering(the_answering),
        clock(the_clock),
        connections(options.maximum_connections, options.connection_time) {}

  ~Impl() {
    watch.request_stop();
    if (watch.joinable()) watch.join();
    if (daemon != nullptr) MHD_stop_daemon(daemon);
  }

  base::Result<void> start() {
    const int file = TRY(listen_on(options.address, options.key));
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
    return new Exchange{.incoming = {.target = target}};
  }

  static void on_end(void*, MHD_Connection*, void** context, MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*context);
    *context = nullptr;
  }

  // Nothing may be thrown into a C library.
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char*, const char* method,
                               const char* version, const char* data, std::size_t* size, void** context) {
    auto& impl = *static_cast<Impl*>(self);
    auto& exchange = *static_cast<Exchange*>(*context);
    try {
      if (!exchange.begun) {
        impl.begin(connection, method, version, exchange);
        // A short body that nobody wants is read and dropped: to close with unread bytes would reset the
        // connection, and the client might never see the answer.
        if (exchange.incoming.body <= std::max<std::uint64_t>(exchange.limit, maximum_dropped_body))
          return MHD_YES;
      } else if (*size > 0) {
        if (exchange.body.size() + *size <= exchange.limit) exchange.body.append(data, *size);
        *size = 0;
        return MHD_YES;
      }
      return send(connection, impl.answer(exchange));
    } catch (...) {
      return MHD_NO;
    }
  }

  void begin(MHD_Connection* connection, const char* method, const char* version, Exchange& exchange) const {
    Incoming& incoming = exchange.incoming;
    exchange.begun = true;
    incoming.method = method;
    incoming.version = version;
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    incoming.size = info == nullptr ? 0 : info->header_size;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, &take_header, &incoming);
    const std::size_t limit = answering.body_limit(incoming);
    if (incoming.body <= limit) exchange.limit = limit;
  }

  Response answer(Exchange& exchange) const {
    try {
      return answering.answer(exchange.incoming, std::move(exchange.body));
    } catch (...) {
      return plain(500, "this answer could not be made; the program goes on");
    }
  }

  DaemonOptions options;
  Answering& answering;
  base::Clock& clock;
  Connections connections;
  MHD_Daemon* daemon = nullptr;
  std::jthread watch;
};

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Daemon::~Daemon() = default;

base::Result<std::unique_ptr<Daemon>> Daemon::start(DaemonOptions options, Answering& answering,
                                                    base::Clock& clock) {
  auto impl = std::make_unique<Impl>(std::move(options), answering, clock);
  TRY(impl->start());
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

Address Daemon::address() const { return impl_->options.address; }
std::size_t Daemon::connections() const { return impl_->connections.count(); }

}  // namespace web
