#include "web/status_routes.hpp"

#include "web/page_frame.hpp"
#include "web/status_json.hpp"
#include "web/status_page.hpp"

namespace web {

std::vector<Route> status_routes(StatusSource& source, const base::Clock& clock) {
  std::vector<Route> routes = probe_routes(source);
  routes.push_back({.path = "/api/v1/status", .handler = [&source, &clock](const Request&) {
                      return Response{.body = status_json(source.status(), clock.wall()),
                                      .content_type = "application/json"};
                    }});
  routes.push_back({.path = "/", .handler = [&source, &clock](const Request&) {
                      return page(status_page(source.status(), clock.wall()));
                    }});
  return routes;
}

}  // namespace web
