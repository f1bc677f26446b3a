#include "simulator/server.hpp"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "simulator/bot_control.hpp"
#include "simulator/bot_postman.hpp"
#include "simulator/holds.hpp"
#include "simulator/suspended.hpp"

namespace simulator {
namespace {

constexpr char html_page[] =
    "<!DOCTYPE html>\n<html><head><title>Please wait</title></head>"
    "<body><h1>We will be right back</h1><p>Checking your browser…</p></body></html>\n";

// What one request carries from callback to callback.
struct Exchange {
  std::string target;  // as sent: path and query
  bool begun = false;
  std::string body{};
  bool too_large = false;
  std::uint64_t number = 0;  // in the request log; 0: not logged yet
  bool held = false;         // it has waited for a hold's end
  bool faulted = false;      // `fault` is decided
  std::optional<Fault> fault{};
  bool delayed = false;
  std::uint64_t ticket = 0;   // not 0: the Bot API's answer is not ready
  base::WallTime deadline{};  // of the ticket

  std::size_t limit(std::string_view url) const {
    return url == "/_sim/telegram/updates" ? Server::maximum_updates_body : Server::maximum_body;
  }
};

// Whom a request is for.
struct Route {
  const Api* api = nullptr;
  std::string_view name{};    // of an API, of the Bot API; empty: nobody's
  std::string path{};         // below the host
  std::string_view method{};  // of the Bot API

  explicit Route(const std::string& url) {
    const std::size_t split = std::min(url.find('/', 1), url.size());
    const std::string_view host = std::string_view(url).substr(0, split).substr(1);
    path = url.substr(split);
    if (host == BotApi::host) {
      name = BotApi::name;
      method = bot_method(path);
    } else if ((api = route(host, path)) != nullptr) {
      name = api->name;
    }
  }
  bool is_bot() const { return name == BotApi::name; }
};

std::string poll_group(std::uint64_t ticket) { return fmt::format("poll:{}", ticket); }

MHD_Result add_header(void* cls, MHD_ValueKind, const char* name, const char* value) {
  auto& headers = *static_cast<std::map<std::string, std::string>*>(cls);
  std::string lower = name;
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  std::string& all = headers[lower];
  all.append(all.empty() ? "" : ", ").append(value == nullptr ? "" : value);
  return MHD_YES;
}

MHD_Result add_argument(void* cls, MHD_ValueKind, const char* name, const char* value) {
  (*static_cast<std::map<std::string, std::string>*>(cls))[name] = value == nullptr ? "" : value;
  return MHD_YES;
}

MHD_Result add_parameter(void* cls, MHD_ValueKind, const char* name, const char* value) {
  static_cast<std::multimap<std::string, std::string>*>(cls)->emplace(name, value == nullptr ? "" : value);
  return MHD_YES;
}

void release_body(void* body) { delete static_cast<std::shared_ptr<const std::string>*>(body); }

MHD_Result send(MHD_Connection* connection, const Answer& answer) {
  static const auto empty = std::make_shared<const std::string>();
  auto body = std::make_unique<std::shared_ptr<const std::string>>(answer.body ? answer.body : empty);
  MHD_Response* response = MHD_create_response_from_buffer_with_free_callback_cls(
      (*body)->size(), const_cast<char*>((*body)->data()), release_body, body.get());
  if (response == nullptr) return MHD_NO;
  body.release();
  MHD_add_response_header(response, "Content-Type", answer.content_type.c_str());
  for (const auto& [name, value] : answer.headers)
    MHD_add_response_header(response, name.c_str(), value.c_str());
  const MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return result;
}

Answer faulty_answer(const Fault& fault) {
  Answer answer{.status = fault.status, .content_type = fault.content_type, .headers = fault.headers};
  std::string body = fault.body;
  if (fault.kind == Fault::Kind::html) {
    answer.content_type = "text/html; charset=utf-8";
    body = html_page;
  } else if (fault.kind == Fault::Kind::status && body.empty()) {
    body = fmt::format("{{\"error\": \"simulated\", \"status\": {}}}\n", fault.status);
  }
  answer.body = std::make_shared<const std::string>(std::move(body));
  return answer;
}

}  // namespace

struct Server::Impl {
  Impl(World& the_world, const base::Clock& the_clock, BotOptions options)
      : world(the_world),
        clock(the_clock),
        bot(std::move(options), [this](std::uint64_t ticket) { suspended.resume(poll_group(ticket)); }) {}

