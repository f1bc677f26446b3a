#include <array>

#include "base/text.hpp"
#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::string_view base_url = "https://ll.thespacedevs.com/2.2.0/";

struct Status {
  int id;
  const char* name;
  const char* abbrev;
};
constexpr std::array statuses{Status{1, "Go for Launch", "Go"}, Status{2, "To Be Determined", "TBD"},
                              Status{3, "Launch Successful", "Success"},
                              Status{4, "Launch Failure", "Failure"}, Status{8, "To Be Confirmed", "TBC"}};
constexpr std::array mission_types{"Communications", "Earth Science", "Resupply", "Government/Top Secret"};
constexpr std::array orbits{"Low Earth Orbit", "Sun-Synchronous Orbit", "Geostationary Transfer Orbit"};
constexpr std::array vehicles{"Falke", "Ariane-µ", "Electra", "長征", "Vega \"C\"", "Neutrino"};

std::string uuid(base::Rng& rng) {
  const std::string digits = hex(rng, 32);
  return fmt::format("{}-{}-4{}-a{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(13, 3),
                     digits.substr(17, 3), digits.substr(20));
}

Record made(ApiState& state, base::WallTime time) {
  base::Rng& rng = state.rng;
  const std::string id = unused(state, [&] { return uuid(rng); });
  const Status& status = pick(rng, statuses);
  const std::string vehicle = pick(rng, vehicles);
  const auto vehicle_id = static_cast<std::int64_t>(1 + rng.below(500));
  const std::string mission = company(rng);
  const bool has_mission = !one_in(rng, 8);
  const auto of_mission = [&](Value value) { return has_mission ? value : Value{nullptr}; };
  const Country& country = pick(rng, countries());
  const std::string name = vehicle + " | " + (has_mission ? mission : "Unknown Payload");
  return {
      {"id", id},
      {"slug", slug(name)},
      {"name", name},
      {"status_id", std::int64_t{status.id}},
      {"status_name", status.name},
      {"status_abbrev", status.abbrev},
      {"last_updated", iso_seconds(time)},
      {"net", iso_seconds(time + std::chrono::hours{24 * 30})},
      {"window_start", iso_seconds(time + std::chrono::hours{24 * 30})},
      {"window_end", iso_seconds(time + std::chrono::hours{24 * 30 + 2})},
      {"probability", one_in(rng, 2) ? Value{nullptr} : Value{rng.between(5, 19) * 5}},
      {"holdreason", one_in(rng, 3) ? Value{sentence(rng)} : Value{""}},
      {"webcast_live", one_in(rng, 9)},
      {"image", one_in(rng, 5) ? Value{nullptr} : Value{"https://images.example/" + hex(rng, 8) + ".jpg"}},
      {"provider_id", rng.between(1, 300)},
      {"provider_name", company(rng)},
      {"provider_type", one_in(rng, 6) ? Value{nullptr} : Value{"Commercial"}},
      {"rocket_id", vehicle_id},
      {"rocket_name", vehicle},
      {"rocket_full_name", fmt::format("{} Block {}", vehicle, vehicle_id % 6)},
      {"mission_id", of_mission(rng.between(1, 7000))},
      {"mission_name", of_mission(mission)},
      {"mission_description", of_mission(text(rng, 1 + rng.below(one_in(rng, 12) ? 40 : 4)))},
      {"mission_type", of_mission(pick(rng, mission_types))},
      {"mission_orbit", of_mission(pick(rng, orbits))},
      {"pad_name", fmt::format("Launch Complex {}", rng.below(90))},
      {"pad_latitude", decimal(rng, -60'000'000, 60'000'000, 6).text},
      {"pad_longitude", decimal(rng, -180'000'000, 180'000'000, 6).text},
      {"pad_location", std::string(country.name)},
      {"pad_country_code", std::string(country.iso3)}};
}

void generate(ApiState& state, std::size_t records) { fill(state, records, std::chrono::hours{40}, made); }
Record make(ApiState& state) { return made(state, state.released); }
void change(ApiState& state, Record& record) { revise(state, record, "holdreason"); }

