#include "web/status_routes.hpp"

#include "base/text.hpp"
#include "web/status_json.hpp"
#include "web/status_page.hpp"

namespace web {
namespace {

Response readiness(StatusSource& source) {
  if (source.ready()) return plain(200, "ready");
  return plain(503, "not ready: " + base::shorten(source.why_not_ready(), 500));
}

}  // namespace

std::vector<Route> status_routes(StatusSource& source, const base::Clock& clock) {
  return {
      {.path = "/healthz", .handler = [](const Request&) { return plain(200, "ok"); }, .is_open = true},
      {.path = "/readyz", .handler = [&source](const Request&) { return readiness(source); }},
      {.path = "/metrics",
       .handler =
           [&source](const Request&) {
             return Response{.body = source.metrics(),
                             .content_type = "text/plain; version=0.0.4; charset=utf-8"};
           }},
      {.path = "/api/v1/status",
       .handler =
           [&source, &clock](const Request&) {
             return Response{.body = status_json(source.status(), clock.wall()),
                             .content_type = "application/json"};
           }},
      {.path = "/",
       .handler =
           [&source, &clock](const Request&) {
             return Response{.body = status_page(source.status(), clock.wall()),
                             .content_type = "text/html; charset=utf-8",
                             .content_security_policy = std::string(status_page_policy)};
           }},
  };
}

}  // namespace web