  ~Impl() {
    // Suspended connections must be resumed before the daemon ends; they come back to answer(), which drops
    // them.
    postman.reset();
    suspended.stop();
    if (daemon != nullptr) MHD_stop_daemon(daemon);
  }

  base::Result<void> start(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, port, nullptr, nullptr, &Impl::on_request,
        this, MHD_OPTION_SOCK_ADDR, reinterpret_cast<sockaddr*>(&address), MHD_OPTION_CONNECTION_LIMIT, 4000U,
        MHD_OPTION_CONNECTION_TIMEOUT, 120U, MHD_OPTION_URI_LOG_CALLBACK, &Impl::on_target, this,
        MHD_OPTION_NOTIFY_COMPLETED, &Impl::on_end, this, MHD_OPTION_END);
    if (daemon == nullptr)
      return base::error(base::Code::unavailable, "cannot listen on 127.0.0.1:{}: {}", port,
                         std::strerror(errno));
    postman.emplace(bot, clock);
    return {};
  }

  static void* on_target(void*, const char* target, MHD_Connection*) {
    return new Exchange{.target = target};
  }

  static void on_end(void*, MHD_Connection*, void** context, MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*context);
    *context = nullptr;
  }

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char*, const char* data, std::size_t* size, void** context) {
    auto& exchange = *static_cast<Exchange*>(*context);
    if (!exchange.begun) {
      exchange.begun = true;
      return MHD_YES;
    }
    if (*size > 0) {
      exchange.too_large = exchange.too_large || exchange.body.size() + *size > exchange.limit(url);
      if (!exchange.too_large) exchange.body.append(data, *size);
      *size = 0;
      return MHD_YES;
    }
    return static_cast<Impl*>(self)->answer(connection, url, method, exchange);
  }

  MHD_Result answer(MHD_Connection* connection, const std::string& url, const std::string& method,
                    Exchange& exchange) {
    if (exchange.too_large)
      return send(connection, json_error(413, fmt::format("more than {} bytes", exchange.limit(url))));
    if (url.starts_with("/_sim/")) return control_answer(connection, url, method, exchange);
    if (exchange.number != 0 && suspended.stopping()) return MHD_NO;

    const Route route(url);
    if (exchange.number == 0) exchange.number = log(connection, method, exchange, route);
    if (!exchange.held && !route.name.empty() && holds.held(route.name)) {
      exchange.held = true;
      return suspended.add(connection, Holds::group(route.name), {}) ? MHD_YES : MHD_NO;
    }
    if (!exchange.faulted && !route.name.empty()) exchange.fault = faults.take(route.name, route.method);
    exchange.faulted = true;
    if (has_fault(exchange, Fault::Kind::delay) && !exchange.delayed) {
      exchange.delayed = true;
      const auto due = std::chrono::steady_clock::now() + exchange.fault->delay;
      return suspended.add(connection, "", due) ? MHD_YES : MHD_NO;
    }
    if (exchange.ticket != 0 && is_gone(connection)) {
      bot.drop(exchange.ticket);
      return MHD_NO;
    }
    const auto made = make(connection, url, method, route, exchange);
    if (!made) return wait_for_bot(connection, exchange);
    if (has_fault(exchange, Fault::Kind::lost_answer)) return MHD_NO;  // it closes the connection
    requests.finish(exchange.number, made->status);
    return send(connection, *made);
  }

  // Nobody looks at a suspended connection: who has left is noticed only now.
  static bool is_gone(MHD_Connection* connection) {
    const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte = 0;
    return info != nullptr && ::recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }

  static bool has_fault(const Exchange& exchange, Fault::Kind kind) {
    return exchange.fault && exchange.fault->kind == kind;
  }

  MHD_Result control_answer(MHD_Connection* connection, const std::string& url, const std::string& method,
                            Exchange& exchange) {
    ControlRequest request{.method = method, .path = url, .query = {}, .body = std::move(exchange.body)};
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_argument, &request.query);
    if (url.starts_with(BotControl::prefix))
      return send(connection, bot_control.handle(request, clock.wall()));
    return send(connection, url == "/_sim/hold" ? holds.handle(request) : control.handle(request));
  }

  // Nothing: the Bot API has no answer yet.
  std::optional<Answer> make(MHD_Connection* connection, const std::string& url, const std::string& method,
                             const Route& route, Exchange& exchange) {
    if (route.name.empty()) return unknown_path(url);
    if (exchange.ticket != 0) return bot_answer(bot.resume(exchange.ticket, clock.wall()), exchange);
    if (exchange.fault && exchange.fault->kind != Fault::Kind::delay &&
        exchange.fault->kind != Fault::Kind::lost_answer)
      return faulty_answer(*exchange.fault);
    ApiRequest request{
        .method = method, .path = route.path, .query = {}, .headers = {}, .body = std::move(exchange.body)};
    request.time = clock.wall();
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_parameter, &request.query);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &request.headers);
    if (route.is_bot()) return bot_answer(bot.call(request), exchange);
    const bool get = method == "GET" || method == "HEAD";
    if (route.api->method == "GET" ? !get : method != route.api->method)
      return json_error(
          405, route.api->method == "GET" ? "only GET and HEAD" : fmt::format("only {}", route.api->method));
    return world.serve(*route.api, request);
  }

  static std::optional<Answer> bot_answer(BotApi::Reply reply, Exchange& exchange) {
    exchange.ticket = reply.ticket;
    exchange.deadline = reply.deadline;
    if (reply.ticket != 0) return std::nullopt;
    return std::move(reply.answer);
  }

  MHD_Result wait_for_bot(MHD_Connection* connection, const Exchange& exchange) {
    const std::string group = poll_group(exchange.ticket);
    const auto due = std::chrono::steady_clock::now() + (exchange.deadline - clock.wall());
    if (!suspended.add(connection, group, due)) return MHD_NO;
    // It may have been woken before it began to wait.
    if (bot.is_woken(exchange.ticket)) suspended.resume(group);
    return MHD_YES;
  }

  std::uint64_t log(MHD_Connection* connection, const std::string& method, const Exchange& exchange,
                    const Route& route) {
    Request request{.time = clock.wall(), .method = method, .api = std::string(route.name)};
    const std::size_t question = std::min(exchange.target.find('?'), exchange.target.size());
    const std::size_t split = std::min(exchange.target.find('/', 1), question);
    request.host =
        exchange.target.substr(std::min<std::size_t>(1, split), split - std::min<std::size_t>(1, split));
    request.path = exchange.target.substr(split, question - split);
    if (route.is_bot()) request.path = masked_bot_path(request.path);
    if (question < exchange.target.size()) request.query = exchange.target.substr(question + 1);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &request.headers);
    return requests.begin(std::move(request));
  }

  World& world;
  const base::Clock& clock;
  FaultQueue faults;
  RequestLog requests;
  Control control{world, faults, requests};
  Suspended suspended;
  Holds holds{suspended};
  BotApi bot;
  BotControl bot_control{bot};
  std::optional<BotPostman> postman;
  MHD_Daemon* daemon = nullptr;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::start(World& world, const base::Clock& clock,
                                                    std::uint16_t port, BotOptions bot) {
  bot.seed = world.seed();
  auto impl = std::make_unique<Impl>(world, clock, std::move(bot));
  TRY(impl->start(port));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
  const MHD_DaemonInfo* info = MHD_get_daemon_info(impl_->daemon, MHD_DAEMON_INFO_BIND_PORT);
  return info == nullptr ? 0 : info->port;
}

}  // namespace simulator
