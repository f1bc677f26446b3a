// The database breaks at every call in turn, and processes die: at least once what may be repeated, at most
// once the rest, and nothing is forgotten.
#include <atomic>

#include "outbox/courier_fixture_test.hpp"
#include "store/faulty_database_test.hpp"

namespace {

using namespace std::chrono_literals;
using namespace outbox::testing;
using outbox::Claimed;
using outbox::CourierOptions;
using outbox::Delivery;
using outbox::Message;
using outbox::Priority;
using store::testing::FaultyDatabase;

class CourierFaults : public CourierTest {
 protected:
  // Half of them must not be sent twice.
  std::vector<std::int64_t> some_messages() {
    sql("DELETE FROM {ledger}outbox");
    std::vector<Message> messages;
    for (int i = 0; i < 6; ++i) {
      messages.push_back(message_to(std::to_string(i % 3)));
      messages.back().repeatable = i % 2 == 0;
    }
    auto ids = add(messages);
    ids.push_back(add(message_to("0", Priority::result, ids[0])));
    return ids;
  }
  // Times pass quickly here, but no lease ends.
  const CourierOptions options_{.carriers = 2, .lease = 10'000h, .look_every = 1s};
};

TEST_P(CourierFaults, AFailureOfTheDatabaseSendsNothingTwice) {
  FaultyDatabase faulty(*database_);
  int n = 0;
  do {
    const auto ids = some_messages();
    ScriptedChannel channel;
    faulty.fail_at(++n, FaultyDatabase::Lasting::once);
    Running running(faulty, clock_, channel, options_);
    ASSERT_TRUE(eventually([&] {
      clock_.advance(1s);
      return running.ends().size() == ids.size();
    })) << n
        << " " << faulty.where();
    running.stop();
    for (const auto& [id, times] : channel.times()) EXPECT_EQ(times, 1) << n << " " << faulty.where();
    for (const auto id : ids) EXPECT_EQ(state(id), "sent") << n << " " << faulty.where();
    EXPECT_LE(running.faults(), 1) << "told once";
  } while (faulty.fired() && n < 200);
  EXPECT_GT(n, 10);
}

TEST_P(CourierFaults, AProcessThatDiesAnywhereForgetsNothing) {
  FaultyDatabase faulty(*database_);
  int n = 0, unknown = 0;
  bool fired = false;
  do {
    const auto ids = some_messages();
    ScriptedChannel channel;
    faulty.fail_at(++n, FaultyDatabase::Lasting::for_good);
    {
      Running dying(faulty, clock_, channel, options_);
      ASSERT_TRUE(eventually([&] {
        clock_.advance(1s);
        return dying.faults() > 0 || dying.ends().size() == ids.size();
      }));
      dying.stop();
    }
    fired = faulty.fired();
    faulty.heal();
    lose_claims();
    Running next(*database_, clock_, channel, options_);
    ASSERT_TRUE(eventually([&] {
      clock_.advance(1s);
      return standing().pending + standing().sending == 0;
    })) << n;
    next.stop();
    const auto times = channel.times();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const int sent = times.contains(ids[i]) ? times.at(ids[i]) : 0;
      if (i % 2 == 0) {
        EXPECT_GE(sent, 1) << n;
        EXPECT_EQ(state(ids[i]), "sent") << n;
      } else {
        EXPECT_LE(sent, 1) << n;
        if (state(ids[i]) == "dropped: fate unknown")
          ++unknown;
        else
          EXPECT_EQ(sent, 1) << n;
      }
    }
  } while (fired && n < 200);
  EXPECT_GT(n, 10);
  EXPECT_GT(unknown, 0);
}

// A process that loses its lease and gets it again runs the same courier once more.
TEST_P(CourierFaults, WhatThreeFarewellsCouldNotWriteTheNextRunWrites) {
  std::atomic<bool> delays = false;
  channel_.on_when = [&](const Claimed&, base::SteadyTime now) { return delays ? now + 1h : now; };
  channel_.on_deliver = [](const Claimed& message, std::stop_token stop) {
    if (message.attempt == 1) {
      EXPECT_TRUE(eventually([&] { return stop.stop_requested(); }));
    }
    return Delivery{.how = message.message.address == "sent" ? Delivery::How::sent : Delivery::How::again};
  };
  std::vector<Message> messages;
  for (const char* address : {"sent", "refused", "3", "4", "5", "6", "7", "8"})
    messages.push_back(message_to(address, Priority::answer));
  const auto ids = add(messages);

  FaultyDatabase faulty(*database_);
  std::vector<std::int64_t> ended;  // by the thread that runs
  std::atomic<int> faults = 0;
  CourierOptions options = options_;
  options.owner = "test";
  options.in_hand = 4;
  options.on_end = [&](const Claimed& message, const Delivery&) { ended.push_back(message.id); };
  options.on_fault = [&](const base::Error&) { ++faults; };
  outbox::Courier courier(faulty, clock_, base::Rng(1), channel_, options);
  const auto run = [&](const std::stop_token& stop) { courier.run(stop); };

  std::jthread first(run);
  ASSERT_TRUE(eventually([&] { return channel_.count() == 2 && standing().sending == 4; }));
  faulty.fail_at(1, FaultyDatabase::Lasting::for_good);
  first.request_stop();
  first.join();
  EXPECT_EQ(faulty.calls(), 3) << "no more tries than promised, each ends at the first call";
  EXPECT_EQ(faults, 1);
  EXPECT_FALSE(courier.idle()) << "one is to be written down";
  EXPECT_EQ(standing().sending, 4);

  faulty.heal();
  delays = true;
  std::jthread second(run);
  ASSERT_TRUE(eventually([&] {
    clock_.advance(1s);
    return state(ids[0]) == "sent";
  }));
  // None of those before takes a place, and none has left one too many.
  ASSERT_TRUE(eventually([&] { return standing().sending == 4; })) << standing().sending;
  for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_LE(attempts(ids[i]), 1) << "the stop is no attempt";
  second.request_stop();
  second.join();
  EXPECT_EQ(ended, std::vector{ids[0]}) << "told once it is written, and once";
  EXPECT_EQ(channel_.times().at(ids[0]), 1) << "what is sent is not sent again";
  EXPECT_EQ(standing().sending, 0);
  EXPECT_EQ(standing().pending, 7);
}

INSTANTIATE_TEST_SUITE_P(Engines, CourierFaults, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
