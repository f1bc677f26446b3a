#include "simulator/football.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "simulator/apis.hpp"
#include "simulator/football_endpoints.hpp"

namespace simulator {
namespace football {
namespace {

using std::chrono::days;

constexpr std::size_t maximum_cache = 32 << 20;  // bytes of bodies

std::string faults_json(const Faults& faults) {
  if (faults.empty()) return "[]";
  std::vector<JsonMember> members;
  for (const auto& [name, text] : faults) members.emplace_back(name, json_string(text));
  return json_object(members);
}

std::string parameters_json(const ApiRequest& request) {
  std::map<std::string, std::string> first;  // of each name
  for (const auto& [name, value] : request.query)
    first.emplace(printable(name), json_string(printable(value)));
  const std::vector<JsonMember> members(first.begin(), first.end());
  return members.empty() ? "[]" : json_object(members);
}

std::string envelope(std::string_view get, const ApiRequest& request, const Reply& reply) {
  const bool right = reply.faults.empty();
  return json_object({{"get", json_string(printable(get))},
                      {"parameters", parameters_json(request)},
                      {"errors", faults_json(reply.faults)},
                      {"results", std::to_string(right ? reply.rows.size() : 0)},
                      {"paging", json_object({{"current", std::to_string(reply.page)},
                                              {"total", std::to_string(reply.pages)}})},
                      {"response", !right         ? "[]"
                                   : reply.object ? reply.rows.at(0)
                                                  : json_array(reply.rows)}});
}

std::string canonical(std::string_view get, const Query& query) {
  std::string text(get);
  for (const auto& [name, value] : query.values()) text.append("\n").append(name).append("=").append(value);
  return text;
}

class FootballService final : public Service {
 public:
  FootballService(std::uint64_t seed, FootballOptions options) : seed_(seed), options_(std::move(options)) {}

  Answer answer(const ApiRequest& request) override {
    const Time now = floor<std::chrono::minutes>(request.time);
    if (!data_) data_ = generate(seed_, now);
    begin(now);
    Answer answer = made(request, now);
    const auto add = [&](const char* name, std::int64_t value) {
      answer.headers.emplace_back(name, std::to_string(std::max<std::int64_t>(0, value)));
    };
    add("x-ratelimit-requests-limit", options_.quota);
    add("x-ratelimit-requests-remaining", options_.quota - of_day_);
    add("X-RateLimit-Limit", options_.per_minute);
    add("X-RateLimit-Remaining", options_.per_minute - of_minute_);
    return answer;
  }

 private:
  // A new day or minute has a count of its own, and other bodies.
  void begin(Time now) {
    if (floor<days>(now) != floor<days>(now_)) of_day_ = 0;
    if (now != now_) {
      of_minute_ = 0;
      bodies_.clear();
      cached_ = 0;
    }
    now_ = now;
  }

  Answer made(const ApiRequest& request, Time now) {
    std::string get = request.path.substr(std::min<std::size_t>(1, request.path.size()));
    if (get.ends_with('/')) get.pop_back();
    const auto refused = [&](Faults faults, int status = 200) {
      return answer_text(envelope(get, request, refuse(std::move(faults))), "application/json", status);
    };
    const std::string native = header(request, "x-apisports-key");
    const std::string key = native.empty() ? header(request, "x-rapidapi-key") : native;
    if (key != options_.key)
      return refused({{"token",
                       "Error/Missing application key. Go to https://www.api-football.com/documentation-v3 "
                       "to learn how to get your API application key."}},
                     key.empty() ? 403 : 200);
    if (get == "status") return status(request, now);
    if (of_day_ >= options_.quota)
      return refused({{"requests",
                       "You have reached the request limit for the day, Go to "
                       "https://dashboard.api-football.com to upgrade your plan."}});
    if (of_minute_ >= options_.per_minute)
      return refused(
          {{"rateLimit", fmt::format("Too many requests. Your rate limit is {} requests per minute.",
                                     options_.per_minute)}});
    ++of_day_;
    ++of_minute_;
    const Endpoint* endpoint = find_endpoint(get);
    if (endpoint == nullptr) return refused({{"endpoint", "This endpoint do not exist."}});
    const Query query(request, endpoint->rules);
    if (!query.faults().empty()) return refused(query.faults());
    if (Faults faults = plan_faults(query, now); !faults.empty()) return refused(std::move(faults));
    return {.body = body(*endpoint, request, query, now)};
  }

  std::shared_ptr<const std::string> body(const Endpoint& endpoint, const ApiRequest& request,
                                          const Query& query, Time now) {
    std::string name = canonical(endpoint.name, query);
    if (const auto found = bodies_.find(name); found != bodies_.end()) return found->second;
    Context context{*data_, now};
    if (query.has("timezone")) context.zone = *find_zone(query.text("timezone"));
    auto text = std::make_shared<const std::string>(
        envelope(endpoint.name, request, endpoint.answer(context, query)));
    if (cached_ + text->size() > maximum_cache) {
      bodies_.clear();
      cached_ = 0;
    }
    cached_ += text->size();
    bodies_.emplace(std::move(name), text);
    return text;
  }

  Answer status(const ApiRequest& request, Time now) const {
    const std::string row = json_object(
        {{"account", R"({"firstname":"Simulated","lastname":"Account","email":"owner@football.example"})"},
         {"subscription", json_object({{"plan", options_.free_plan ? "\"Free\"" : "\"Pro\""},
                                       {"end", json_string(Zone{}.text(floor<days>(now) + days{30}))},
                                       {"active", "true"}})},
         {"requests", json_object({{"current", std::to_string(of_day_)},
                                   {"limit_day", std::to_string(options_.quota)}})}});
    return {.body = std::make_shared<const std::string>(
                envelope("status", request, {.rows = {row}, .object = true}))};
  }

  // What the free plan does not give.
  Faults plan_faults(const Query& query, Time now) const {
    if (!options_.free_plan) return {};
    const int year = static_cast<int>(std::chrono::year_month_day{floor<days>(now)}.year());
    const int season = query.number("season");
    const auto refused = [](const std::string& what) {
      return Faults{{"plan", "Free plans do not have access to " + what}};
    };
    if (query.has("season") && (season < year - 4 || season > year - 2))
      return refused(fmt::format("this season, try from {} to {}.", year - 4, year - 2));
    for (const auto& [name, label] : {std::pair("last", "Last"), std::pair("next", "Next")})
      if (query.has(name)) return refused(fmt::format("the {} parameter.", label));
    const std::string first = iso_day(floor<days>(now) - days{1}), last = iso_day(floor<days>(now) + days{1});
    if (query.has("date") && (query.text("date") < first || query.text("date") > last))
      return refused(fmt::format("this date, try from {} to {}.", first, last));
    return {};
  }

  const std::uint64_t seed_;
  const FootballOptions options_;
  std::optional<Data> data_;
  Time now_{};
  std::int64_t of_day_ = 0, of_minute_ = 0;                           // requests that counted
  std::map<std::string, std::shared_ptr<const std::string>> bodies_;  // of this minute
  std::size_t cached_ = 0;
};

}  // namespace
}  // namespace football

std::unique_ptr<Service> football_service(std::uint64_t seed, FootballOptions options) {
  return std::make_unique<football::FootballService>(seed, std::move(options));
}

Api football_api() {
  return {.name = "football",
          .host = "v3.football.api-sports.io",
          .path = "/*",
          .service = [](std::uint64_t seed) { return football_service(seed); }};
}

}  // namespace simulator
