#include "web/facts.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace web {
namespace {

using namespace std::chrono_literals;

const base::WallTime noon{std::chrono::seconds{1'763'726'400}};

Facts sample() {
  return {.frame = {.program = "phoenix",
                    .version = "1.2.3",
                    .started_at = noon - 2h,
                    .now = noon,
                    .headline = "Updates do not come in",
                    .mood = &odd,
                    .warnings = {"<b>quota</b>"}},
          .groups = {
              {"Queue", {{"queue.used", "In the queue", "12 of 1,000"}, {"queue.oldest", "Oldest", "<3 s>"}}},
              {"API", {{"api.remaining", "Calls left today", "7,000"}}}}};
}

TEST(FactsTest, ThePageShowsEveryFactAndEscapesWhatCameFromOutside) {
  const std::string html = facts_page(sample());
  for (const std::string_view part :
       {"<title>Updates do not come in – phoenix</title>", "headline odd", "<table class=\"facts\"",
        "<caption>Queue</caption>", "In the queue", "12 of 1,000", "&lt;3 s&gt;", "&lt;b&gt;quota&lt;/b&gt;",
        "<caption>API</caption>", "7,000", "up for <time", "2 h"})
    EXPECT_NE(html.find(part), std::string::npos) << part;
  EXPECT_EQ(html.find("<3 s>"), std::string::npos);
}

// On a narrow screen other tables become one card a row; of facts, name and value stay on one line.
TEST(FactsTest, TheStyleKnowsTablesOfFacts) {
  const std::string html = facts_page(sample());
  const std::size_t narrow = html.find("@media (max-width");
  ASSERT_NE(narrow, std::string::npos);
  EXPECT_NE(html.find(".facts tr {", narrow), std::string::npos);
}

TEST(FactsTest, TheJsonHasTheSameFactsByTheirKeys) {
  const std::string json = facts_json(sample());
  for (const std::string_view part :
       {R"("state": "odd")", R"("queue.used": "12 of 1,000")", R"("queue.oldest": "<3 s>")",
        R"("api.remaining": "7,000")", R"("headline": "Updates do not come in")"})
    EXPECT_NE(json.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace web
