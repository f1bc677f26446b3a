#include <algorithm>
#include <set>

#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

using Parameters = std::multimap<std::string, std::string>;

Json row_of(const Json& cve) {
  Json row{{"id", cve["id"]},
           {"source_identifier", cve["sourceIdentifier"]},
           {"published", micros(cve["published"])},
           {"last_modified", micros(cve["lastModified"])},
           {"vuln_status", cve["vulnStatus"]},
           {"description_es", nullptr}};
  for (const Json& text : cve["descriptions"])
    row[text["lang"] == "en" ? "description" : "description_es"] = text["value"];
  const Json data =
      cve["metrics"].contains("cvssMetricV31") ? cve["metrics"]["cvssMetricV31"][0]["cvssData"] : Json();
  for (const auto& [column, field] : {std::pair{"cvss_version", "version"},
                                      {"vector_string", "vectorString"},
                                      {"base_score", "baseScore"},
                                      {"base_severity", "baseSeverity"}})
    row[column] = data.is_null() ? Json(nullptr) : data[field];
  row["cwes"] = Json::array();
  for (const Json& weakness : cve.value("weaknesses", Json::array()))
    for (const Json& text : weakness["description"]) row["cwes"].push_back(text["value"]);
  row["references"] = Json::array();
  for (const Json& reference : cve["references"]) row["references"].push_back(reference["url"]);
  return row;
}

std::vector<Json> read_window(Client& client, Parameters window, int size) {
  std::vector<Json> rows;
  for (int start = 0, total = 1; start < total; start += size) {
    Parameters query = window;
    query.emplace("startIndex", std::to_string(start));
    query.emplace("resultsPerPage", std::to_string(size));
    const Json body = body_of(client.query(query));
    total = body["totalResults"];
    EXPECT_EQ(body["startIndex"], start);
    EXPECT_EQ(body["resultsPerPage"], body["vulnerabilities"].size());
    for (const Json& item : body["vulnerabilities"]) rows.push_back(row_of(item["cve"]));
  }
  return rows;
}

std::vector<Json> read(Client& client) { return read_window(client, {}, 150); }

TEST(Nvd, keeps_the_promises) { expect_promises("nvd", read); }

TEST(Nvd, the_oldest_come_first) {
  World world(7, {});
  Client client{world, *find_api("nvd")};
  const auto rows = read(client);
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(),
                             [](const Json& a, const Json& b) { return a["published"] < b["published"]; }));
}

TEST(Nvd, windows_filter) {
  World world(7, {});
  Client client{world, *find_api("nvd")};
  for (const std::string column : {"last_modified", "published"}) {
    const std::string prefix = column == "published" ? "pub" : "lastMod";
    std::set<Json> wanted, found;
    for (const Json& row : truth_of(client))
      if (row[column] >= "2025-05-01T00:00:00" && row[column] <= "2025-07-31T23:59:59.999000Z")
        wanted.insert(row["id"]);
    EXPECT_GT(wanted.size(), 30U);
    EXPECT_LT(wanted.size(), 500U);
    for (const Json& row : read_window(client,
                                       {{prefix + "StartDate", "2025-05-01T00:00:00.000"},
                                        {prefix + "EndDate", "2025-07-31T23:59:59.999"}},
                                       40))
      EXPECT_TRUE(found.insert(row["id"]).second);
    EXPECT_EQ(found, wanted);
  }
  const auto count = [&](const std::string& start, const std::string& end) {
    return body_of(client.query({{"lastModStartDate", start}, {"lastModEndDate", end}}))["totalResults"];
  };
  EXPECT_EQ(count("2025-05-01T02:00:00.000+02:00", "2025-06-01T00:00:00.000Z"),
            count("2025-05-01T00:00:00.000", "2025-06-01T00:00:00.000"));
}

TEST(Nvd, a_changed_record_shows_in_the_window_of_its_change) {
  World world(7, {});
  Client client{world, *find_api("nvd")};
  const auto ticked = client.world.tick("nvd", 2, 3);
  std::set<std::string> wanted(ticked->added.begin(), ticked->added.end()), found;
  wanted.insert(ticked->changed.begin(), ticked->changed.end());
  for (const Json& row : read_window(
           client,
           {{"lastModStartDate", "2025-08-25T17:04:20.000"}, {"lastModEndDate", "2025-08-26T00:00:00.000"}},
           50))
    found.insert(row["id"]);
  EXPECT_EQ(found, wanted);
}

TEST(Nvd, wrong_requests_are_a_404_with_a_message_header) {
  World world(7, {});
  Client client{world, *find_api("nvd")};
  const std::string start = "2025-01-01T00:00:00.000";
  const Parameters wrong[] = {{{"lastModStartDate", start}},
                              {{"lastModStartDate", start}, {"lastModEndDate", "2025-05-02T00:00:00.000"}},
                              {{"lastModStartDate", start}, {"lastModEndDate", "2024-12-31T00:00:00.000"}},
                              {{"lastModStartDate", "2025-01-01"}, {"lastModEndDate", "2025-01-02"}},
                              {{"resultsPerPage", "2001"}},
                              {{"startIndex", "-1"}},
                              {{"page", "2"}}};
  for (const Parameters& query : wrong) {
    const Answer answer = client.query(query);
    EXPECT_EQ(answer.status, 404) << query.begin()->second;
    EXPECT_TRUE(answer.body->empty());
    EXPECT_NE(header_of(answer, "message"), "");
  }
  EXPECT_EQ(client.query({{"lastModStartDate", start}, {"lastModEndDate", "2025-05-01T00:00:00.000"}}).status,
            200)
      << "120 days to the second";
  EXPECT_EQ(client.query({}, "", {{"apikey", "short"}}).status, 404);
  EXPECT_EQ(client.query({}, "", {{"apikey", "01234567-89ab-cdef-0123-456789abcdef"}}).status, 200);
}

}  // namespace
}  // namespace simulator