std::string url(std::string_view kind, const std::string& id) {
  return json_string(fmt::format("{}{}/{}/", base_url, kind, id));
}

std::string mission_of(const Record& r) {
  if (text_of(r, "mission_id").empty()) return "null";
  return json_object({{"id", json(r, "mission_id")},
                      {"name", json(r, "mission_name")},
                      {"description", json(r, "mission_description")},
                      {"launch_designator", "null"},
                      {"type", json(r, "mission_type")},
                      {"orbit", json_object({{"id", "8"}, {"name", json(r, "mission_orbit")}})}});
}

std::string launch(const Record& r) {
  const auto as_is = [&](std::string_view field) { return JsonMember{field, json(r, field)}; };
  return json_object(
      {as_is("id"), JsonMember{"url", url("launch", text_of(r, "id"))}, as_is("slug"), as_is("name"),
       JsonMember{"status", json_object({{"id", json(r, "status_id")},
                                         {"name", json(r, "status_name")},
                                         {"abbrev", json(r, "status_abbrev")}})},
       as_is("last_updated"), as_is("net"), as_is("window_end"), as_is("window_start"), as_is("probability"),
       as_is("holdreason"), JsonMember{"failreason", "null"},
       JsonMember{"launch_service_provider", json_object({{"id", json(r, "provider_id")},
                                                          {"url", url("agencies", text_of(r, "provider_id"))},
                                                          {"name", json(r, "provider_name")},
                                                          {"type", json(r, "provider_type")}})},
       JsonMember{"rocket",
                  json_object({{"id", json(r, "rocket_id")},
                               {"configuration",
                                json_object({{"id", json(r, "rocket_id")},
                                             {"url", url("config/launcher", text_of(r, "rocket_id"))},
                                             {"name", json(r, "rocket_name")},
                                             {"full_name", json(r, "rocket_full_name")}})}})},
       JsonMember{"mission", mission_of(r)},
       JsonMember{"pad",
                  json_object({{"name", json(r, "pad_name")},
                               {"latitude", json(r, "pad_latitude")},
                               {"longitude", json(r, "pad_longitude")},
                               {"location", json_object({{"name", json(r, "pad_location")},
                                                         {"country_code", json(r, "pad_country_code")}})}})},
       as_is("webcast_live"), as_is("image"), JsonMember{"program", "[]"}});
}

// The same request at another offset; Django REST sorts the parameters.
std::string page_url(ApiRequest request, std::int64_t limit, std::int64_t offset) {
  request.query.erase("limit");
  request.query.erase("offset");
  request.query.emplace("limit", std::to_string(limit));
  if (offset > 0) request.query.emplace("offset", std::to_string(offset));
  std::string url = fmt::format("{}launch/", base_url);
  for (const auto& [name, value] : request.query)
    url.append(url.ends_with('/') ? "?" : "&").append(name).append("=").append(base::percent_encode(value));
  return json_string(url);
}

// What is no number counts as not given; a larger limit as 100.
Answer answer(const ApiState& state, const ApiRequest& request) {
  std::int64_t limit = number(request, "limit", 10).value_or(10);
  if (limit < 1) limit = 10;
  limit = std::min<std::int64_t>(limit, 100);
  const std::int64_t offset = std::max<std::int64_t>(0, number(request, "offset", 0).value_or(0));
  const auto total = static_cast<std::int64_t>(state.records.size());
  std::vector<std::string> results;
  for (const Record& record : slice(state.records, offset, limit)) results.push_back(launch(record));
  return answer_json(json_object(
      {{"count", std::to_string(total)},
       {"next", offset < total - limit ? page_url(request, limit, offset + limit) : "null"},
       {"previous",
        offset > 0 ? page_url(request, limit, std::max<std::int64_t>(0, offset - limit)) : "null"},
       {"results", json_array(results)}}));
}

}  // namespace

Api spacedevs_api() {
  return {.name = "spacedevs",
          .host = "ll.thespacedevs.com",
          .path = "/2.2.0/launch/",
          .key = "id",
          .records = 320,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
