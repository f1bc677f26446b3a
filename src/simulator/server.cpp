#include "simulator/server.hpp"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <queue>
#include <stop_token>
#include <thread>

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
  std::optional<Fault> fault{};
  bool delayed = false;
};

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
  Impl(World& the_world, const base::Clock& the_clock) : world(the_world), clock(the_clock) {}

  ~Impl() {
    timer.request_stop();
    if (timer.joinable()) timer.join();
    {
      // Suspended connections must be resumed before the daemon ends; they come back to answer(), which drops
      // them.
      const std::lock_guard lock(mutex);
      stopping = true;
      for (; !delayed.empty(); delayed.pop()) MHD_resume_connection(delayed.top().connection);
    }
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
    timer = std::jthread([this](std::stop_token stop) { resume_delayed(std::move(stop)); });
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
      exchange.too_large = exchange.too_large || exchange.body.size() + *size > maximum_body;
      if (!exchange.too_large) exchange.body.append(data, *size);
      *size = 0;
      return MHD_YES;
    }
    return static_cast<Impl*>(self)->answer(connection, url, method, exchange);
  }

  MHD_Result answer(MHD_Connection* connection, const std::string& url, const std::string& method,
                    Exchange& exchange) {
    if (exchange.too_large)
      return send(connection, json_error(413, fmt::format("more than {} bytes", maximum_body)));
    if (url.starts_with("/_sim/")) {
      ControlRequest request{.method = method, .path = url, .query = {}, .body = std::move(exchange.body)};
      MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_argument, &request.query);
      return send(connection, control.handle(request));
    }

    const std::size_t split = std::min(url.find('/', 1), url.size());
    const Api* api =
        route(std::string_view(url).substr(0, split).substr(1), std::string_view(url).substr(split));
    if (exchange.number == 0) {
      exchange.number = log(connection, method, exchange, api);
      if (api != nullptr) exchange.fault = faults.take(api->name);
    }
    if (exchange.fault && exchange.fault->kind == Fault::Kind::delay) {
      if (!exchange.delayed) return suspend(connection, exchange);
      if (is_stopping()) return MHD_NO;
    }
    ApiRequest request{.method = method,
                       .path = url.substr(split),
                       .query = {},
                       .headers = {},
                       .body = std::move(exchange.body)};
    request.time = clock.wall();
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_parameter, &request.query);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &request.headers);
    const Answer made = make(url, api, exchange, request);
    requests.finish(exchange.number, made.status);
    return send(connection, made);
  }

  Answer make(const std::string& url, const Api* api, const Exchange& exchange, const ApiRequest& request) {
    if (api == nullptr) return unknown_path(url);
    if (exchange.fault && exchange.fault->kind != Fault::Kind::delay) return faulty_answer(*exchange.fault);
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (api->method == "GET" ? !get : request.method != api->method)
      return json_error(405,
                        api->method == "GET" ? "only GET and HEAD" : fmt::format("only {}", api->method));
    return world.serve(*api, request);
  }

  std::uint64_t log(MHD_Connection* connection, const std::string& method, const Exchange& exchange,
                    const Api* api) {
    Request request{
        .time = clock.wall(), .method = method, .api = std::string(api == nullptr ? "" : api->name)};
    const std::size_t question = std::min(exchange.target.find('?'), exchange.target.size());
    const std::size_t split = std::min(exchange.target.find('/', 1), question);
    request.host =
        exchange.target.substr(std::min<std::size_t>(1, split), split - std::min<std::size_t>(1, split));
    request.path = exchange.target.substr(split, question - split);
    if (question < exchange.target.size()) request.query = exchange.target.substr(question + 1);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &request.headers);
    return requests.begin(std::move(request));
  }

  MHD_Result suspend(MHD_Connection* connection, Exchange& exchange) {
    const std::lock_guard lock(mutex);
    if (stopping) return MHD_NO;
    exchange.delayed = true;
    MHD_suspend_connection(connection);
    delayed.push({std::chrono::steady_clock::now() + exchange.fault->delay, connection});
    changed.notify_one();
    return MHD_YES;
  }

  void resume_delayed(std::stop_token stop) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (delayed.empty()) {
        changed.wait(lock, stop, [&] { return !delayed.empty(); });
      } else if (const auto due = delayed.top().due; due > std::chrono::steady_clock::now()) {
        changed.wait_until(lock, stop, due, [&] { return delayed.top().due < due; });
      } else {
        MHD_resume_connection(delayed.top().connection);
        delayed.pop();
      }
    }
  }

  bool is_stopping() {
    const std::lock_guard lock(mutex);
    return stopping;
  }

  struct Delayed {
    std::chrono::steady_clock::time_point due;
    MHD_Connection* connection;
    bool operator<(const Delayed& other) const { return due > other.due; }  // the earliest on top
  };

  World& world;
  const base::Clock& clock;
  FaultQueue faults;
  RequestLog requests;
  Control control{world, faults, requests};
  MHD_Daemon* daemon = nullptr;
  std::mutex mutex;  // of the three below
  std::condition_variable_any changed;
  std::priority_queue<Delayed> delayed;
  bool stopping = false;
  std::jthread timer;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::start(World& world, const base::Clock& clock,
                                                    std::uint16_t port) {
  auto impl = std::make_unique<Impl>(world, clock);
  TRY(impl->start(port));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
  const MHD_DaemonInfo* info = MHD_get_daemon_info(impl_->daemon, MHD_DAEMON_INFO_BIND_PORT);
  return info == nullptr ? 0 : info->port;
}

}  // namespace simulator
