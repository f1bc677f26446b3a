#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

constexpr std::int64_t maximum_limit = 500, maximum_offset = 14'999;
constexpr std::array activities{"R01", "R21", "K99", "U54", "P30"};
constexpr std::array<std::pair<const char*, const char*>, 3> institutes{
    {{"NCI", "National Cancer Institute"},
     {"NIA", "National Institute on Aging"},
     {"NEI", "National Eye Institute"}}};

// The API's timestamps have no zone: they are dates.
std::string midnight(base::WallTime time) { return iso_day(time) + "T00:00:00"; }

Record made(ApiState& state, base::WallTime time) {
  base::Rng& rng = state.rng;
  const std::string id = unused(state, [&] { return std::to_string(10'000'000 + rng.below(1'500'000)); });
  const std::string activity = pick(rng, activities);
  const auto& [code, institute] = pick(rng, institutes);
  const auto start = time - std::chrono::hours{24 * rng.between(0, 900)};
  const bool foreign = one_in(rng, 12);
  const std::uint64_t serial = rng.below(9'000'000);
  return {{"appl_id", *whole_number(id)},
          {"project_num", fmt::format("5{}{}{:06}-{:02}", activity, code, serial / 9, 1 + serial % 9)},
          {"fiscal_year", rng.between(2022, 2025)},
          {"activity_code", activity},
          {"project_title", title(rng)},
          {"abstract_text", one_in(rng, 9) ? Value{nullptr} : Value{text(rng, 3 + rng.below(30))}},
          {"phr_text", one_in(rng, 3) ? Value{nullptr} : Value{sentence(rng)}},
          {"award_amount", one_in(rng, 15) ? Value{nullptr} : Value{rng.between(5'000, 9'000'000)}},
          {"is_active", !one_in(rng, 4)},
          {"contact_pi_name", person(rng)},
          {"other_pi_names",
           one_in(rng, 3) ? std::vector<std::string>{person(rng), person(rng)} : std::vector<std::string>{}},
          {"org_name", company(rng)},
          {"org_city", foreign ? Value{"São Paulo"} : Value{"BETHESDA"}},
          {"org_state", foreign ? Value{nullptr} : Value{"MD"}},
          {"org_country", foreign ? "BRAZIL" : "UNITED STATES"},
          {"agency_code", code},
          {"agency_name", institute},
          {"project_start_date", midnight(start)},
          {"project_end_date",
           one_in(rng, 10) ? Value{nullptr} : Value{midnight(start + std::chrono::hours{24 * 1825})}},
          {"date_added", midnight(time)}};
}

void generate(ApiState& state, std::size_t records) { fill(state, records, std::chrono::hours{20}, made); }
Record make(ApiState& state) { return made(state, state.released); }
void change(ApiState& state, Record& record) {
  set(record, "award_amount", static_cast<std::int64_t>(10'000'000 + state.ticks));
}

std::string investigators(const Record& record) {
  const auto one = [](const std::string& name, bool contact) {
    return json_object({{"full_name", json_string(name)}, {"is_contact_pi", contact ? "true" : "false"}});
  };
  std::vector<std::string> all{one(text_of(record, "contact_pi_name"), true)};
  if (const auto* others = std::get_if<std::vector<std::string>>(&value_of(record, "other_pi_names")))
    for (const std::string& name : *others) all.push_back(one(name, false));
  return json_array(all);
}

std::string project(const Record& r) {
  std::vector<JsonMember> members;
  for (const char* field : {"appl_id", "project_num", "fiscal_year", "activity_code", "project_title",
                            "abstract_text", "phr_text", "award_amount", "is_active", "contact_pi_name"})
    members.emplace_back(field, json(r, field));
  members.emplace_back("subproject_id", "null");
  members.emplace_back("principal_investigators", investigators(r));
  members.emplace_back("organization", json_object({{"org_name", json(r, "org_name")},
                                                    {"org_city", json(r, "org_city")},
                                                    {"org_state", json(r, "org_state")},
                                                    {"org_country", json(r, "org_country")}}));
  members.emplace_back("agency_ic_admin", json_object({{"code", json_string("CA")},
                                                       {"abbreviation", json(r, "agency_code")},
                                                       {"name", json(r, "agency_name")}}));
  for (const char* field : {"project_start_date", "project_end_date", "date_added"})
    members.emplace_back(field, json(r, field));
  members.emplace_back("project_detail_url",
                       json_string("https://reporter.nih.gov/project-details/" + text_of(r, "appl_id")));
  return json_object(members);
}

// Words of the search in title or abstract: all of them, or any for the operator "or".
bool text_matches(const Record& record, const nlohmann::json& search) {
  const std::string within = lower(text_of(record, "project_title") + " " + text_of(record, "abstract_text"));
  const std::string words = lower(search.value("search_text", ""));
  const bool any = search.value("operator", "and") == "or";
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    if ((within.find(words.substr(at, end - at)) != std::string::npos) == any) return any;
    at = end + 1;
  }
  return !any;
}

bool matches(const Record& record, const nlohmann::json& criteria) {
  if (const auto years = criteria.find("fiscal_years"); years != criteria.end() && !years->empty())
    if (std::none_of(years->begin(), years->end(),
                     [&](auto& year) { return year.dump() == text_of(record, "fiscal_year"); }))
      return false;
  if (const auto agencies = criteria.find("agencies"); agencies != criteria.end() && !agencies->empty())
    if (std::none_of(agencies->begin(), agencies->end(), [&](const nlohmann::json& agency) {
          return agency.get<std::string>() == text_of(record, "agency_code");
        }))
      return false;
  const auto search = criteria.find("advanced_text_search");
  return search == criteria.end() || !search->is_object() || text_matches(record, *search);
}

Answer refused(const std::string& message) { return answer_json(json_array({json_string(message)}), 400); }

Answer answer(const ApiState& state, const ApiRequest& request) {
  const auto asked = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!asked.is_object()) return refused("The request body is not a JSON object.");
  const auto whole = [&](const char* name, std::int64_t missing) {
    const auto found = asked.find(name);
    return found == asked.end()         ? missing
           : found->is_number_integer() ? found->get<std::int64_t>()
                                        : std::int64_t{-1};
  };
  const auto criteria = asked.find("criteria");
  const std::int64_t offset = whole("offset", 0), limit = whole("limit", 50);
  if (criteria == asked.end() || !criteria->is_object()) return refused("criteria is required.");
  if (limit < 1 || limit > maximum_limit)
    return refused(fmt::format("limit must be between 1 and {}.", maximum_limit));
  if (offset < 0 || offset > maximum_offset)
    return refused(fmt::format("offset must be between 0 and {}.", maximum_offset));

  std::vector<std::string> results;
  std::int64_t total = 0;
  try {
    for (const Record& record : state.records)
      if (matches(record, *criteria) && total++ >= offset && std::ssize(results) < limit)
        results.push_back(project(record));
  } catch (const nlohmann::json::exception&) {  // a criterion of another type than it should have
    return refused("criteria could not be converted.");
  }
  const std::string meta = json_object({{"search_id", json_string("simulated")},
                                        {"total", std::to_string(total)},
                                        {"offset", std::to_string(offset)},
                                        {"limit", std::to_string(limit)},
                                        {"sort_field", "null"},
                                        {"sort_order", json_string("ASC")},
                                        {"sorted_by_relevance", "false"}});
  return answer_json(json_object({{"meta", meta}, {"results", json_array(results)}}));
}

}  // namespace

Api nih_api() {
  return {.name = "nih",
          .host = "api.reporter.nih.gov",
          .path = "/v2/projects/search",
          .key = "appl_id",
          .records = 560,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer,
          .method = "POST"};
}

}  // namespace simulator
