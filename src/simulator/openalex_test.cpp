#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

using Parameters = std::multimap<std::string, std::string>;

Json abstract_of(const Json& index) {
  if (index.is_null()) return nullptr;
  std::map<int, std::string> words;
  for (const auto& [word, places] : index.items())
    for (const Json& place : places) words[place] = word;
  std::string text;
  for (const auto& [place, word] : words) text += (place == 0 ? "" : " ") + word;
  return text;
}

Json row_of(const Json& work) {
  Json row = only(work, {"id", "doi", "title", "publication_date", "publication_year", "language", "type",
                         "fwci", "cited_by_count", "is_retracted", "created_date"});
  row["is_oa"] = work["open_access"]["is_oa"];
  row["oa_status"] = work["open_access"]["oa_status"];
  const Json& source = work["primary_location"]["source"];
  row["source_name"] = source.is_null() ? Json(nullptr) : source["display_name"];
  for (const char* list : {"authors", "institutions", "institution_countries", "concepts"})
    row[list] = Json::array();
  for (const Json& authorship : work["authorships"]) {
    row["authors"].push_back(authorship["author"]["display_name"]);
    for (const Json& institution : authorship["institutions"]) {
      row["institutions"].push_back(institution["display_name"]);
      row["institution_countries"].push_back(institution["country_code"]);
    }
  }
  for (const Json& concept_ : work["concepts"]) row["concepts"].push_back(concept_["display_name"]);
  row["abstract"] = abstract_of(work["abstract_inverted_index"]);
  row["updated_date"] = micros(work["updated_date"]);
  return row;
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (Json cursor = "*"; !cursor.is_null();) {
    const Json body = body_of(client.query({{"filter", "from_publication_date:2020-01-01"},
                                            {"per-page", "90"},
                                            {"cursor", cursor.get<std::string>()}}));
    for (const Json& work : body["results"]) rows.push_back(row_of(work));
    cursor = body["meta"]["next_cursor"];
    EXPECT_EQ(cursor.is_null(), body["results"].empty()) << "the set ends with an empty page";
  }
  return rows;
}

TEST(Openalex, keeps_the_promises) { expect_promises("openalex", read); }

TEST(Openalex, authors_have_no_one_or_several_institutions) {
  World world(7, {});
  Client client{world, *find_api("openalex")};
  std::map<std::size_t, int> seen;
  for (const Json& work : Json(body_of(client.query({{"per-page", "200"}}))["results"]))
    for (const Json& authorship : work["authorships"]) ++seen[authorship["institutions"].size()];
  EXPECT_GT(seen[0], 20);
  EXPECT_GT(seen[1], 20);
  EXPECT_GT(seen[2], 20);
}

TEST(Openalex, pages_without_a_cursor) {
  World world(7, {});
  Client client{world, *find_api("openalex")};
  const Json body = body_of(client.query({{"per-page", "200"}, {"page", "3"}}));
  EXPECT_EQ(body["results"].size(), 120U);
  EXPECT_EQ(body["meta"]["count"], 520);
  EXPECT_EQ(body["meta"]["page"], 3);
  EXPECT_FALSE(body["meta"].contains("next_cursor"));
  EXPECT_EQ(body_of(client.query({}))["results"].size(), 25U);
}

TEST(Openalex, a_cursor_survives_new_works_in_front) {
  World world(7, {});
  Client client{world, *find_api("openalex")};
  const Json page = body_of(client.query({{"per-page", "100"}, {"cursor", "*"}}));
  const Parameters next{{"per-page", "100"}, {"cursor", page["meta"]["next_cursor"].get<std::string>()}};
  const Json wanted = body_of(client.query(next))["results"];
  ASSERT_TRUE(client.world.tick("openalex", 5, 0).has_value());
  EXPECT_EQ(body_of(client.query(next))["results"], wanted);
}

TEST(Openalex, filters) {
  World world(7, {});
  Client client{world, *find_api("openalex")};
  int brazil = 0, late = 0;
  for (const Json& row : truth_of(client)) {
    const std::vector<std::string> places = row["institution_countries"];
    brazil += std::find(places.begin(), places.end(), "BR") != places.end();
    late += row["publication_date"] >= "2025-05-01" && row["publication_date"] <= "2025-06-30" &&
            (row["type"] == "article" || row["type"] == "dataset");
  }
  const auto count = [&](const std::string& filter) {
    return body_of(client.query({{"filter", filter}, {"mailto", "a@b.example"}}))["meta"]["count"];
  };
  EXPECT_GT(brazil, 5);
  EXPECT_EQ(count("institutions.country_code:br"), brazil);
  EXPECT_GT(late, 5);
  EXPECT_EQ(count("from_publication_date:2025-05-01,to_publication_date:2025-06-30,type:article|dataset"),
            late);
}

TEST(Openalex, wrong_parameters) {
  World world(7, {});
  Client client{world, *find_api("openalex")};
  for (const Parameters& wrong : {Parameters{{"per-page", "201"}},
                                  {{"page", "0"}},
                                  {{"page", "501"}},
                                  {{"cursor", "nonsense"}},
                                  {{"filter", "colour:red"}},
                                  {{"filter", "type"}}}) {
    const Answer answer = client.query(wrong);
    EXPECT_EQ(answer.status, 400) << wrong.begin()->second;
    EXPECT_TRUE(body_of(answer)["error"].is_string());
    EXPECT_TRUE(body_of(answer)["message"].is_string());
  }
}

}  // namespace
}  // namespace simulator
