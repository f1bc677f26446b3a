#include "web/probes.hpp"

#include "base/text.hpp"

namespace web {
namespace {

Response readiness(Probes& probes) {
  if (probes.ready()) return plain(200, "ready");
  return plain(503, "not ready: " + base::shorten(probes.why_not_ready(), 500));
}

}  // namespace

std::vector<Route> probe_routes(Probes& probes) {
  return {
      {.path = "/healthz", .handler = [](const Request&) { return plain(200, "ok"); }, .is_open = true},
      {.path = "/readyz", .handler = [&probes](const Request&) { return readiness(probes); }},
      {.path = "/metrics",
       .handler =
           [&probes](const Request&) {
             return Response{.body = probes.metrics(),
                             .content_type = "text/plain; version=0.0.4; charset=utf-8"};
           }},
  };
}

}  // namespace web
