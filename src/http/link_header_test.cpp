#include "http/link_header.hpp"

#include <gtest/gtest.h>

namespace {

using http::link_target;
using http::Response;

Response with(std::vector<std::string> links) {
  Response response{.status = 200, .url = "https://api.example/v1/items?page=1"};
  for (std::string& link : links) response.headers.push_back({"link", std::move(link)});
  return response;
}

std::string next(std::vector<std::string> links) {
  return link_target(with(std::move(links)), "next").value_or("");
}

const std::string page2 = "https://api.example/v1/items?page=2";

TEST(LinkHeader, EverySpellingOfOneLink) {
  for (const std::string& link : std::vector<std::string>{
           "<" + page2 + ">; rel=\"next\"",
           "<" + page2 + ">; rel=next",
           "<" + page2 + ">;rel=next",
           "<" + page2 + ">  ;\t rel = \"next\" ",
           "<" + page2 + ">; REL=NEXT",
           "<" + page2 + ">; rel=\"Next\"",
           "<" + page2 + ">; rel=\"last next\"",
           "<" + page2 + ">; rel=\"  next\tlast \"",
           "<" + page2 + ">; title=\"a, b; <c>\"; rel=\"next\"",
           "<" + page2 + ">; title=\"quoted \\\" rel=prev, \"; rel=next",
           "<" + page2 + ">; rel=\"ne\\xt\"",
           "<" + page2 + ">; crossorigin; rel=next; rel=prev",
           "< " + page2 + " >; rel=next",
           "<" + page2 + ">; anchor=\"\"; rel=next",
           "<" + page2 + ">; anchor=\"/v1/items?page=1\"; rel=next",
           "</v1/items?page=2>; rel=next",
           "<items?page=2>; rel=next",
           "<?page=2>; rel=next",
           "<//api.example/v1/items?page=2#top>; rel=next",
       })
    EXPECT_EQ(next({link}), page2) << link;
}

TEST(LinkHeader, OneOfSeveral) {
  EXPECT_EQ(next({"<?page=1>; rel=prev, <?page=2>; rel=next, <?page=3>; rel=last"}), page2);
  EXPECT_EQ(next({"<?page=1>; rel=prev", "<?page=9>; rel=last,,<?page=2>; rel=\"next\""}), page2);
  EXPECT_EQ(next({"<?page=2>; rel=next, <?page=3>; rel=next"}), page2);  // the first
  EXPECT_EQ(link_target(with({"<?page=2>; rel=next, <?page=9>; rel=last"}), "last"),
            "https://api.example/v1/items?page=9");
  EXPECT_EQ(next({"<?ids=1,2;3&page=2>; rel=next"}), "https://api.example/v1/items?ids=1,2;3&page=2");
  Response response = with({});
  response.headers = {
      {"link", "<?page=1>; rel=prev"}, {"x", "<?page=5>; rel=next"}, {"link", "<?page=2>; rel=next"}};
  EXPECT_EQ(link_target(response, "next"), page2);
  EXPECT_EQ(link_target(with({"<?page=2>; rel=\"https://rel.example/More x\""}), "https://rel.example/more"),
            page2);
}

TEST(LinkHeader, NoSuchLink) {
  for (const char* link : {"",
                           ",",
                           ";",
                           "<",
                           ">",
                           "<>",
                           "<>; rel=next",
                           "<?page=2>",
                           "<?page=2>; rel",
                           "<?page=2>; rel=",
                           "<?page=2; rel=next",
                           "?page=2; rel=next",
                           "<?page=2>; rel=nextpage",
                           "<?page=2>; rel=\"nex t\"",
                           "<?page=2>; rev=next",
                           "<?page=2>; rel=prev; rel=next",
                           "<?page=2>; rel=\"\"",
                           "<?page=2>; title=\"; rel=next",
                           "<?page=2>; title=\"x; rel=next\\",
                           "<ftp://api.example/x>; rel=next",
                           "<?page=2>, rel=next",
                           "<?page=2>; anchor=\"/v1/other\"; rel=next",
                           "<javascript:x>; rel=next"})
    EXPECT_EQ(next({link}), "") << link;
  EXPECT_EQ(link_target({}, "next"), std::nullopt);
}

TEST(LinkHeader, JunkBeforeALinkIsSkipped) {
  EXPECT_EQ(next({"junk \"a, <?page=8>; rel=next\" more, <?page=2>; rel=next"}), page2);
  EXPECT_EQ(next({"<?page=8>junk\"; rel=next\", <?page=2>; rel=next"}), page2);
  EXPECT_EQ(next({"<ftp://x/>; rel=next, <?page=2>; rel=next"}), page2);
}

TEST(LinkHeader, WithoutTheUrlOfTheAnswerOnlyAbsoluteTargets) {
  EXPECT_EQ(link_target({.headers = {{"link", "<" + page2 + ">; rel=next"}}}, "next"), page2);
  EXPECT_EQ(link_target({.headers = {{"link", "<?page=2>; rel=next"}}}, "next"), std::nullopt);
}

}  // namespace
