// Runs that somebody asks for by hand.
#include "keeper/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using collect::Outcome;
using keeper::testing::good;
using keeper::testing::House;
using keeper::testing::Texts;

const char* const by_hand_only = "";
const char* const hourly = "schedule: {every: 1h}\n";

struct Asked {
  int answers = 0;
  bool begun = false;
  std::string refused;  // because of this
  std::stop_source stop;

  void of(House& house, const std::string& name, base::Duration patience = {}) {
    keeper::Request request;
    request.collector = house.roster.members[*house.roster.find(name)].collector;
    request.options.started_by = collect::StartedBy::request;
    request.deadline = house.clock.steady() + patience;
    request.stop = stop.get_token();
    request.on_end = [this](const std::optional<collect::RunReport>& report) {
      ++answers;
      begun = report && report->begun;
      if (report && report->busy) refused = report->run.error;
    };
    house.scheduler->request(std::move(request));
    house.scheduler->turn();
  }
};

TEST(SchedulerRequests, StartAtOnce) {
  House house({good("a", by_hand_only)});
  Asked asked;
  asked.of(house, "a");
  EXPECT_EQ(house.launched(), Texts{"a!"});
  EXPECT_EQ(asked.answers, 0);
  house.end(house.begin());
  EXPECT_EQ(asked.answers, 1);
  EXPECT_TRUE(asked.begun);
}

TEST(SchedulerRequests, WaitForRoomUntilTheirDeadline) {
  House house({good("a"), good("b"), good("c")}, 1);
  Asked a, b, c;
  a.of(house, "a");
  b.of(house, "b", 1min);
  c.of(house, "c", 10min);
  EXPECT_EQ(house.launched(), Texts{"a!"});
  house.live(59s);
  EXPECT_EQ(b.answers, 0);
  EXPECT_EQ(house.scheduler->rest(), 1s);
  house.live(1s);
  EXPECT_EQ(b.answers, 1);
  EXPECT_FALSE(b.begun);
  EXPECT_NE(b.refused.find("all workers of the daemon are busy (1 of 1"), std::string::npos) << b.refused;
  house.end(house.begin());
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), Texts{"c!"});
  EXPECT_EQ(c.answers, 0);
}

TEST(SchedulerRequests, OneRunOfACollectorAndOfAGroupAtATime) {
  House house({good("a", hourly), good("b", "concurrency_group: g\n"), good("c", "concurrency_group: g\n")});
  house.scheduler->turn();  // a's own slot
  Asked a, b, c, at_once;
  a.of(house, "a", 1h);
  b.of(house, "b");
  c.of(house, "c", 1h);
  at_once.of(house, "c");
  EXPECT_EQ(at_once.answers, 1);
  EXPECT_NE(at_once.refused.find("concurrency_group \"g\""), std::string::npos) << at_once.refused;
  Asked twin;
  twin.of(house, "a");
  EXPECT_EQ(twin.refused, "the daemon is collecting it already");
  EXPECT_EQ(house.launched(), (Texts{"a 0", "b!"}));
  house.end(house.begin(0), Outcome::success, 0);
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), Texts{"a!"});
  house.end(house.begin(1), Outcome::success, 1);
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), Texts{"c!"});
}

TEST(SchedulerRequests, KeepTheirGroupFromTheSchedule) {
  House house(
      {good("a", "concurrency_group: g\n"), good("b", "schedule: {every: 1h}\nconcurrency_group: g\n")}, 4);
  Asked a;
  a.of(house, "a");
  EXPECT_EQ(house.launched(), Texts{"a!"});
  house.end(house.begin());
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), Texts{"b 0"});
}

TEST(SchedulerRequests, EndWhenWhoeverAskedIsGone) {
  House house({good("a"), good("b")}, 1);
  Asked a, b;
  a.of(house, "a");
  b.of(house, "b", 1h);
  b.stop.request_stop();
  house.scheduler->turn();
  EXPECT_EQ(b.answers, 1);
  EXPECT_FALSE(b.begun);
  EXPECT_EQ(b.refused, "");
  EXPECT_FALSE(house.launches[0].stop.stop_requested());
  a.stop.request_stop();
  EXPECT_TRUE(house.launches[0].stop.stop_requested());
  house.end(house.begin(), Outcome::cancelled);
  EXPECT_EQ(a.answers, 1);
}

TEST(SchedulerRequests, TakeTheOpenSlot) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  house.end(house.begin(), Outcome::failed);
  Asked a;
  a.of(house, "a");
  house.end(house.begin());
  EXPECT_EQ(house.slots(), Texts{"0 done success"});
  house.live(50min);
  EXPECT_EQ(house.launched(), (Texts{"a 0", "a!"}));
}

TEST(SchedulerRequests, AreAnsweredByAStop) {
  House house({good("a"), good("b")}, 1);
  Asked a, b, late;
  a.of(house, "a");
  b.of(house, "b", 1h);
  house.scheduler->stop();
  EXPECT_EQ(b.answers, 1);
  EXPECT_TRUE(house.launches[0].stop.stop_requested());
  late.of(house, "b", 1h);
  EXPECT_EQ(late.answers, 1);
  house.end(house.begin(), Outcome::cancelled);
  EXPECT_EQ(a.answers, 1);
  EXPECT_EQ(house.launched(), Texts{"a!"});
}

TEST(SchedulerRequests, ThatAreBusyElsewhereSaySo) {
  House house({good("a")});
  Asked a;
  a.of(house, "a");
  house.refuse(true);
  EXPECT_EQ(a.answers, 1);
  EXPECT_FALSE(a.begun);
}

// A store that does not answer is no reason to keep anybody waiting for longer than he wants.
TEST(SchedulerRequests, KeepTheirDeadlineWhileTheStoreIsSilent) {
  House house({good("a")});
  house.silence();
  Asked a, b;
  a.of(house, "a", 1min);
  b.of(house, "a", 1h);
  house.live(59s);
  EXPECT_EQ(a.answers, 0);
  house.live(3s);
  EXPECT_EQ(a.answers, 1);
  EXPECT_NE(a.refused.find("the store does not answer"), std::string::npos) << a.refused;
  b.stop.request_stop();
  house.live(3s);
  EXPECT_EQ(b.answers, 1);
  EXPECT_EQ(house.launched(), Texts{});
}

TEST(SchedulerRequests, MayAskAgainWhenTheyEnd) {
  House house({good("a"), good("b")}, 1);
  Asked a, again;
  a.of(house, "a");
  keeper::Request request;
  request.collector = house.roster.members[1].collector;
  request.deadline = house.clock.steady();
  request.on_end = [&](const auto&) {
    keeper::Request next;
    next.collector = house.roster.members[1].collector;
    next.deadline = house.clock.steady() + 1h;
    next.on_end = [](const auto&) {};
    house.scheduler->request(std::move(next));
  };
  house.scheduler->request(std::move(request));
  house.scheduler->turn();
  house.end(house.begin());
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), (Texts{"a!", "b!"}));
}

}  // namespace
