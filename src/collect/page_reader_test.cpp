#include "collect/page_reader.hpp"

#include <gtest/gtest.h>

#include "collect/slices_fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using collect::PageSet;
using collect::testing::answer;
using collect::testing::items;
using collect::testing::page;
using collect::testing::World;

// RT4: what an answer asks for is handed on, with the request that it answers.
TEST(PageReader, HandsOnHowLongTheBodyAsksToBackOff) {
  struct Row {
    std::string body;
    base::Duration wait;  // 0: nothing is said
  };
  for (const Row& row : {
           Row{page({1}, R"(, "backoff": 10)"), 10s},
           Row{page({1}, R"(, "backoff": 86400)"), 24h},
           Row{page({}, R"(, "backoff": 1)"), 1s},
           Row{page({1}), 0s},
           Row{page({1}, R"(, "backoff": 0)"), 0s},
           Row{page({1}, R"(, "backoff": -1)"), 0s},
           Row{page({1}, R"(, "backoff": 86401)"), 0s},
           Row{page({1}, R"(, "backoff": 99999999999999999999)"), 0s},
           Row{page({1}, R"(, "backoff": 1.5)"), 0s},
           Row{page({1}, R"(, "backoff": "10")"), 0s},
           Row{page({1}, R"(, "quota": {"backoff": 10})"), 0s},
           Row{R"({"backoff": 10})", 0s},
       }) {
    World world({answer(200, row.body)});
    const auto collector = items("", "primary_key: [id]");
    config::RecordSelector selector;
    const collect::PageReaderParts parts{world.engine, world.clock, world.redactor};
    collect::PageReader reader(parts, collector.requester, collector.paginator, collector.decoder, selector);
    http::FetchOptions fetch{.deadline = world.clock.steady() + 1h};
    PageSet set;
    collect::Recognition recognition({}, {});
    const auto read = reader.read(
        {{}, fetch, &recognition}, [](auto) { return base::Result<void>(); },
        [] { return base::Result<void>(); }, set, {});
    ASSERT_TRUE(read) << read.error().message;
    const auto budgets = world.engine.budgets().states();
    if (row.wait == 0s) {
      EXPECT_TRUE(budgets.empty()) << row.body;
    } else {
      ASSERT_EQ(budgets.size(), 1U) << row.body;
      EXPECT_EQ(budgets[0].host, "api.example");
      EXPECT_EQ(budgets[0].not_before, world.clock.wall() + row.wait) << row.body;
      EXPECT_EQ(set.answer, collect::Validators{}) << "it must be read again, or it would not be heard";
    }
  }
}

}  // namespace
