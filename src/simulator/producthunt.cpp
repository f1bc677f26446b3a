#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"
#include "simulator/graphql.hpp"

namespace simulator {
namespace {

constexpr std::int64_t page_size = 20;  // at most
constexpr std::array topics{"Productivity", "Artificial Intelligence", "Dévelopment", "SaaS & B2B"};

Record made(ApiState& state, base::WallTime time) {
  base::Rng& rng = state.rng;
  const std::string id = unused(state, [&] { return std::to_string(400'000 + rng.below(600'000)); });
  const std::string name = company(rng);
  std::vector<std::string> about;
  for (std::uint64_t i = rng.below(3), first = rng.below(topics.size()); i > 0; --i)
    about.emplace_back(topics[(first + i) % topics.size()]);
  return {
      {"id", id},
      {"name", name},
      {"tagline", sentence(rng)},
      {"description", one_in(rng, 7) ? Value{nullptr} : Value{text(rng, 1 + rng.below(5))}},
      {"slug", slug(name) + "-" + id},
      {"url", "https://www.producthunt.com/posts/" + slug(name) + "?utm_campaign=api&utm_medium=v2"},
      {"website", one_in(rng, 10) ? Value{nullptr} : Value{"https://www.producthunt.com/r/" + hex(rng, 12)}},
      {"votesCount", rng.between(0, 4000)},
      {"commentsCount", rng.between(0, 300)},
      {"createdAt", iso_seconds(time)},
      {"featuredAt", one_in(rng, 3) ? Value{nullptr} : Value{iso_seconds(time + std::chrono::hours{7})}},
      {"topics", about}};
}

void generate(ApiState& state, std::size_t records) { fill(state, records, std::chrono::hours{9}, made); }
Record make(ApiState& state) { return made(state, state.released); }
void change(ApiState& state, Record& record) {
  set(record, "votesCount", static_cast<std::int64_t>(5'000 + state.ticks));
}

using graphql::Node;

std::string cursor(std::int64_t position) { return base::base64(std::to_string(position)); }

// A selection's members by `value`, which says nullopt for a field that `type` does not have.
template <class ValueOf>
base::Result<std::string> object(const Node& node, const char* type, const ValueOf& value_of_field) {
  std::vector<JsonMember> members;
  for (const Node& field : node.fields) {
    std::optional<base::Result<std::string>> made = value_of_field(field);
    if (!made)
      return base::error(base::Code::invalid_data, "Field '{}' doesn't exist on type '{}'", field.name, type);
    members.emplace_back(field.name, TRY(std::move(*made)));
  }
  if (members.empty())
    return base::error(base::Code::invalid_data, "Field must have selections (field '{}' returns {})",
                       node.name, type);
  return json_object(members);
}

using Made = std::optional<base::Result<std::string>>;

base::Result<std::string> topics_of(const Record& record, const Node& node) {
  return object(node, "TopicConnection", [&](const Node& edges) -> Made {
    if (edges.name != "edges") return std::nullopt;
    const auto* list = std::get_if<std::vector<std::string>>(&value_of(record, "topics"));
    if (list == nullptr) return Made{json(record, "topics")};
    std::vector<std::string> items;
    for (const std::string& topic : *list) {
      auto item = object(edges, "TopicEdge", [&](const Node& edge) -> Made {
        if (edge.name != "node") return std::nullopt;
        return object(edge, "Topic", [&](const Node& field) -> Made {
          return field.name == "name" ? Made{json_string(topic)} : std::nullopt;
        });
      });
      if (!item) return Made{item.error()};
      items.push_back(*item);
    }
    return Made{json_array(items)};
  });
}

base::Result<std::string> post(const Record& record, const Node& node) {
  return object(node, "Post", [&](const Node& field) -> Made {
    if (field.name == "topics") return topics_of(record, field);
    if (std::none_of(record.begin(), record.end(), [&](auto& f) { return f.name == field.name; }))
      return std::nullopt;
    return Made{json(record, field.name)};
  });
}

base::Result<std::string> edge(const Record& record, std::int64_t position, const Node& node) {
  return object(node, "PostEdge", [&](const Node& field) -> Made {
    if (field.name == "cursor") return Made{json_string(cursor(position))};
    return field.name == "node" ? Made{post(record, field)} : std::nullopt;
  });
}

base::Result<std::string> posts(const ApiState& state, const Node& node) {
  const auto argument = [&](const char* name) {
    const auto found = node.arguments.find(name);
    return found == node.arguments.end() ? std::string() : found->second;
  };
  std::vector<Record> all;
  for (const Record& record : state.records)
    if (argument("postedAfter").empty() || text_of(record, "createdAt") > argument("postedAfter"))
      all.push_back(record);
  std::int64_t begin = 0;
  const std::string after = argument("after");
  while (!after.empty() && begin <= std::ssize(all) && cursor(begin) != after) ++begin;
  if (begin > std::ssize(all))
    return base::error(base::Code::invalid_data, "'{}' is not a valid cursor", after);
  const std::int64_t first = std::min(page_size, whole_number(argument("first")).value_or(page_size));
  const auto shown = slice(all, begin, first);
  const std::int64_t end = begin + std::ssize(shown);

  return object(node, "PostConnection", [&](const Node& field) -> Made {
    if (field.name == "totalCount") return Made{std::to_string(all.size())};
    if (field.name == "edges" || field.name == "nodes") {
      std::vector<std::string> items;
      for (std::int64_t i = begin; i < end; ++i) {
        const Record& record = all[static_cast<std::size_t>(i)];
        auto item = field.name == "edges" ? edge(record, i + 1, field) : post(record, field);
        if (!item) return Made{item.error()};
        items.push_back(*item);
      }
      return Made{json_array(items)};
    }
    if (field.name != "pageInfo") return std::nullopt;
    return object(field, "PageInfo", [&](const Node& info) -> Made {
      if (info.name == "hasNextPage") return Made{std::string(end < std::ssize(all) ? "true" : "false")};
      if (info.name == "endCursor") return Made{shown.empty() ? "null" : json_string(cursor(end))};
      return std::nullopt;
    });
  });
}

Answer failure(const std::string& message) {
  return answer_json(
      json_object({{"errors", json_array({json_object({{"message", json_string(message)}})})}}));
}

Answer answer(const ApiState& state, const ApiRequest& request) {
  const std::string authorization = header(request, "authorization");
  if (!authorization.starts_with("Bearer ") || authorization.size() < 8)
    return answer_json(
        R"({"data":null,"errors":[{"error":"invalid_oauth_token","error_description":"Please supply a valid )"
        R"(access token. Refer to our api documentation about how to authorize an api request."}]})",
        401);
  const auto asked = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!asked.is_object() || !asked.contains("query") || !asked["query"].is_string())
    return failure("No query string was present");
  std::map<std::string, std::string> variables;
  if (asked.contains("variables") && asked["variables"].is_object())
    for (const auto& [name, value] : asked["variables"].items())
      variables[name] = value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
  const auto query = graphql::parse(asked["query"].get<std::string>(), variables);
  if (!query) return failure(query.error().message);
  const auto data = object(*query, "Query", [&](const Node& field) -> Made {
    return field.name == "posts" ? Made{posts(state, field)} : std::nullopt;
  });
  return data ? answer_json(json_object({{"data", *data}})) : failure(data.error().message);
}

}  // namespace

Api producthunt_api() {
  return {.name = "producthunt",
          .host = "api.producthunt.com",
          .path = "/v2/api/graphql",
          .key = "id",
          .records = 250,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer,
          .method = "POST"};
}

}  // namespace simulator
