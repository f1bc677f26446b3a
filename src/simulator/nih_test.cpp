#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

Json row_of(const Json& project) {
  Json row = only(project, {"appl_id", "project_num", "fiscal_year", "activity_code", "project_title",
                            "abstract_text", "phr_text", "award_amount", "is_active", "contact_pi_name",
                            "project_start_date", "project_end_date", "date_added"});
  for (const char* field : {"org_name", "org_city", "org_state", "org_country"})
    row[field] = project["organization"][field];
  row["agency_code"] = project["agency_ic_admin"]["abbreviation"];
  row["agency_name"] = project["agency_ic_admin"]["name"];
  row["other_pi_names"] = Json::array();
  for (const Json& investigator : project["principal_investigators"])
    if (!investigator["is_contact_pi"]) row["other_pi_names"].push_back(investigator["full_name"]);
  return row;
}

std::vector<Json> search(Client& client, const Json& criteria, int limit = 200) {
  std::vector<Json> rows;
  for (int pages = 0; pages < 50; ++pages) {
    const Answer answer = client.post({{"criteria", criteria}, {"offset", rows.size()}, {"limit", limit}});
    EXPECT_EQ(answer.status, 200) << *answer.body;
    const Json page = Json::parse(*answer.body);
    EXPECT_EQ(page["meta"]["offset"], rows.size());
    for (const Json& project : page["results"]) rows.push_back(row_of(project));
    if (rows.size() >= page["meta"]["total"]) return rows;
  }
  return rows;
}

std::vector<Json> read(Client& client) { return search(client, Json::object()); }

TEST(Nih, keeps_the_promises) { expect_promises("nih", read); }

TEST(Nih, criteria_choose) {
  World world(11, {});
  Client client{world, *find_api("nih")};
  const auto all = read(client);
  std::size_t of_years = 0, with_word = 0;
  for (const Json& row : all) {
    of_years += row["fiscal_year"] == 2024 || row["fiscal_year"] == 2025;
    const std::string title = row["project_title"];
    const std::string abstract =
        row["abstract_text"].is_null() ? "" : row["abstract_text"].get<std::string>();
    with_word += (title + abstract).find("Café") != std::string::npos;
  }
  EXPECT_EQ(search(client, {{"fiscal_years", {2024, 2025}}}).size(), of_years);
  std::size_t of_agencies = 0;
  for (const char* agency : {"NCI", "NIA", "NEI"})
    of_agencies += search(client, {{"agencies", Json::array({agency})}}).size();
  EXPECT_EQ(of_agencies, all.size());
  EXPECT_EQ(search(client, {{"agencies", Json::array({"NCI", "NIA", "NEI"})}}).size(), all.size());
  EXPECT_TRUE(search(client, {{"agencies", Json::array({"NASA"})}}).empty());
  EXPECT_EQ(search(client, {{"advanced_text_search", {{"search_text", "CAFé"}}}}).size(), with_word);
  EXPECT_GT(with_word, 0U);
  EXPECT_LT(with_word, all.size());
  const auto found = [&](const char* words, const char* how) {
    return search(client, {{"advanced_text_search", {{"operator", how}, {"search_text", words}}}}, 500)
        .size();
  };
  EXPECT_EQ(found("café nowhere", "and"), 0U);
  EXPECT_EQ(found("café nowhere", "or"), with_word);
}

TEST(Nih, refuses_with_a_list_of_texts) {
  World world(11, {});
  Client client{world, *find_api("nih")};
  const Json none = Json::object();
  for (const Json& wrong :
       {Json("{"), Json::array(), none, Json{{"criteria", none}, {"limit", 501}},
        Json{{"criteria", none}, {"limit", "ten"}}, Json{{"criteria", none}, {"offset", 15'000}},
        Json{{"criteria", {{"advanced_text_search", {{"search_text", 5}}}}}}}) {
    const Answer answer = client.post(wrong);
    EXPECT_EQ(answer.status, 400) << wrong;
    EXPECT_TRUE(Json::parse(*answer.body)[0].is_string());
  }
}

}  // namespace
}  // namespace simulator
