// Hacker News by Algolia, GET /api/v1/search_by_date: pages from 0, newest first, 1,000 hits at most.
#include "base/text.hpp"
#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t reachable = 1000;

Record posted(ApiState& state, base::WallTime created) {
  base::Rng& rng = state.rng;
  const std::string id = unused(
      state, [&] { return std::to_string(unix_seconds(created) / 10 - 130'000'000 + rng.between(0, 90)); });
  const bool question = one_in(rng, 8);
  std::string line = question ? "Ask HN: " : one_in(rng, 9) ? "Show HN: " : "", author = slug(person(rng));
  line += title(rng);
  author += hex(rng, 2);
  return {
      {"object_id", id},
      {"title", line},
      {"url", question ? Value{nullptr} : Value{"https://www.example.com/" + slug(line) + "?ref=hn&x=%20"}},
      {"author", author},
      {"points", one_in(rng, 40) ? Value{nullptr} : Value{rng.between(1, 30) * rng.between(1, 30)}},
      {"num_comments", one_in(rng, 30) ? Value{nullptr} : Value{rng.between(0, 400)}},
      {"story_text", question ? Value{"<p>" + text(rng, 1 + rng.below(12))} : Value{nullptr}},
      {"created_at", base::to_iso8601(created)},
      {"updated_at", base::to_iso8601(created + 90min)}};
}

void generate(ApiState& state, std::size_t records) {
  base::WallTime created = now(state) - 2h;
  for (std::size_t i = 0; i < records; ++i) {
    state.records.push_back(posted(state, created));
    created -= std::chrono::seconds{state.rng.between(30, 1500)};
  }
}
Record make(ApiState& state) {
  return posted(state, random_time(state.rng, now(state) - 5h, now(state) - 2h));
}
void change(ApiState& state, Record& record) {
  set(record, "points", number_of(record, "points") + state.rng.between(1, 60));
  set(record, "updated_at", base::to_iso8601(now(state)));
}

std::vector<std::string> tags(const Record& record) {
  std::vector<std::string> all{"story", "author_" + text_of(record, "author"),
                               "story_" + text_of(record, "object_id")};
  if (text_of(record, "title").starts_with("Ask HN")) all.emplace_back("ask_hn");
  if (text_of(record, "title").starts_with("Show HN")) all.emplace_back("show_hn");
  return all;
}

std::int64_t created_at_i(const Record& record) {
  const auto time = time_of(record, "created_at");
  return time ? unix_seconds(*time) : 0;
}

// One of "points>=10"; nullopt: not understood.
std::optional<bool> passes(const Record& record, const std::string& filter) {
  const std::size_t at = filter.find_first_of("<>=!");
  if (at == std::string::npos) return std::nullopt;
  const std::size_t end = filter.find_first_not_of("<>=!", at);
  const std::string name = filter.substr(0, at), sign = filter.substr(at, end - at);
  const auto wanted = whole_number(end == std::string::npos ? "" : filter.substr(end));
  if (!wanted || (name != "points" && name != "num_comments" && name != "created_at_i")) return std::nullopt;
  const std::int64_t value = name == "created_at_i" ? created_at_i(record) : number_of(record, name);
  if (sign == "<") return value < *wanted;
  if (sign == "<=") return value <= *wanted;
  if (sign == ">") return value > *wanted;
  if (sign == ">=") return value >= *wanted;
  if (sign == "=") return value == *wanted;
  return sign == "!=" ? std::optional(value != *wanted) : std::nullopt;
}

std::string hit(const Record& record) {
  const std::string author = json(record, "author");
  const auto highlight = [&](std::string_view field) {
    return json_object({{"matchLevel", "\"none\""}, {"matchedWords", "[]"}, {"value", json(record, field)}});
  };
  std::vector<JsonMember> members{
      {"_highlightResult", json_object({{"author", highlight("author")}, {"title", highlight("title")}})},
      {"_tags", json(Value{tags(record)})},
      {"author", author},
      {"created_at", json_time(record, "created_at", iso_seconds)},
      {"created_at_i", std::to_string(created_at_i(record))},
      {"num_comments", json(record, "num_comments")},
      {"objectID", json(record, "object_id")},
      {"points", json(record, "points")},
      {"story_id", text_of(record, "object_id")},
      {"title", json(record, "title")},
      {"updated_at", json_time(record, "updated_at", iso_seconds)}};
  for (const char* optional : {"story_text", "url"})  // left out when there is none
    if (!std::holds_alternative<std::nullptr_t>(value_of(record, optional)))
      members.emplace_back(optional, json(record, optional));
  return json_object(members);
}

Answer bad(const std::string& message) {
  return answer_json(json_object({{"message", json_string(message)}, {"status", "400"}}), 400);
}

Answer search(const ApiState& state, const ApiRequest& request) {
  const auto page = number(request, "page", 0), size = number(request, "hitsPerPage", 20);
  if (!page || *page < 0)
    return bad("invalid value for \"page\" parameter, expected integer between 0 and 9223372036854775807");
  if (!size || *size < 0 || *size > 1000)
    return bad("invalid value for \"hitsPerPage\" parameter, expected integer between 0 and 1000");
  const std::string words = lower(parameter(request, "query").value_or(""));
  const auto wanted_tags = split(parameter(request, "tags").value_or(""), ",");
  const auto filters = split(parameter(request, "numericFilters").value_or(""), ",");
  std::string wrong;
  View view = select(state.records, [&](const Record& record) {
    const auto own = tags(record);
    for (const std::string& tag : wanted_tags)
      if (!tag.empty() && std::find(own.begin(), own.end(), tag) == own.end()) return false;
    for (const std::string& filter : filters) {
      const auto passed = filter.empty() ? std::optional(true) : passes(record, filter);
      if (!passed) wrong = filter;
      if (!passed.value_or(false)) return false;
    }
    return lower(text_of(record, "title")).find(words) != std::string::npos;
  });
  if (!wrong.empty()) return bad("invalid numericFilters: \"" + wrong + "\"");
  sort_by(view, [](const Record& record) {
    return std::pair(-created_at_i(record), text_of(record, "object_id"));
  });
  if (size_of(view) > reachable) view.resize(reachable);

  const std::int64_t offset = *size == 0 || *page > reachable ? reachable : *page * *size;
  return answer_json(json_object({{"exhaustive", R"({"nbHits":true,"typo":true})"},
                                  {"hits", json_rows(page_of(view, offset, *size), hit)},
                                  {"hitsPerPage", std::to_string(*size)},
                                  {"nbHits", std::to_string(view.size())},
                                  {"nbPages", std::to_string(*size == 0 ? 0 : pages(size_of(view), *size))},
                                  {"page", std::to_string(*page)},
                                  {"params", json_string("advancedSyntax=true&analyticsTags=backend")},
                                  {"processingTimeMS", "4"},
                                  {"query", json_string(parameter(request, "query").value_or(""))},
                                  {"serverTimeMS", "5"}}));
}

}  // namespace

Api hackernews_api() {
  return {.name = "hackernews",
          .host = "hn.algolia.com",
          .path = "/api/v1/search_by_date",
          .key = "object_id",
          .records = 600,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = search};
}

}  // namespace simulator
