// GET /search/repositories: pages by the Link header, of which only the first 1,000 results can be reached.
// The limits in X-RateLimit-* are told, not enforced.
#include <array>

#include "base/text.hpp"
#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t reachable = 1000;
constexpr base::WallTime first_created = std::chrono::sys_days{std::chrono::year{2024} / 1 / 2};
constexpr std::array languages{"Python", "TypeScript", "Rust", "C++", "Go", "Jupyter Notebook", "C#"};
constexpr std::array licenses{"MIT", "Apache-2.0", "GPL-3.0", "NOASSERTION"};
constexpr std::array topics{"ai", "llm", "rust", "database", "self-hosted", "cli", "react", "security"};

Record created_at(ApiState& state, base::WallTime created) {
  base::Rng& rng = state.rng;
  const std::string id = unused(state, [&] { return std::to_string(740'000'000 + rng.below(260'000'000)); });
  const bool company_owned = one_in(rng, 2);
  std::string owner = slug(company_owned ? company(rng) : person(rng)) + "-", name = slug(title(rng)) + "-";
  owner += hex(rng, 3);
  name += hex(rng, 2);
  const std::string about = text(rng, one_in(rng, 30) ? 12 : 1);
  const base::WallTime pushed = random_time(rng, created, now(state));
  std::vector<std::string> own_topics;
  for (const char* topic : topics)
    if (one_in(rng, 4)) own_topics.emplace_back(topic);
  return {{"id", *whole_number(id)},
          {"name", name},
          {"full_name", owner + "/" + name},
          {"owner_login", owner},
          {"owner_type", company_owned ? "Organization" : "User"},
          {"html_url", "https://github.com/" + owner + "/" + name},
          {"description", maybe(rng, 12, about)},
          {"created_at", base::to_iso8601(created)},
          {"updated_at", base::to_iso8601(random_time(rng, pushed, now(state)))},
          {"pushed_at", base::to_iso8601(pushed)},
          {"homepage", maybe(rng, 3, one_in(rng, 2) ? "" : "https://" + name + ".example/?a=1&b=2")},
          {"size", rng.between(0, 900'000)},
          {"stargazers_count", 501 + rng.between(0, 300) * rng.between(0, 300)},
          {"language", maybe(rng, 10, pick(rng, languages))},
          {"forks_count", rng.between(0, 9'000)},
          {"open_issues_count", rng.between(0, 2'000)},
          {"archived", one_in(rng, 20)},
          {"license_spdx_id", maybe(rng, 5, pick(rng, licenses))},
          {"topics", std::move(own_topics)},
          {"default_branch", one_in(rng, 5) ? "master" : "main"}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i)
    state.records.push_back(created_at(state, random_time(state.rng, first_created, now(state) - 24h)));
}
Record make(ApiState& state) { return created_at(state, now(state) - 1h); }
void change(ApiState& state, Record& record) {
  set(record, "stargazers_count", number_of(record, "stargazers_count") + state.rng.between(1, 500));
}

// "500", ">500", ">=500", "<500", "<=500", "10..50", "10..*": as the search qualifiers have it.
template <class T, class Read>
bool in_range(const T& value, std::string_view range, const Read& read) {
  if (range.starts_with(">=")) return value >= read(range.substr(2));
  if (range.starts_with("<=")) return value <= read(range.substr(2));
  if (range.starts_with(">")) return value > read(range.substr(1));
  if (range.starts_with("<")) return value < read(range.substr(1));
  const std::size_t dots = range.find("..");
  if (dots == std::string_view::npos) return value == read(range);
  const std::string_view low = range.substr(0, dots), high = range.substr(dots + 2);
  return (low == "*" || value >= read(low)) && (high == "*" || value <= read(high));
}

bool matches(const Record& record, const std::string& token) {
  const std::size_t colon = token.find(':');
  const std::string name = token.substr(0, colon),
                    value = colon < token.size() ? token.substr(colon + 1) : "";
  const auto number_in = [&](std::string_view field) {
    return in_range(number_of(record, field), value, [](auto t) { return whole_number(t).value_or(0); });
  };
  const auto day_in = [&](std::string_view field) {
    return in_range(text_of(record, field).substr(0, 10), value,
                    [](std::string_view text) { return std::string(text.substr(0, 10)); });
  };
  if (colon == std::string::npos)
    return lower(text_of(record, "name") + " " + text_of(record, "description")).find(lower(token)) !=
           std::string::npos;
  if (name == "stars") return number_in("stargazers_count");
  if (name == "forks") return number_in("forks_count");
  if (name == "size") return number_in("size");
  if (name == "created") return day_in("created_at");
  if (name == "pushed") return day_in("pushed_at");
  if (name == "language") return lower(text_of(record, "language")) == lower(value);
  if (name == "license") return lower(text_of(record, "license_spdx_id")) == lower(value);
  if (name == "user" || name == "org") return lower(text_of(record, "owner_login")) == lower(value);
  if (name == "archived") return text_of(record, "archived") == value;
  if (name == "topic") {
    const auto& all = list_of(record, "topics");
    return std::find(all.begin(), all.end(), value) != all.end();
  }
  return true;  // in:name and the like
}

std::string item(const Record& record) {
  const std::string login = text_of(record, "owner_login"), key = text_of(record, "license_spdx_id");
  const auto field = [&](std::string_view name) { return JsonMember{name, json(record, name)}; };
  const auto time = [&](std::string_view name) {
    return JsonMember{name, json_time(record, name, iso_seconds)};
  };
  return json_object({field("id"),
                      {"node_id", json_string("R_" + text_of(record, "id"))},
                      field("name"),
                      field("full_name"),
                      {"private", "false"},
                      {"owner", json_object({{"login", json_string(login)},
                                             {"avatar_url", json_string("https://avatars.example/" + login)},
                                             {"type", json(record, "owner_type")},
                                             {"site_admin", "false"}})},
                      field("html_url"),
                      field("description"),
                      {"fork", "false"},
                      {"url", json_string("https://api.github.com/repos/" + text_of(record, "full_name"))},
                      time("created_at"),
                      time("updated_at"),
                      time("pushed_at"),
                      field("homepage"),
                      field("size"),
                      field("stargazers_count"),
                      {"watchers_count", json(record, "stargazers_count")},
                      field("language"),
                      field("forks_count"),
                      {"mirror_url", "null"},
                      field("archived"),
                      field("open_issues_count"),
                      {"license", key.empty() ? "null"
                                              : json_object({{"key", json_string(lower(key))},
                                                             {"name", json_string(key + " License")},
                                                             {"spdx_id", json(record, "license_spdx_id")}})},
                      field("topics"),
                      {"visibility", "\"public\""},
                      {"forks", json(record, "forks_count")},
                      field("default_branch"),
                      {"score", "1.0"}});
}

Answer invalid(const std::string& message, const std::string& errors = "") {
  return answer_json(
      fmt::format(R"({{"message":{}{},"documentation_url":"https://docs.github.com/v3/search/",)"
                  R"("status":"422"}})",
                  json_string(message), errors),
      422);
}

std::string link(const ApiRequest& request, std::int64_t page, std::string_view relation) {
  std::string url = "https://api.github.com" + request.path + "?";
  for (const auto& [name, value] : request.query)
    if (name != "page") url += name + "=" + base::percent_encode(value) + "&";
  return fmt::format("<{}page={}>; rel=\"{}\"", url, page, relation);
}

Answer search(const ApiState& state, const ApiRequest& request) {
  const std::string query = parameter(request, "q").value_or("");
  if (query.empty())
    return invalid("Validation Failed", R"(,"errors":[{"resource":"Search","field":"q","code":"missing"}])");
  std::int64_t size = number(request, "per_page", 30).value_or(30);
  size = size < 1 ? 30 : std::min<std::int64_t>(size, 100);
  const std::int64_t page = std::clamp<std::int64_t>(number(request, "page", 1).value_or(1), 1, 1'000'000);
  if ((page - 1) * size >= reachable) return invalid("Only the first 1000 search results are available");

  View view = select(state.records, [&](const Record& record) {
    for (const std::string& token : split(query, " "))
      if (!token.empty() && !matches(record, token)) return false;
    return true;
  });
  const std::string sort = parameter(request, "sort").value_or("stars");
  if (sort == "updated")
    sort_by(view, [](const Record& record) { return text_of(record, "updated_at"); });
  else
    sort_by(view, [&](const Record& record) {
      return number_of(record, sort == "forks" ? "forks_count" : "stargazers_count");
    });
  if (parameter(request, "order").value_or("desc") != "asc") std::reverse(view.begin(), view.end());

  const std::int64_t last = std::max<std::int64_t>(1, pages(std::min(size_of(view), reachable), size));
  Answer answer = answer_json(json_object(
      {{"total_count", std::to_string(view.size())},
       {"incomplete_results", "false"},
       {"items",
        json_rows(page_of(view, (page - 1) * size, std::min(size, reachable - (page - 1) * size)), item)}}));
  std::vector<std::string> links;
  if (page > 1) links.push_back(link(request, std::min(page - 1, last), "prev"));
  if (page < last) links.push_back(link(request, page + 1, "next"));
  if (page < last) links.push_back(link(request, last, "last"));
  if (page > 1) links.push_back(link(request, 1, "first"));
  if (!links.empty()) answer.headers.emplace_back("Link", base::join(links, ", "));
  const int limit = header(request, "authorization").empty() ? 10 : 30;
  const std::array<std::pair<const char*, std::string>, 5> told{
      {{"Limit", std::to_string(limit)},
       {"Remaining", std::to_string(limit - 1)},
       {"Used", "1"},
       {"Resource", "search"},
       {"Reset", std::to_string(unix_seconds(request.time + 60s))}}};
  for (const auto& [name, value] : told)
    answer.headers.emplace_back(std::string("X-RateLimit-") + name, value);
  return answer;
}

}  // namespace

Api github_search_api() {
  return {.name = "github_search",
          .host = "api.github.com",
          .path = "/search/repositories",
          .key = "id",
          .records = 640,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = search};
}

}  // namespace simulator
