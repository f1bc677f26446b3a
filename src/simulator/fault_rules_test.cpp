#include "simulator/fault_rules.hpp"

#include <gtest/gtest.h>

namespace simulator {
namespace {

using Kind = FaultRule::Kind;

FaultRule rule(std::string_view text) {
  const auto parsed = parse_rule(text);
  EXPECT_TRUE(parsed.has_value() && parsed->has_value()) << text;
  return parsed && *parsed ? **parsed : FaultRule{};
}

TEST(FaultRules, words_are_read) {
  EXPECT_EQ(rule("latency 50").amount, 50U);
  EXPECT_EQ(rule(" latency  50\tjitter 10 count 3\r\n").jitter, 10U);
  EXPECT_EQ(rule("latency 50 jitter 10 count 3").count, 3U);
  EXPECT_EQ(rule("bandwidth 1000").kind, Kind::bandwidth);
  EXPECT_EQ(rule("reset 0").amount, 0U);
  EXPECT_EQ(rule("truncate 7 count 1").count, 1U);
  EXPECT_EQ(rule("half-open").kind, Kind::half_open);
  EXPECT_EQ(rule("black-hole").kind, Kind::black_hole);
  EXPECT_EQ(rule("refuse count 2").count, 2U);
  EXPECT_EQ(rule("drop-answer 2").amount, 2U);
  const auto clear = parse_rule("clear");
  EXPECT_TRUE(clear.has_value() && !clear->has_value());
}

TEST(FaultRules, mistakes_are_named) {
  for (const char* text :
       {"", " ", "late", "latency", "latency x", "latency -1", "latency 1.5", "latency 50 jitter",
        "bandwidth 0", "drop-answer 0", "refuse 3", "refuse count", "refuse count 0", "half-open jitter 3",
        "clear all", "reset 5 count 1 more", "latency 50 50", "reset 99999999999999999999"}) {
    const auto parsed = parse_rule(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, base::Code::invalid_data);
  }
}

TEST(FaultRules, a_counted_rule_reaches_that_many_connections) {
  FaultRules rules;
  rules.set(rule("refuse count 2"));
  RuleShare first, second, third;
  for (int again = 0; again < 3; ++again)
    for (RuleShare* share : {&first, &second, &third}) rules.grant(*share);
  EXPECT_NE(rules.find(first, Kind::refuse), nullptr);
  EXPECT_NE(rules.find(second, Kind::refuse), nullptr);
  EXPECT_EQ(rules.find(third, Kind::refuse), nullptr);
  EXPECT_EQ(rules.find(first, Kind::half_open), nullptr);

  rules.set(rule("refuse count 1"));  // a new rule has a count of its own
  EXPECT_EQ(rules.find(first, Kind::refuse), nullptr);
  rules.grant(third);
  EXPECT_NE(rules.find(third, Kind::refuse), nullptr);
  rules.clear();
  EXPECT_EQ(rules.find(third, Kind::refuse), nullptr);
}

TEST(FaultRules, drop_answer_counts_exchanges_from_when_it_was_set) {
  FaultRules rules;
  EXPECT_FALSE(rules.begin_exchange());
  rules.set(rule("drop-answer 2"));
  EXPECT_FALSE(rules.begin_exchange());
  EXPECT_TRUE(rules.begin_exchange());
  EXPECT_FALSE(rules.begin_exchange());
  rules.set(rule("drop-answer 1 count 2"));
  EXPECT_TRUE(rules.begin_exchange());
  EXPECT_TRUE(rules.begin_exchange());
  EXPECT_FALSE(rules.begin_exchange());
}

}  // namespace
}  // namespace simulator
