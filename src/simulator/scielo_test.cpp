#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

const std::string root = "/oai/scielo-oai.php?";

Json row_of(const std::string& record) {
  const auto one = [&](const char* element) -> Json {
    const auto found = between(record, fmt::format("<{}>", element), fmt::format("</{}>", element));
    return found ? Json(xml_text(*found)) : Json();
  };
  const auto list = [&](const char* element) {
    Json items = Json::array();
    for (const auto& item : all_between(record, fmt::format("<{}>", element), fmt::format("</{}>", element)))
      items.push_back(xml_text(item));
    return items;
  };
  return {{"identifier", one("identifier")},
          {"datestamp", one("datestamp")},
          {"set_spec", one("setSpec")},
          {"deleted", record.find("<header status=\"deleted\">") != std::string::npos},
          {"title", one("dc:title")},
          {"creators", list("dc:creator")},
          {"subjects", list("dc:subject")},
          {"description", one("dc:description")},
          {"publisher", one("dc:publisher")},
          {"date", one("dc:date")},
          {"type", one("dc:type")},
          {"language", one("dc:language")},
          {"url", one("dc:identifier")}};
}

std::vector<Json> list_records(Client& client, const std::string& arguments) {
  std::vector<Json> rows;
  std::string target = root + "verb=ListRecords&metadataPrefix=oai_dc" + arguments;
  for (int pages = 0; pages < 50; ++pages) {
    const std::string body = *client.get(target).body;
    const auto records = all_between(body, "<record>", "</record>");
    EXPECT_LE(records.size(), 50U);
    for (const std::string& record : records) rows.push_back(row_of(record));
    const auto token = between(body, "<resumptionToken expirationDate=", "</resumptionToken>");
    if (!token) {
      EXPECT_EQ(pages > 0, body.find("<resumptionToken completeListSize=") != std::string::npos)
          << "the last of several pages has an empty token";
      return rows;
    }
    target = root + "verb=ListRecords&resumptionToken=" + token->substr(token->find('>') + 1);
  }
  return rows;
}

std::vector<Json> read(Client& client) { return list_records(client, ""); }

std::string error_code(Client& client, const std::string& arguments) {
  const Answer answer = client.get(root + arguments);
  EXPECT_EQ(answer.status, 200) << "OAI-PMH answers 200";
  return between(*answer.body, "<error code=\"", "\"").value_or("none");
}

TEST(Scielo, keeps_the_promises) { expect_promises("scielo", read); }

TEST(Scielo, has_deleted_records_that_come_and_go) {
  World world(11, {});
  Client client{world, *find_api("scielo")};
  const auto deleted = [&] {
    std::size_t count = 0;
    for (const Json& row : read(client)) {
      count += row["deleted"] == true;
      EXPECT_EQ(row["deleted"] == true, row["title"].is_null());
    }
    return count;
  };
  const std::size_t before = deleted();
  EXPECT_GT(before, 5U);
  ASSERT_TRUE(world.tick("scielo", 0, 330).has_value());
  const std::size_t after = deleted();
  EXPECT_GT(after, 5U);
  EXPECT_NE(before, after);
}

TEST(Scielo, lists_by_date_and_set) {
  World world(11, {});
  Client client{world, *find_api("scielo")};
  const auto all = read(client);
  std::size_t of_days = 0, of_set = 0;
  for (const Json& row : all) {
    of_days += row["datestamp"] >= "2025-02-01" && row["datestamp"] <= "2025-06-30";
    of_set += row["set_spec"] == "0100-879X";
  }
  EXPECT_GT(of_days, 50U) << "more than a page, so that the token carries the dates";
  EXPECT_LT(of_days, all.size());
  EXPECT_EQ(list_records(client, "&from=2025-02-01&until=2025-06-30").size(), of_days);
  EXPECT_EQ(list_records(client, "&set=0100-879X").size(), of_set);
  EXPECT_GT(of_set, 50U);
}

TEST(Scielo, errors_of_the_protocol) {
  World world(11, {});
  Client client{world, *find_api("scielo")};
  const std::string list = "verb=ListRecords";
  EXPECT_EQ(error_code(client, "verb=Identify"), "none");
  EXPECT_EQ(error_code(client, "verb=Dance"), "badVerb");
  EXPECT_EQ(error_code(client, list), "badArgument");
  EXPECT_EQ(error_code(client, list + "&metadataPrefix=marc"), "cannotDisseminateFormat");
  EXPECT_EQ(error_code(client, list + "&metadataPrefix=oai_dc&from=2025"), "badArgument");
  EXPECT_EQ(error_code(client, list + "&metadataPrefix=oai_dc&page=2"), "badArgument");
  EXPECT_EQ(error_code(client, list + "&metadataPrefix=oai_dc&from=2031-01-01"), "noRecordsMatch");
  EXPECT_EQ(error_code(client, list + "&resumptionToken=50"), "badResumptionToken");

  const std::string body = *client.get(root + list + "&metadataPrefix=oai_dc").body;
  const auto element = between(body, "<resumptionToken expirationDate=", "</resumptionToken>");
  ASSERT_TRUE(element.has_value());
  EXPECT_TRUE(element->starts_with("\"2025-08-25T19:04:19Z\" completeListSize=\"330\" cursor=\"0\">"))
      << *element;
  const std::string token = element->substr(element->find('>') + 1);
  EXPECT_EQ(error_code(client, list + "&resumptionToken=" + token), "none");
  EXPECT_EQ(error_code(client, list + "&metadataPrefix=oai_dc&resumptionToken=" + token), "badArgument");
  ASSERT_TRUE(world.tick("scielo", 0, 0).has_value());
  EXPECT_EQ(error_code(client, list + "&resumptionToken=" + token), "badResumptionToken") << "expired";
}

}  // namespace
}  // namespace simulator
