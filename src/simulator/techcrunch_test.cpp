#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

Json row_of(const std::string& item) {
  const auto text = [&](const std::string& element) -> Json {
    const auto found = between(item, "<" + element + ">", "</" + element + ">");
    return found ? Json(xml_text(*found)) : Json();
  };
  Json categories = Json::array();
  for (const std::string& one : all_between(item, "<category>", "</category>"))
    categories.push_back(xml_text(one));
  return {{"guid", xml_text(between(item, "<guid isPermaLink=\"false\">", "</guid>").value())},
          {"title", text("title")},
          {"link", text("link")},
          {"creator", text("dc:creator")},
          {"published_at", iso_of_rfc822(text("pubDate"))},
          {"categories", categories},
          {"description", text("description")},
          {"content", text("content:encoded")}};
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (int page = 1;; ++page) {
    const Answer answer = client.get(fmt::format("/feed/?paged={}", page));
    if (answer.status == 404 || page == 50) return rows;
    for (const std::string& item : all_between(*answer.body, "<item>", "</item>"))
      rows.push_back(row_of(item));
  }
}

TEST(TechCrunch, keeps_the_promises) { expect_promises("techcrunch", read); }

TEST(TechCrunch, has_what_breaks_careless_readers) {
  World world(11, {{"techcrunch", 300}});
  Client client{world, *find_api("techcrunch")};
  EXPECT_EQ(read(client).size(), 300U) << "over several pages";
  const std::string feed = *client.get("/feed/").body;
  EXPECT_EQ(all_between(feed, "<item>", "</item>").size(), 40U);
  for (const char* trap :
       {"]]]]><![CDATA[>", "&#8217;", "&#x201D;", "&amp;", "&lt;", "dc:creator", "isPermaLink"})
    EXPECT_NE(client.transcript.find(trap), std::string::npos) << trap;
  const std::string truth_text = truth(*world.records("techcrunch"));
  for (const char* trap :
       {"\"creator\":null", "\"description\":null", "\"categories\":[]", "&#8230;", "ミナト"})
    EXPECT_NE(truth_text.find(trap), std::string::npos) << trap;
  EXPECT_EQ(client.get("/feed/?paged=9").status, 404);
  EXPECT_EQ(client.get("/feed/?paged=0").status, 404);
}

}  // namespace
}  // namespace simulator
