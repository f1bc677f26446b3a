#include "web/facts.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace web {

std::string facts_page(const Facts& facts) {
  std::string html;
  for (const FactGroup& group : facts.groups) {
    html += fmt::format(
        "<table class=\"facts\" role=\"table\">\n<caption>{}</caption>\n<thead role=\"rowgroup\"><tr "
        "role=\"row\"><th "
        "role=\"columnheader\" scope=\"col\">What</th><th role=\"columnheader\" scope=\"col\">Now</th></tr>"
        "</thead>\n<tbody role=\"rowgroup\">\n",
        escape_html(group.title));
    for (const Fact& fact : group.facts)
      html += fmt::format(
          "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">{}</th><td role=\"cell\" data-label=\"Now\">"
          "<div>{}</div></td></tr>\n",
          escape_html(fact.name), outside(fact.value, maximum_text));
    html += "</tbody>\n</table>\n";
  }
  return framed(facts.frame, html);
}

std::string facts_json(const Facts& facts) {
  using Json = nlohmann::ordered_json;
  Json values = Json::object();
  for (const FactGroup& group : facts.groups)
    for (const Fact& fact : group.facts) values[fact.key] = fact.value;
  const Json document = {
      {"program", facts.frame.program},           {"version", facts.frame.version},
      {"now", base::to_iso8601(facts.frame.now)}, {"started_at", base::to_iso8601(facts.frame.started_at)},
      {"state", facts.frame.mood->css},           {"headline", facts.frame.headline},
      {"warnings", facts.frame.warnings},         {"facts", std::move(values)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<Route> fact_routes(FactSource& source, const base::Clock& clock) {
  const auto now = [&source, &clock] {
    Facts facts = source.facts();
    facts.frame.now = clock.wall();
    return facts;
  };
  std::vector<Route> routes = probe_routes(source);
  routes.push_back({.path = "/api/v1/status", .handler = [now](const Request&) {
                      return Response{.body = facts_json(now()), .content_type = "application/json"};
                    }});
  routes.push_back({.path = "/", .handler = [now](const Request&) { return page(facts_page(now())); }});
  return routes;
}

}  // namespace web
