#include <algorithm>
#include <array>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::array famous{"c++", "c#", ".net", "node.js", "javascript", "python", "f#", "objective-c++"};

Record make(ApiState& state) {
  base::Rng& rng = state.rng;
  const std::size_t n = state.keys.size();
  const std::string name = n < famous.size() ? unused(state, [&] { return std::string(famous[n]); })
                                             : unused(state, [&] { return package_name(rng); });
  return {{"has_synonyms", one_in(rng, 3)},
          {"is_moderator_only", one_in(rng, 40)},
          {"is_required", one_in(rng, 50)},
          {"count", rng.between(0, one_in(rng, 5) ? 2'500'000 : 3'000)},
          {"name", name},
          {"last_activity_date", one_in(rng, 10) ? Value{nullptr} : Value{iso_seconds(state.released)}},
          {"synonyms", one_in(rng, 4) ? std::vector<std::string>{slug(title(rng)), "größe-" + name}
                                      : std::vector<std::string>{}}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) state.records.push_back(make(state));
}

void change(ApiState& state, Record& record) {
  set(record, "count", static_cast<std::int64_t>(3'000'000 + state.ticks));
}

// Times are Unix seconds here; what is null is left out.
std::string item(const Record& record) {
  std::vector<JsonMember> members;
  for (const Field& field : record) {
    if (std::holds_alternative<std::nullptr_t>(field.value)) continue;
    const bool date = field.name == "last_activity_date";
    members.emplace_back(field.name, date ? unix_of(record, field.name) : json(field.value));
  }
  return json_object(members);
}

Answer packed(Answer answer) {
  answer.body = std::make_shared<const std::string>(gzip(*answer.body));
  answer.headers.emplace_back("Content-Encoding", "gzip");  // whatever the client asked for
  return answer;
}

Answer failure(int id, const char* name, const char* message) {
  return packed(answer_json(json_object({{"error_id", std::to_string(id)},
                                         {"error_message", json_string(message)},
                                         {"error_name", json_string(name)}}),
                            400));
}

Answer answer(const ApiState& state, const ApiRequest& request) {
  const std::int64_t page = number(request, "page", 1).value_or(0);
  const std::int64_t size = number(request, "pagesize", 30).value_or(-1);
  const std::string sort = parameter(request, "sort").value_or("popular");
  const std::string order = parameter(request, "order").value_or("desc");
  if (!parameter(request, "site")) return failure(400, "bad_parameter", "site is required");
  if (page < 1) return failure(400, "bad_parameter", "page");
  if (size < 0 || size > 100) return failure(400, "bad_parameter", "pagesize");
  if (sort != "popular" && sort != "name") return failure(400, "bad_parameter", "sort");
  if (order != "desc" && order != "asc") return failure(400, "bad_parameter", "order");
  if (page > 25 && !parameter(request, "key"))
    return failure(403, "access_denied", "page above 25 requires access token or app key");

  std::vector<Record> sorted = state.records;
  const auto rank = [&](const Record& record) {
    return std::pair(sort == "name" ? 0 : whole_number(text_of(record, "count")).value_or(0),
                     text_of(record, "name"));
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](auto& a, auto& b) { return order == "asc" ? rank(a) < rank(b) : rank(b) < rank(a); });
  std::vector<std::string> items;
  for (const Record& record : slice(sorted, (page - 1) * size, size)) items.push_back(item(record));
  const bool more = page * size < static_cast<std::int64_t>(sorted.size());
  std::vector<JsonMember> members{{"items", json_array(items)}, {"has_more", more ? "true" : "false"}};
  if (page % 4 == 0) members.emplace_back("backoff", "1");  // seconds to wait before the next request
  members.emplace_back("quota_max", "300");
  members.emplace_back("quota_remaining", std::to_string(300 - std::min<std::int64_t>(page, 300)));
  return packed(answer_json(json_object(members)));
}

}  // namespace

Api stackexchange_api() {
  return {.name = "stackexchange",
          .host = "api.stackexchange.com",
          .path = "/2.3/tags",
          .key = "name",
          .records = 640,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
