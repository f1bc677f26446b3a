#include "http/host_gate.hpp"

#include <gtest/gtest.h>

#include "http/hosts.hpp"

namespace {

using namespace std::chrono_literals;
using base::SteadyTime;
using http::HostGate;
using http::Request;
using CallResult = HostGate::CallResult;

const Request get{.url = "https://api.example/items", .expect = Request::Expect::json};
const Request post{.method = "POST", .url = "https://api.example/items", .idempotent = false};

void call(HostGate& gate, CallResult result, SteadyTime now, const Request& request = get) {
  const auto permit = gate.enter(now);
  ASSERT_TRUE(permit);
  gate.leave(*permit, result, 1s, now, {&request, "connection refused"});
}

struct Host {
  SteadyTime now{1h};
  std::vector<bool> changes;
  HostGate gate{http::GateOptions{}, [this](bool is_open) { changes.push_back(is_open); }};
  void fail(int times = 10, const Request& request = get) {
    for (int i = 0; i < times; ++i) call(gate, CallResult::failure, now, request);
  }
};

TEST(HostGate, OpensByTheUsualNumbersAndTellsOnce) {
  Host host;
  host.fail(9);
  EXPECT_FALSE(host.gate.shut(host.now));
  host.fail(1);
  EXPECT_EQ(host.gate.shut(host.now), host.now + 30s);
  EXPECT_FALSE(host.gate.enter(host.now));
  EXPECT_EQ(host.gate.last_cause(), "connection refused");
  EXPECT_EQ(host.changes, (std::vector<bool>{true}));
}

TEST(HostGate, OneCanaryEveryHalfMinuteUntilItSucceeds) {
  Host host;
  host.fail();
  EXPECT_EQ(host.gate.canary_at(host.now), host.now + 30s);
  const auto canary = host.gate.canary();
  ASSERT_TRUE(canary);
  EXPECT_EQ(canary->url, get.url);
  EXPECT_EQ(canary->expect, Request::Expect::anything);
  for (int i = 0; i < 5; ++i) {
    host.now += 30s;
    EXPECT_LE(*host.gate.canary_at(host.now), host.now);
    call(host.gate, CallResult::failure, host.now, *canary);
    EXPECT_EQ(host.gate.shut(host.now), host.now + 30s);
  }
  host.now += 30s;
  call(host.gate, CallResult::success, host.now);
  EXPECT_FALSE(host.gate.is_open(host.now));
  EXPECT_FALSE(host.gate.canary());
  EXPECT_FALSE(host.gate.canary_at(host.now));
  EXPECT_EQ(host.changes, (std::vector<bool>{true, false}));
}

TEST(HostGate, TheCanaryRestsWhenNobodyWantsToKnow) {
  Host host;
  host.fail();
  EXPECT_TRUE(host.gate.canary_at(host.now + 10min));
  EXPECT_TRUE(host.gate.is_wanted(host.now + 10min));
  EXPECT_FALSE(host.gate.is_wanted(host.now + 10min + 1s));
  EXPECT_FALSE(host.gate.canary_at(host.now + 10min + 1s));
  EXPECT_FALSE(host.gate.shut(host.now + 10min + 1s));  // its time is over: whoever asks now is the probe
  call(host.gate, CallResult::failure, host.now + 11min);
  EXPECT_TRUE(host.gate.shut(host.now + 11min));
  EXPECT_FALSE(host.gate.canary_at(host.now + 11min));
  host.gate.turned_away(get, host.now + 11min);
  EXPECT_TRUE(host.gate.canary_at(host.now + 11min));
}

TEST(HostGate, WhatMayNotBeSentLaterIsNoCanary) {
  Request edit = post;
  edit.idempotent = true;
  edit.may_be_canary = false;
  Host host;
  host.fail(10, edit);
  host.gate.turned_away(edit, host.now);
  EXPECT_FALSE(host.gate.canary());
  host.gate.turned_away(get, host.now);
  EXPECT_EQ(host.gate.canary()->url, get.url);
}

TEST(HostGate, WhatMayNotBeRepeatedIsNoCanary) {
  Host host;
  host.fail(10, post);
  EXPECT_TRUE(host.gate.is_open(host.now));
  EXPECT_FALSE(host.gate.canary());
  EXPECT_FALSE(host.gate.canary_at(host.now));
}

TEST(HostGate, AfterAnOutageThePaceGrowsWithEveryAnswer) {
  Host host;
  EXPECT_EQ(host.gate.pace(host.now), host.now);
  EXPECT_EQ(host.gate.pace(host.now), host.now);  // in good times, as they come
  host.fail();
  host.now += 30s;
  call(host.gate, CallResult::success, host.now);
  EXPECT_EQ(host.gate.pace(host.now), host.now);
  EXPECT_EQ(host.gate.pace(host.now), host.now + 200ms);
  EXPECT_EQ(host.gate.pace(host.now), host.now + 400ms);
  call(host.gate, CallResult::success, host.now);         // 100 ms
  EXPECT_EQ(host.gate.pace(host.now), host.now + 600ms);  // places that were given stay
  EXPECT_EQ(host.gate.pace(host.now), host.now + 700ms);
  for (int i = 0; i < 5; ++i) call(host.gate, CallResult::success, host.now);  // 50, 25, 12.5, 6.25, none
  EXPECT_EQ(host.gate.pace(host.now), host.now);
}

TEST(HostGate, SlowCallsCountByTheirOwnTimeout) {
  const auto open_after = [](base::Duration elapsed, std::chrono::milliseconds timeout) {
    Host host;
    Request request = get;
    request.timeout = timeout;
    for (int i = 0; i < 10; ++i) {
      const auto permit = host.gate.enter(host.now);
      if (permit) host.gate.leave(*permit, CallResult::success, elapsed, host.now, {&request});
    }
    return host.gate.is_open(host.now);
  };
  EXPECT_FALSE(open_after(24s, 30s));
  EXPECT_TRUE(open_after(25s, 30s));
  EXPECT_FALSE(open_after(60s, 5min)) << "a large file takes its time";

  Host host;
  for (int i = 0; i < 10; ++i) {
    const auto permit = host.gate.enter(host.now);
    host.gate.leave(*permit, CallResult::success, 25s, host.now, {&get});
  }
  EXPECT_EQ(host.gate.last_cause(), "its answers take too long");
  EXPECT_TRUE(host.gate.canary());
  host.now += 30s;
  const auto probe = host.gate.enter(host.now);
  ASSERT_TRUE(probe);
  host.gate.leave(*probe, CallResult::success, 25s, host.now, {&get});
  EXPECT_FALSE(host.gate.is_open(host.now)) << "it has answered";
}

TEST(HostGate, WhoeverIsTurnedAwayIsTheNextCanary) {
  Host host;
  host.fail();
  Request other = get;
  other.url = "https://api.example/other";
  host.gate.turned_away(other, host.now);
  EXPECT_EQ(host.gate.canary()->url, other.url);
  host.gate.turned_away(post, host.now);
  EXPECT_EQ(host.gate.canary()->url, other.url);
}

TEST(Hosts, OneGateForEachHostThatTellsItsName) {
  http::Hosts hosts;
  std::vector<std::string> told;
  hosts.on_change(
      [&](const std::string& host, bool is_open) { told.push_back(host + (is_open ? " open" : " back")); });
  SteadyTime now{1h};
  const auto one = hosts.gate("one.example", now), two = hosts.gate("two.example", now);
  EXPECT_EQ(one, hosts.gate("one.example", now));
  EXPECT_NE(one, two);
  EXPECT_FALSE(hosts.next_canary(now));
  for (int i = 0; i < 10; ++i) call(*two, CallResult::failure, now);
  EXPECT_EQ(hosts.next_canary(now), now + 30s);
  ASSERT_EQ(hosts.open(now).size(), 1U);
  EXPECT_EQ(hosts.open(now).front().host, "two.example");
  EXPECT_TRUE(hosts.canaries_due(now + 29s).empty());
  EXPECT_EQ(hosts.canaries_due(now + 30s).size(), 1U);
  call(*two, CallResult::success, now + 30s);
  EXPECT_EQ(told, (std::vector<std::string>{"two.example open", "two.example back"}));
}

TEST(Hosts, BeginGently) {
  http::Hosts hosts;
  const SteadyTime now{1h};
  const auto before = hosts.gate("a.example", now);
  hosts.begin_gently();
  for (const auto& gate : {before, hosts.gate("b.example", now)}) {
    EXPECT_EQ(gate->pace(now), now);
    EXPECT_EQ(gate->pace(now), now + 200ms);
  }
}

TEST(Hosts, MemoryIsBoundedByIdleOnesThatGo) {
  http::Hosts hosts;
  SteadyTime now{1h};
  const auto kept = hosts.gate("kept.example", now);
  for (std::size_t i = 0; i < http::Hosts::max_hosts; ++i) {
    const auto gate = hosts.gate("host" + std::to_string(i), now);
    EXPECT_FALSE(gate->shut(now));
  }
  now += 2h;
  const auto fresh = hosts.gate("one-more.example", now);
  EXPECT_EQ(hosts.gate("kept.example", now), kept);  // in use
  EXPECT_EQ(hosts.gate("one-more.example", now), fresh);
}

}  // namespace
