// services.nvd.nist.gov/rest/json/cves/2.0: startIndex and resultsPerPage, the oldest first, and windows of
// at most 120 days. A fault in the request is a 404 without a body: a `message` header tells what is wrong.
#include <array>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "simulator/apis.hpp"
#include "simulator/record_view.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr std::array states{"Analyzed", "Analyzed", "Modified", "Awaiting Analysis", "Deferred", "Rejected"};
constexpr std::array weaknesses{"CWE-79", "CWE-89", "CWE-22", "CWE-416", "NVD-CWE-noinfo"};
constexpr std::array severities{"LOW", "MEDIUM", "HIGH", "CRITICAL"};
constexpr std::array lowest_score{1, 40, 70, 90}, highest_score{39, 69, 89, 100};

base::WallTime odd_time(base::Rng& rng, base::WallTime from, base::WallTime until) {
  const base::WallTime time = random_time(rng, from, until);
  return std::min(until, time + std::chrono::milliseconds{rng.below(1000)});
}

Record published(ApiState& state, base::WallTime time, base::WallTime modified) {
  base::Rng& rng = state.rng;
  const std::string id = unused(state, [&] {
    return fmt::format("CVE-{}-{:04}", base::to_iso8601(time).substr(0, 4), rng.below(60'000));
  });
  const std::string product = company(rng), status = pick(rng, states);
  const bool rated = status != "Awaiting Analysis" && status != "Rejected" && !one_in(rng, 9);
  const std::size_t severity = rng.below(severities.size());
  std::vector<std::string> own, references;
  for (std::uint64_t i = rng.below(3); i > 0; --i)
    if (const std::string more = pick(rng, weaknesses); std::find(own.begin(), own.end(), more) == own.end())
      own.push_back(more);
  for (std::uint64_t i = rng.below(5); i > 0; --i)
    references.push_back("https://" + slug(product) + ".example/advisories/" + hex(rng, 6) + "?a=1&b=2");
  const Decimal score = decimal(rng, lowest_score[severity], highest_score[severity], 1);
  const auto if_rated = [&](Value value) { return rated ? std::move(value) : Value{nullptr}; };
  return {{"id", id},
          {"source_identifier", "cve@" + slug(product) + ".example"},
          {"published", base::to_iso8601(time)},
          {"last_modified", base::to_iso8601(modified)},
          {"vuln_status", status},
          {"description", product + ": " + text(rng, 1 + rng.below(one_in(rng, 20) ? 30 : 3))},
          {"description_es",
           one_in(rng, 2) ? Value{nullptr} : Value{"Según «" + product + "»: inyección de código."}},
          {"cvss_version", if_rated("3.1")},
          {"vector_string", if_rated("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")},
          {"base_score", if_rated(score)},
          {"base_severity", if_rated(severities[severity])},
          {"cwes", std::move(own)},
          {"references", std::move(references)}};
}

void generate(ApiState& state, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) {
    const base::WallTime time = odd_time(state.rng, now(state) - 24h * 500, now(state) - 24h);
    const base::WallTime from = std::max(time, now(state) - 24h * 300);
    state.records.push_back(published(state, time, odd_time(state.rng, from, now(state))));
  }
}
Record make(ApiState& state) {
  const base::WallTime time = odd_time(state.rng, now(state) - 6h, now(state) - 1h);
  return published(state, time, odd_time(state.rng, time, now(state)));
}
void change(ApiState& state, Record& record) {
  revise(state, record, "description");
  set(record, "last_modified", base::to_iso8601(now(state)));
}

std::string milliseconds(base::WallTime time) { return base::to_iso8601(time).substr(0, 23); }

std::string in_language(std::string_view language, const std::string& value) {
  return json_object({{"lang", json_string(language)}, {"value", value}});
}

std::string vulnerability(const Record& record) {
  std::vector<std::string> descriptions{in_language("en", json(record, "description"))}, weak, references;
  if (!text_of(record, "description_es").empty())  // in front or behind: the order means nothing
    descriptions.insert(text_of(record, "id").back() % 2 == 0 ? descriptions.begin() : descriptions.end(),
                        in_language("es", json(record, "description_es")));
  for (const std::string& cwe : list_of(record, "cwes")) weak.push_back(in_language("en", json_string(cwe)));
  for (const std::string& url : list_of(record, "references"))
    references.push_back(
        json_object({{"url", json_string(url)}, {"source", json(record, "source_identifier")}}));
  const std::string metric =
      json_object({{"source", "\"nvd@nist.gov\""},
                   {"type", "\"Primary\""},
                   {"cvssData", json_object({{"version", json(record, "cvss_version")},
                                             {"vectorString", json(record, "vector_string")},
                                             {"baseScore", json(record, "base_score")},
                                             {"baseSeverity", json(record, "base_severity")}})},
                   {"exploitabilityScore", "3.9"},
                   {"impactScore", "5.9"}});
  const bool rated = !std::holds_alternative<std::nullptr_t>(value_of(record, "base_score"));
  std::vector<JsonMember> cve{
      {"id", json(record, "id")},
      {"sourceIdentifier", json(record, "source_identifier")},
      {"published", json_time(record, "published", milliseconds)},
      {"lastModified", json_time(record, "last_modified", milliseconds)},
      {"vulnStatus", json(record, "vuln_status")},
      {"cveTags", "[]"},
      {"descriptions", json_array(descriptions)},
      {"metrics", rated ? json_object({{"cvssMetricV31", json_array({metric})}}) : "{}"}};
  if (!weak.empty())
    cve.emplace_back(
        "weaknesses",
        json_array({json_object(
            {{"source", "\"nvd@nist.gov\""}, {"type", "\"Primary\""}, {"description", json_array(weak)}})}));
  cve.emplace_back("references", json_array(references));
  return json_object({{"cve", json_object(cve)}});
}

struct Fault {
  std::string message;
};

// "2025-08-01T00:00:00.000", with Z or +01:00 or nothing (UTC) behind it.
std::optional<base::WallTime> parse_time(const std::string& text) {
  const bool zone = text.size() > 10 && text.find_first_of("Z+-", 10) != std::string::npos;
  const auto time = base::parse_timestamp(zone ? text : text + "Z");
  return text.size() > 10 && time ? std::optional(*time) : std::nullopt;
}

// The window that the parameters PREFIXStartDate and PREFIXEndDate ask for; everything if there are none.
tl::expected<std::pair<base::WallTime, base::WallTime>, Fault> window(const ApiRequest& request,
                                                                      const std::string& prefix) {
  const auto first = parameter(request, prefix + "StartDate"), last = parameter(request, prefix + "EndDate");
  if (!first && !last) return std::pair(base::WallTime::min(), base::WallTime::max());
  if (!first || !last)
    return tl::unexpected(Fault{fmt::format("Both {0}StartDate and {0}EndDate are required.", prefix)});
  const auto from = parse_time(*first), until = parse_time(*last);
  if (!from || !until) return tl::unexpected(Fault{fmt::format("Invalid {} date.", prefix)});
  if (*until < *from)
    return tl::unexpected(Fault{fmt::format("{0}EndDate must not be before {0}StartDate.", prefix)});
  if (*until - *from > 24h * 120)
    return tl::unexpected(Fault{"The maximum allowable range when using date range parameters is 120 days."});
  return std::pair(*from, *until);
}

Answer bad(const std::string& message) {
  Answer answer = answer_text("", "text/html", 404);
  answer.headers.emplace_back("message", message);
  return answer;
}

Answer query(const ApiState& state, const ApiRequest& request) {
  constexpr std::array known{"startIndex",     "resultsPerPage", "lastModStartDate",
                             "lastModEndDate", "pubStartDate",   "pubEndDate",
                             "cveId",          "noRejected"};
  for (const auto& [name, value] : request.query)
    if (std::find(known.begin(), known.end(), name) == known.end())
      return bad("Invalid parameter: " + name + ".");
  const std::string key = header(request, "apikey");
  if (!key.empty() && (key.size() != 36 || key[8] != '-')) return bad("Invalid apiKey.");
  const auto start = number(request, "startIndex", 0), size = number(request, "resultsPerPage", 2000);
  if (!start || *start < 0) return bad("Invalid startIndex parameter.");
  if (!size || *size < 1 || *size > 2000) return bad("Invalid resultsPerPage parameter.");
  const auto modified = window(request, "lastMod"), published = window(request, "pub");
  if (!modified || !published) return bad((modified ? published : modified).error().message);

  const auto id = parameter(request, "cveId");
  const bool no_rejected = parameter(request, "noRejected").has_value();
  View view = select(state.records, [&](const Record& record) {
    const auto inside = [&](std::string_view field, const auto& range) {
      const base::WallTime time = time_of(record, field).value_or(base::WallTime{});
      return range.first <= time && time <= range.second;
    };
    return inside("last_modified", *modified) && inside("published", *published) &&
           (!id || text_of(record, "id") == *id) &&
           !(no_rejected && text_of(record, "vuln_status") == "Rejected");
  });
  sort_by(view, [](const Record& record) { return text_of(record, "published") + text_of(record, "id"); });
  const Page page = page_of(view, *start, *size);
  return answer_json(json_object({{"resultsPerPage", std::to_string(page.size())},
                                  {"startIndex", std::to_string(*start)},
                                  {"totalResults", std::to_string(view.size())},
                                  {"format", "\"NVD_CVE\""},
                                  {"version", "\"2.0\""},
                                  {"timestamp", json_string(milliseconds(now(state)))},
                                  {"vulnerabilities", json_rows(page, vulnerability)}}));
}

}  // namespace

Api nvd_api() {
  return {.name = "nvd",
          .host = "services.nvd.nist.gov",
          .path = "/rest/json/cves/2.0",
          .key = "id",
          .records = 700,
          .generate = generate,
          .make = make,
          .change = change,
          .answer = query};
}

}  // namespace simulator
