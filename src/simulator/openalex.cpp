// api.openalex.org/works: cursor paging (meta.next_cursor until it is null) or page by page up to 10,000.
// Works nest: the institutions of authorship i are entries [i·m/n, (i+1)·m/n) of the record's m, for n
// authors, so that an author has none, one or several.
#include <array>

#include "base/text.hpp"
#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::array kinds{"article", "article", "preprint", "book-chapter", "dataset"};
constexpr std::array concepts{"Computer science", "Artificial intelligence", "Biology", "Économie",
                              "Robotics",         "Machine learning"};
constexpr std::array accesses{"gold", "green", "hybrid", "bronze", "closed"};

Record published(ApiState& state, base::WallTime time) {
  base::Rng& rng = state.rng;
  const std::string id = unused(
      state, [&] { return fmt::format("https://openalex.org/W{}", 4'400'000'000 + rng.below(20'000'000)); });
  std::vector<std::string> authors, institutions, places, topics;
  for (std::uint64_t i = rng.below(one_in(rng, 50) ? 100 : 7); i > 0; --i) authors.push_back(person(rng));
  for (std::uint64_t i = authors.empty() ? 0 : rng.below(authors.size() * 3 / 2 + 2); i > 0; --i) {
    institutions.push_back("University of " + company(rng));
    places.emplace_back(pick(rng, countries()).iso2);
  }
  for (const char* topic : concepts)
    if (one_in(rng, 2)) topics.emplace_back(topic);
  std::string abstract = sentence(rng);
  abstract.append(" ").append(sentence(rng));
  const std::string access = pick(rng, accesses);
  return {{"id", id},
          {"doi", maybe(rng, 7, "https://doi.org/10.5555/" + hex(rng, 9))},
          {"title", maybe(rng, 60, title(rng))},
          {"publication_date", iso_day(time)},
          {"publication_year", *whole_number(iso_day(time).substr(0, 4))},
          {"language", maybe(rng, 8, one_in(rng, 5) ? "pt" : "en")},
          {"type", pick(rng, kinds)},
          {"is_oa", access != "closed"},
          {"oa_status", access},
          {"source_name", maybe(rng, 5, "Journal of " + company(rng))},
          {"authors", std::move(authors)},
          {"institutions", std::move(institutions)},
          {"institution_countries", std::move(places)},
          {"concepts", std::move(topics)},
          {"fwci", maybe(rng, 4, decimal(rng, 0, 99'999, 4))},
          {"cited_by_count", rng.between(0, 20) * rng.between(0, 20)},
          {"is_retracted", one_in(rng, 50)},
          {"abstract", maybe(rng, 3, abstract)},
          {"created_date", iso_day(time + 48h)},
          {"updated_date", base::to_iso8601(state.released - 30min)}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i)
    state.records.push_back(
        published(state, random_time(state.rng, now(state) - 24h * 400, now(state) - 72h)));
}
Record make(ApiState& state) {
  return published(state, random_time(state.rng, now(state) - 72h, now(state) - 48h));
}
void change(ApiState& state, Record& record) {
  set(record, "cited_by_count", number_of(record, "cited_by_count") + state.rng.between(1, 9));
  set(record, "updated_date", base::to_iso8601(state.released));
}

std::string without_zone(base::WallTime time) { return base::to_iso8601(time).substr(0, 26); }

std::string authorships(const Record& record) {
  const auto& authors = list_of(record, "authors");
  const auto& institutions = list_of(record, "institutions");
  const auto& places = list_of(record, "institution_countries");
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < authors.size(); ++i) {
    std::vector<std::string> own;
    for (std::size_t k = i * institutions.size() / authors.size();
         k < (i + 1) * institutions.size() / authors.size(); ++k)
      own.push_back(json_object({{"id", json_string(fmt::format("https://openalex.org/I{}", 1'000 + k))},
                                 {"display_name", json_string(institutions[k])},
                                 {"ror", "null"},
                                 {"country_code", json_string(k < places.size() ? places[k] : "")},
                                 {"type", "\"education\""}}));
    rows.push_back(
        json_object({{"author_position", i == 0                    ? "\"first\""
                                         : i + 1 == authors.size() ? "\"last\""
                                                                   : "\"middle\""},
                     {"author", json_object({{"display_name", json_string(authors[i])}, {"orcid", "null"}})},
                     {"institutions", json_array(own)},
                     {"is_corresponding", i == 0 ? "true" : "false"},
                     {"raw_author_name", json_string(authors[i])}}));
  }
  return json_array(rows);
}

// {"word":[0,4],…}: how OpenAlex tells an abstract.
std::string inverted_abstract(const Record& record) {
  if (std::holds_alternative<std::nullptr_t>(value_of(record, "abstract"))) return "null";
  std::map<std::string, std::vector<std::string>> places;
  const auto words = split(text_of(record, "abstract"), " ");
  for (std::size_t i = 0; i < words.size(); ++i) places[words[i]].push_back(std::to_string(i));
  std::vector<JsonMember> members;
  for (const auto& [word, positions] : places) members.emplace_back(word, json_array(positions));
  return json_object(members);
}

std::string work(const Record& record) {
  const auto field = [&](std::string_view name) { return JsonMember{name, json(record, name)}; };
  const bool no_source = text_of(record, "source_name").empty();
  std::vector<std::string> topics;
  for (const std::string& topic : list_of(record, "concepts"))
    topics.push_back(
        json_object({{"id", json_string("https://openalex.org/C" + std::to_string(topic.size()))},
                     {"display_name", json_string(topic)},
                     {"level", "1"},
                     {"score", "0.51"}}));
  return json_object(
      {field("id"),
       field("doi"),
       field("title"),
       {"display_name", json(record, "title")},
       field("publication_year"),
       field("publication_date"),
       {"ids", json_object({{"openalex", json(record, "id")}, {"doi", json(record, "doi")}})},
       field("language"),
       {"primary_location",
        json_object({{"is_oa", json(record, "is_oa")},
                     {"source", no_source ? "null"
                                          : json_object({{"display_name", json(record, "source_name")},
                                                         {"issn_l", "null"},
                                                         {"type", "\"journal\""}})}})},
       field("type"),
       {"open_access",
        json_object({{"is_oa", json(record, "is_oa")}, {"oa_status", json(record, "oa_status")}})},
       {"authorships", authorships(record)},
       field("fwci"),
       field("cited_by_count"),
       field("is_retracted"),
       {"concepts", json_array(topics)},
       {"abstract_inverted_index", inverted_abstract(record)},
       {"updated_date", json_time(record, "updated_date", without_zone)},
       field("created_date")});
}

Answer bad(const std::string& kind, const std::string& message) {
  return answer_json(json_object({{"error", json_string(kind)}, {"message", json_string(message)}}), 400);
}

bool matches(const Record& record, const std::string& name, const std::string& value) {
  if (name == "from_publication_date") return text_of(record, "publication_date") >= value;
  if (name == "to_publication_date") return text_of(record, "publication_date") <= value;
  const auto any = split(lower(value), "|");
  const auto among = [&](const std::string& text) {
    return std::find(any.begin(), any.end(), lower(text)) != any.end();
  };
  if (name == "institutions.country_code") {
    const auto& places = list_of(record, "institution_countries");
    return std::any_of(places.begin(), places.end(), among);
  }
  return among(text_of(record, name));
}

std::string cursor_of(const Record& record) {
  return base::base64(text_of(record, "publication_date") + " " + text_of(record, "id"));
}

Answer works(const ApiState& state, const ApiRequest& request) {
  constexpr std::array filters{"from_publication_date",
                               "to_publication_date",
                               "institutions.country_code",
                               "publication_year",
                               "type",
                               "language",
                               "is_oa"};
  std::vector<std::pair<std::string, std::string>> wanted;
  for (const std::string& filter : split(parameter(request, "filter").value_or(""), ",")) {
    if (filter.empty()) continue;
    const std::string name = filter.substr(0, filter.find(':'));
    if (std::find(filters.begin(), filters.end(), name) == filters.end() || name.size() == filter.size())
      return bad("Invalid query parameters error.", name + " is not a valid field.");
    wanted.emplace_back(name, filter.substr(name.size() + 1));
  }
  const auto size = number(request, parameter(request, "per_page") ? "per_page" : "per-page", 25);
  const auto page = number(request, "page", 1);
  if (!size || *size < 1 || *size > 200)
    return bad("Pagination error.", "per-page parameter must be between 1 and 200.");
  if (!page || *page < 1 || *page * *size > 10'000)
    return bad(
        "Pagination error.",
        "Maximum results size of 10,000 records is exceeded. Cursor pagination is required for records "
        "beyond 10,000.");
  View view = select(state.records, [&](const Record& record) {
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](auto& f) { return matches(record, f.first, f.second); });
  });
  sort_by(view,
          [](const Record& record) { return text_of(record, "publication_date") + text_of(record, "id"); });
  std::reverse(view.begin(), view.end());

  const auto cursor = parameter(request, "cursor");
  std::int64_t offset = (*page - 1) * *size;
  if (cursor) {
    const auto last =
        std::find_if(view.begin(), view.end(), [&](auto* r) { return cursor_of(*r) == *cursor; });
    if (*cursor != "*" && last == view.end()) return bad("Pagination error.", "Cursor value is invalid.");
    offset = *cursor == "*" ? 0 : last - view.begin() + 1;
  }
  const Page shown = page_of(view, offset, *size);
  std::vector<JsonMember> meta{{"count", std::to_string(view.size())},
                               {"db_response_time_ms", "31"},
                               {"page", cursor ? "null" : std::to_string(*page)},
                               {"per_page", std::to_string(*size)}};
  if (cursor)
    meta.emplace_back("next_cursor", shown.empty() ? "null" : json_string(cursor_of(*shown.back())));
  meta.emplace_back("groups_count", "null");
  return answer_json(
      json_object({{"meta", json_object(meta)}, {"results", json_rows(shown, work)}, {"group_by", "[]"}}));
}

}  // namespace

Api openalex_api() {
  return {.name = "openalex",
          .host = "api.openalex.org",
          .path = "/works",
          .key = "id",
          .records = 520,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = works};
}

}  // namespace simulator
