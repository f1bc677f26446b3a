// A small HTTP server for pages, JSON and metrics: GET and HEAD of the paths that are registered. It stays
// responsive whatever its clients do: connections, their life time, heads and targets are bounded, and a slow
// client loses its place to a new one. TLS is left to a reverse proxy.
//
// Handlers run on the server's threads, several at once: they must be quick and thread-safe. What they throw
// becomes a 500. The destructor ends all connections and waits for handlers under way.
//
//   auto server = TRY(Server::start({.address = address}, std::move(routes), clock));
//   log.info("listening", {{"address", to_string(server->address())}});
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "web/address.hpp"
#include "web/message.hpp"

namespace web {

struct Route {
  std::string path;  // the whole of it: "/api/v1/status"
  std::function<Response(const Request&)> handler;
  bool is_open = false;  // answered without a token, too: it tells nothing
};

struct Options {
  Address address{};
  std::string name{};      // under which a proxy on this machine passes requests on; besides localhost
  base::Secret token{};    // what clients beyond this machine must send
  bool is_public = false;  // they need none
  unsigned threads = 2;    // at least 1
  std::size_t maximum_connections = 256;
  std::chrono::seconds connection_time{20};  // for request and answer together

  // Called once for each request with the route's path, or "other", and "2xx" … "5xx": few values, fit for
  // labels. On any of the server's threads. Requests that are no HTTP do not count.
  std::function<void(std::string_view route, std::string_view code_class)> on_answer{};
};

class Server {
 public:
  static constexpr std::size_t maximum_target = web::maximum_target;
  static constexpr std::size_t maximum_head = web::maximum_head;

  // invalid_config: this address is not safe, or not ours. conflict: the port is taken. permission: the port
  // is reserved for root. The clock must outlive the server.
  static base::Result<std::unique_ptr<Server>> start(Options options, std::vector<Route> routes,
                                                     base::Clock& clock);
  ~Server();

  Address address() const;          // with the port that was found
  std::size_t connections() const;  // open now

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace web
