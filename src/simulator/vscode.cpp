#include <array>
#include <nlohmann/json.hpp>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::int64_t include_versions = 0x1, include_statistics = 0x100, latest_version_only = 0x200;
constexpr std::array categories{"Programming Languages", "Themes", "Linters", "Debuggers", "Other", "AI"};
constexpr std::array statistics{"install", "averagerating", "ratingcount", "trendingdaily", "downloadCount"};

Record made(ApiState& state, base::WallTime time) {
  base::Rng& rng = state.rng;
  const std::string publisher = company(rng);
  const std::string name = unused(state, [&] { return package_name(rng); });
  const std::string id = hex(rng, 20);
  const std::uint64_t version = rng.below(9 * 40 * 100);
  const bool rated = !one_in(rng, 6);
  return {{"extensionId", fmt::format("{}-0000-4000-8000-{}", id.substr(0, 8), id.substr(8))},
          {"extensionName", name},
          {"displayName", title(rng)},
          {"publisherName", slug(publisher)},
          {"publisherDisplayName", publisher},
          {"publisherDomain", one_in(rng, 2) ? Value{nullptr} : Value{"https://" + name + ".example"}},
          {"lastUpdated", iso_seconds(time)},
          {"publishedDate", iso_seconds(time - std::chrono::hours{24 * rng.between(1, 3000)})},
          {"shortDescription", one_in(rng, 12) ? Value{nullptr} : Value{text(rng, 1 + rng.below(3))}},
          {"version", fmt::format("{}.{}.{}", version / 4000, version / 100 % 40, version % 100)},
          {"categories", std::vector<std::string>{pick(rng, categories)}},
          {"install", rng.between(0, 150'000'000)},
          {"averagerating", rated ? Value{decimal(rng, 100'000, 500'000, 5)} : Value{nullptr}},
          {"ratingcount", rated ? Value{rng.between(1, 900)} : Value{nullptr}},
          {"trendingdaily", decimal(rng, 0, 99'999, 7)},
          {"downloadCount", rng.between(0, 9'000'000)}};
}

void generate(ApiState& state, std::size_t records) { fill(state, records, std::chrono::hours{30}, made); }
Record make(ApiState& state) { return made(state, state.released); }
void change(ApiState& state, Record& record) {
  set(record, "install", static_cast<std::int64_t>(200'000'000 + state.ticks));
}

// All values are doubles: 12 is written as 12.0; what there is none of is left out.
std::string statistics_of(const Record& record) {
  std::vector<std::string> pairs;
  for (const char* name : statistics) {
    std::string value = json(record, name);
    if (value == "null") continue;
    if (std::holds_alternative<std::int64_t>(value_of(record, name))) value += ".0";
    pairs.push_back(json_object({{"statisticName", json_string(name)}, {"value", value}}));
  }
  return json_array(pairs);
}

std::string extension(const Record& r, std::int64_t flags) {
  const auto as_is = [&](std::string_view field) { return JsonMember{field, json(r, field)}; };
  const std::string publisher = json_object({{"publisherId", json_string(slug(text_of(r, "extensionId")))},
                                             {"publisherName", json(r, "publisherName")},
                                             {"displayName", json(r, "publisherDisplayName")},
                                             {"flags", json_string("verified")},
                                             {"domain", json(r, "publisherDomain")}});
  std::vector<JsonMember> members{{"publisher", publisher},
                                  as_is("extensionId"),
                                  as_is("extensionName"),
                                  as_is("displayName"),
                                  {"flags", json_string("validated, public")},
                                  as_is("lastUpdated"),
                                  as_is("publishedDate"),
                                  as_is("shortDescription"),
                                  as_is("categories")};
  if ((flags & (include_versions | latest_version_only)) != 0)
    members.emplace_back("versions", json_array({json_object({as_is("version"), as_is("lastUpdated")})}));
  if ((flags & include_statistics) != 0) members.emplace_back("statistics", statistics_of(r));
  members.emplace_back("deploymentType", "0");
  return json_object(members);
}

Answer refused(const std::string& message, const char* type) {
  return answer_json(json_object({{"$id", json_string("1")},
                                  {"innerException", "null"},
                                  {"message", json_string(message)},
                                  {"typeKey", json_string(type)},
                                  {"errorCode", "0"},
                                  {"eventId", "3000"}}),
                     400);
}

Answer answer(const ApiState& state, const ApiRequest& request) {
  if (header(request, "accept").find("api-version=") == std::string::npos &&
      !parameter(request, "api-version"))
    return refused("No api-version was supplied for the \"POST\" request.",
                   "VssVersionNotSpecifiedException");
  const auto asked = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  const bool has_filter = asked.is_object() && asked.contains("filters") && asked["filters"].is_array() &&
                          !asked["filters"].empty() && asked["filters"][0].is_object();
  if (!has_filter) return refused("The query needs at least one filter.", "InvalidExtensionQueryException");
  const auto whole = [](const nlohmann::json& in, const char* name, std::int64_t missing) {
    const auto found = in.find(name);
    return found != in.end() && found->is_number_integer() ? found->get<std::int64_t>() : missing;
  };
  const nlohmann::json& filter = asked["filters"][0];
  const std::int64_t page = whole(filter, "pageNumber", 1), size = whole(filter, "pageSize", 50);
  if (page < 1 || size < 1 || size > 1000)
    return refused("pageNumber must be positive and pageSize between 1 and 1000.",
                   "InvalidExtensionQueryException");

  std::vector<std::string> extensions;
  for (const Record& record : slice(state.records, (page - 1) * size, size))
    extensions.push_back(extension(record, whole(asked, "flags", 0)));
  const std::string total =
      json_object({{"name", json_string("TotalCount")}, {"count", std::to_string(state.records.size())}});
  const std::string metadata =
      json_object({{"metadataType", json_string("ResultCount")}, {"metadataItems", json_array({total})}});
  const std::string result = json_object({{"extensions", json_array(extensions)},
                                          {"pagingToken", "null"},
                                          {"resultMetadata", json_array({metadata})}});
  return answer_text(json_object({{"results", json_array({result})}}),
                     "application/json; charset=utf-8; api-version=3.0-preview.1");
}

}  // namespace

Api vscode_api() {
  return {.name = "vscode",
          .host = "marketplace.visualstudio.com",
          .path = "/_apis/public/gallery/extensionquery",
          .key = "extensionId",
          .records = 450,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer,
          .method = "POST"};
}

}  // namespace simulator
