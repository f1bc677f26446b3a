// export.arxiv.org/api/query: Atom with the OpenSearch counts; start and max_results.
#include <array>

#include "base/text.hpp"
#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::array categories{"cs.AI", "cs.LG", "cs.CV", "cs.CL", "cs.RO"};
constexpr std::array further{"stat.ML", "eess.IV", "math.OC", "cs.AI", "cs.LG"};

Record published(ApiState& state, base::WallTime time) {
  base::Rng& rng = state.rng;
  const std::string day = iso_day(time);
  const std::string id = unused(state, [&] {
    return fmt::format("{}{}.{:05}", day.substr(2, 2), day.substr(5, 2), 1 + rng.below(25'000));
  });
  std::vector<std::string> authors, own{pick(rng, categories)};
  for (std::uint64_t i = 1 + rng.below(one_in(rng, 40) ? 60 : 5); i > 0; --i) authors.push_back(person(rng));
  for (std::uint64_t i = rng.below(3); i > 0; --i)
    if (const std::string more = pick(rng, further); std::find(own.begin(), own.end(), more) == own.end())
      own.push_back(more);
  std::string line = title(rng);
  if (one_in(rng, 6)) line += ": $\\alpha$ & <\n  " + title(rng);  // long titles are broken into lines
  const std::string primary = own.front();
  return {{"arxiv_id", id},
          {"version", std::int64_t{1}},
          {"title", line},
          {"summary", text(rng, 2 + rng.below(7))},
          {"authors", std::move(authors)},
          {"published", base::to_iso8601(time)},
          {"updated", base::to_iso8601(time)},
          {"primary_category", primary},
          {"categories", std::move(own)},
          {"doi", maybe(rng, 2, "10.5555/" + id)},
          {"comment", maybe(rng, 3, "12 pages, 4 figures; accepted at \"" + company(rng) + "\"")},
          {"journal_ref", maybe(rng, 2, "J. " + company(rng) + " 7 (2025) 1–9")}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i)
    state.records.push_back(
        published(state, random_time(state.rng, now(state) - 24h * 300, now(state) - 10h)));
}
Record make(ApiState& state) {
  return published(state, random_time(state.rng, now(state) - 9h, now(state) - 6h));
}
void change(ApiState& state, Record& record) {  // a new version
  set(record, "version", number_of(record, "version") + 1);
  set(record, "updated", base::to_iso8601(now(state)));
}

std::string seconds(const Record& record, std::string_view field) {
  const auto time = time_of(record, field);
  return xml_escape(time ? iso_seconds(*time) : text_of(record, field));
}

std::string entry(const Record& record) {
  const std::string id = text_of(record, "arxiv_id") + "v" + text_of(record, "version");
  constexpr std::string_view space = R"( xmlns:arxiv="http://arxiv.org/schemas/atom")";
  constexpr std::string_view scheme = R"( scheme="http://arxiv.org/schemas/atom")";
  const auto optional = [&](std::string_view name, std::string_view field) {
    if (std::holds_alternative<std::nullptr_t>(value_of(record, field))) return std::string();
    return fmt::format("    <arxiv:{0}{1}>{2}</arxiv:{0}>\n", name, space,
                       xml_escape(text_of(record, field)));
  };
  std::string out = fmt::format(
      "  <entry>\n    <id>http://arxiv.org/abs/{}</id>\n    <updated>{}</updated>\n"
      "    <published>{}</published>\n    <title>{}</title>\n    <summary>  {}\n</summary>\n",
      id, seconds(record, "updated"), seconds(record, "published"), xml_escape(text_of(record, "title")),
      xml_escape(text_of(record, "summary")));
  for (const std::string& author : list_of(record, "authors"))
    out += "    <author>\n      " + xml_element("name", author) + "\n    </author>\n";
  out += optional("doi", "doi") + optional("comment", "comment") + optional("journal_ref", "journal_ref");
  out += fmt::format(
      "    <link href=\"http://arxiv.org/abs/{0}\" rel=\"alternate\" type=\"text/html\"/>\n"
      "    <link title=\"pdf\" href=\"http://arxiv.org/pdf/{0}\" rel=\"related\" type=\"application/pdf\"/>\n"
      "    <arxiv:primary_category{1} term=\"{2}\"{3}/>\n",
      id, space, xml_escape(text_of(record, "primary_category")), scheme);
  for (const std::string& category : list_of(record, "categories"))
    out += fmt::format("    <category term=\"{}\"{}/>\n", category, scheme);
  return out + "  </entry>\n";
}

std::string feed(const std::string& head, const std::string& entries) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n" + head +
         entries + "</feed>\n";
}

Answer bad(const std::string& what) {
  const std::string address = "http://arxiv.org/api/errors#" + base::join(split(what, " "), "_");
  return answer_text(
      feed("",
           fmt::format("  <entry>\n    <id>{0}</id>\n    <title>Error</title>\n    <summary>{1}</summary>\n"
                       "    <link href=\"{0}\" rel=\"alternate\" type=\"text/html\"/>\n"
                       "    <author>\n      <name>arXiv api core</name>\n    </author>\n  </entry>\n",
                       xml_escape(address), xml_escape(what))),
      "application/atom+xml; charset=UTF-8", 400);
}

// "cat:cs.AI", "all:word", "ti:word", "submittedDate:[202501010000 TO 202502010000]"
bool matches(const Record& record, const std::string& term) {
  const std::size_t colon = std::min(term.find(':'), term.size() - 1);
  const std::string name = term.substr(0, colon), value = term.substr(colon + 1);
  if (name == "cat") {
    const auto& own = list_of(record, "categories");
    return std::find(own.begin(), own.end(), value) != own.end();
  }
  if (name == "submittedDate" && value.size() == 30) {
    std::string digits;
    for (const char c : text_of(record, "published").substr(0, 16))
      if (c >= '0' && c <= '9') digits += c;
    return digits >= value.substr(1, 12) && digits <= value.substr(17, 12);
  }
  const std::string all =
      name == "ti" ? text_of(record, "title") : text_of(record, "title") + " " + text_of(record, "summary");
  return lower(all).find(lower(value)) != std::string::npos;
}

bool found_by(const Record& record, std::string query) {
  std::erase_if(query, [](char c) { return c == '(' || c == ')' || c == '"'; });
  for (const std::string& all : split(query, " AND ")) {
    const auto any = split(all, " OR ");
    if (std::none_of(any.begin(), any.end(),
                     [&](auto& term) { return !term.empty() && matches(record, term); }))
      return false;
  }
  return true;
}

Answer query(const ApiState& state, const ApiRequest& request) {
  const auto start = number(request, "start", 0), size = number(request, "max_results", 10);
  if (!start) return bad("start must be an integer");
  if (*start < 0) return bad("start must be non-negative");
  if (!size) return bad("max_results must be an integer");
  if (*size < 0) return bad("max_results must be non-negative");
  if (*size > 30'000) return bad("max_results must not exceed 30000");
  const std::string searched = parameter(request, "search_query").value_or("");
  const std::string ids = parameter(request, "id_list").value_or("");
  const std::string sort = parameter(request, "sortBy").value_or("relevance");
  const std::string order = parameter(request, "sortOrder").value_or("descending");
  if (sort != "relevance" && sort != "lastUpdatedDate" && sort != "submittedDate")
    return bad("sortBy must be in: relevance, lastUpdatedDate, submittedDate");
  if (order != "ascending" && order != "descending")
    return bad("sortOrder must be in: ascending, descending");

  const auto wanted = split(ids, ",");
  View view = select(state.records, [&](const Record& record) {
    if (searched.empty() && ids.empty()) return false;
    return (searched.empty() || found_by(record, searched)) &&
           (ids.empty() ||
            std::find(wanted.begin(), wanted.end(), text_of(record, "arxiv_id")) != wanted.end());
  });
  sort_by(view, [&](const Record& record) {
    return text_of(record, sort == "lastUpdatedDate" ? "updated" : "published") + text_of(record, "arxiv_id");
  });
  if (order == "descending") std::reverse(view.begin(), view.end());

  const std::string asked = xml_escape(
      fmt::format("search_query={}&id_list={}&start={}&max_results={}", searched, ids, *start, *size));
  std::string head = fmt::format(
      "  <link href=\"http://arxiv.org/api/query?{0}\" rel=\"self\" type=\"application/atom+xml\"/>\n"
      "  <title type=\"html\">ArXiv Query: {0}</title>\n  <id>http://arxiv.org/api/simulated</id>\n"
      "  <updated>{1}T00:00:00-04:00</updated>\n",
      asked, iso_day(now(state)));
  const std::array<std::pair<const char*, std::int64_t>, 3> counts{
      {{"totalResults", size_of(view)}, {"startIndex", *start}, {"itemsPerPage", *size}}};
  for (const auto& [name, count] : counts)
    head += fmt::format(
        "  <opensearch:{0} xmlns:opensearch=\"http://a9.com/-/spec/opensearch/1.1/\">{1}</opensearch:{0}>\n",
        name, count);
  std::string entries;
  for (const Record* record : page_of(view, *start, *size)) entries += entry(*record);
  return answer_text(feed(head, entries), "application/atom+xml; charset=UTF-8");
}

}  // namespace

Api arxiv_api() {
  return {.name = "arxiv",
          .host = "export.arxiv.org",
          .path = "/api/query",
          .key = "arxiv_id",
          .records = 480,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = query};
}

}  // namespace simulator
