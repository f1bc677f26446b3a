// Runs of several pages and partitions on a network that breaks, at every one of its calls in turn and in
// each of the ways it can.
#include <gtest/gtest.h>

#include "collect/slices_fixture_test.hpp"
#include "store/conformance_test.hpp"

namespace {

using collect::Outcome;
using collect::testing::answer;
using collect::testing::fault;
using collect::testing::page;
using collect::testing::World;
using Lines = std::vector<std::string>;

struct Breakage {
  const char* name;
  http::Outcome outcome;
  bool passes;  // by trying again
};

const std::vector<Breakage>& breakages() {
  using base::Code;
  using http::Fate;
  static const std::vector<Breakage> list = {
      {"refused", fault(Fate::not_sent, Code::unavailable, "connection refused"), true},
      {"reset", fault(Fate::sent_unknown, Code::unavailable, "connection reset"), true},
      {"silence", fault(Fate::sent_unknown, Code::timeout, "no answer in 30 s"), true},
      {"error_500", answer(500, "oh no"), true},
      {"web_page", answer(200, "<html>busy</html>"), true},
      {"cut_short", answer(200, R"({"items": [{"id": 1, "na)"), true},
      {"not_found", answer(404, ""), false},
      {"forbidden", answer(403, ""), false},
      {"wrong_shape", answer(200, R"({"items": 5})"), false},
      {"garbage", answer(200, "\x01\x02}{"), false},
  };
  return list;
}

struct Case {
  const store::testing::Engine& engine;
  const Breakage& breakage;
  bool for_good;
};

const char* const parts[] = {"merge", "append", "replace"};

class NetworkFaults : public testing::TestWithParam<Case> {
 protected:
  static config::Collector collector(const std::string& disposition) {
    return collect::testing::items(
        "requester: {url_base: 'https://api.example', path: /items, request_parameters: {p: '{{ partition.p "
        "}}'}, "
        "error_handler: {backoff: {max_attempts: 3}}}\n"
        "partition_router: {type: list, as: p, values: [1, 2]}\n"
        "paginator: {type: page, page_parameter: page, start_page: 1, size_parameter: size, page_size: 2}\n"
        "max_failed_partitions: 50%",
        "write_disposition: " + disposition + ", primary_key: [id]");
  }
  // Each partition has two pages, the second with one row.
  static http::Outcome serve(const http::Request& request) {
    const int partition = request.url.find("p=2") == std::string::npos ? 10 : 20;
    const bool first = request.url.find("page=1") != std::string::npos;
    return answer(200, first ? page({partition, partition + 1}) : page({partition + 2}));
  }

  store::testing::TempFolder folder_;
  World world_{{}, GetParam().engine.open(folder_)};
};

TEST_P(NetworkFaults, WholeSlicesOrNothing) {
  const Case& it = GetParam();
  for (const char* const disposition : parts) {
    const auto items = collector(disposition);
    const bool together = std::string_view(disposition) == "replace";
    for (int at = 1; at <= 4; ++at) {
      SCOPED_TRACE(fmt::format("{}, request {}", disposition, at));
      world_.wipe("items");
      int number = 0;
      world_.transport.respond = [&](const http::Request& request) {
        const bool breaks = it.for_good ? ++number >= at : ++number == at;
        return breaks ? it.breakage.outcome : serve(request);
      };
      const auto report = world_.run(items);
      const std::string rows = world_.has_table("items") ? collect::testing::ids(world_) : "";
      const std::string all = "10 11 12 20 21 22";
      if (it.breakage.passes && !it.for_good) {
        EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
      } else {
        EXPECT_NE(report.run.outcome, Outcome::success);
      }
      EXPECT_TRUE(rows == all || rows.empty() || (!together && (rows == "10 11 12" || rows == "20 21 22")))
          << rows;
      EXPECT_EQ(report.run.outcome == Outcome::success, rows == all) << rows;
      EXPECT_EQ(world_.recorded().outcome, report.run.outcome);
      const std::int64_t committed = world_.count("{pulse}slices WHERE state = 'committed'");
      EXPECT_EQ(committed, rows.empty() ? 0 : together ? 1 : rows == all ? 2 : 1);

      world_.transport.respond = serve;
      world_.clock.sleep_for(std::chrono::minutes{1}, {});  // a circuit that has opened is half open then
      EXPECT_EQ(world_.run(items).run.outcome, Outcome::success);
      EXPECT_EQ(collect::testing::ids(world_), all);
      if (HasFailure()) return;
    }
  }
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const store::testing::Engine& engine : store::testing::engines)
    for (const Breakage& breakage : breakages())
      for (const bool for_good : {false, true})
        if (std::string_view(engine.name) == "sqlite_memory" ||  // a server takes its time: each way once
            (std::string_view(engine.name) == "postgresql" && for_good != breakage.passes))
          cases.push_back({engine, breakage, for_good});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Http, NetworkFaults, testing::ValuesIn(all_cases()), [](const auto& info) {
  return std::string(info.param.engine.name) + "_" + info.param.breakage.name +
         (info.param.for_good ? "_for_good" : "_once");
});

}  // namespace
