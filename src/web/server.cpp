#include "web/server.hpp"

#include <algorithm>
#include <map>

#include "base/check.hpp"
#include "web/daemon.hpp"
#include "web/guard.hpp"

namespace web {

struct Server::Impl final : Answering {
  Impl(Options the_options, Guard the_guard) : options(std::move(the_options)), guard(std::move(the_guard)) {}

  std::size_t body_limit(const Incoming&) const override { return 0; }

  Response answer(const Incoming& incoming, std::string) override {
    std::string_view route = "other";
    Response response = respond(incoming, route);
    if (options.on_answer) {
      static constexpr std::string_view classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
      options.on_answer(route, classes[std::clamp(response.status / 100, 1, 5) - 1]);
    }
    return response;
  }

  Response respond(const Incoming& incoming, std::string_view& route_name) const {
    Target target;
    if (auto refusal = check_form(incoming, target)) return std::move(*refusal);
    if (auto refusal = guard.check_host(incoming.values("host"))) return std::move(*refusal);

    const auto found = routes.find(target.path);
    // Which paths exist is nobody's business without a token.
    if (found == routes.end() || !found->second.is_open)
      if (auto refusal = guard.check_token(incoming.values("authorization"))) return std::move(*refusal);
    if (found == routes.end()) return plain(404, "there is nothing at this path");
    route_name = found->first;

    if (incoming.method != "GET" && incoming.method != "HEAD") {
      Response response = plain(405, "only GET and HEAD");
      response.allow = "GET, HEAD";
      return response;
    }
    if (incoming.body > 0) return plain(413, "this path takes no body");
    try {
      return found->second.handler(
          {.method = incoming.method, .path = std::move(target.path), .query = std::move(target.query)});
    } catch (...) {
      return plain(500, "this answer could not be made; the program goes on");
    }
  }

  const Options options;
  const Guard guard;
  std::map<std::string, Route, std::less<>> routes;  // unchanged once started
  std::unique_ptr<Daemon> daemon;                    // the last, so that its threads end first
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::start(Options options, std::vector<Route> routes,
                                                    base::Clock& clock) {
  CHECK(options.maximum_connections > 0 && options.maximum_connections <= 10'000,
        "no client could be served, or more than there are file descriptors");
  Guard guard = TRY(Guard::make(options.address, options.name, options.token, options.is_public));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(guard));
  for (Route& route : routes) {
    std::string path = route.path;
    CHECK(impl->routes.emplace(std::move(path), std::move(route)).second, "two handlers for one path");
  }
  impl->daemon = TRY(Daemon::start({.address = impl->options.address,
                                    .key = "listen.address",
                                    .threads = impl->options.threads,
                                    .maximum_connections = impl->options.maximum_connections,
                                    .connection_time = impl->options.connection_time},
                                   *impl, clock));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Address Server::address() const { return impl_->daemon->address(); }
std::size_t Server::connections() const { return impl_->daemon->connections(); }

}  // namespace web
