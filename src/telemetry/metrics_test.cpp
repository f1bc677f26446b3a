#include "telemetry/metrics.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace telemetry {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool has_line(const Metrics& metrics, const std::string& wanted) {
  for (const std::string& line : lines_of(metrics.exposition()))
    if (line == wanted) return true;
  return false;
}

TEST(Metrics, every_line_of_the_exposition_is_of_the_format) {
  Metrics metrics;
  metrics.counter("pulse_runs_total", "Runs that ended.", {{"collector", "kev"}, {"outcome", "success"}})
      .add(3);
  metrics.counter("pulse_runs_total", "Runs that ended.", {{"collector", "kev"}, {"outcome", "failed"}})
      .add();
  metrics.gauge("pulse_last_tick_seconds", "Last tick.").set(-1.5);
  metrics.histogram("pulse_run_seconds", "Duration.", {{"collector", "kev"}}).observe(0.2);

  const std::regex help(R"(# HELP [a-z_]+ .+)");
  const std::regex type(R"(# TYPE ([a-z_]+) (counter|gauge|histogram))");
  const std::regex series(R"re(([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[0-9.e+-]+|\+Inf))re");
  std::set<std::string> typed;
  int series_seen = 0;
  for (const std::string& line : lines_of(metrics.exposition())) {
    std::smatch match;
    if (std::regex_match(line, match, type)) {
      EXPECT_TRUE(typed.insert(match[1]).second) << "a second TYPE: " << line;
    } else if (!std::regex_match(line, help)) {
      ASSERT_TRUE(std::regex_match(line, match, series)) << line;
      const std::string name = std::regex_replace(match[1].str(), std::regex("_(bucket|sum|count)$"), "");
      EXPECT_TRUE(typed.contains(name)) << "a series before its TYPE: " << line;
      ++series_seen;
    }
  }
  EXPECT_EQ(typed,
            (std::set<std::string>{"pulse_runs_total", "pulse_last_tick_seconds", "pulse_run_seconds"}));
  EXPECT_EQ(series_seen, 2 + 1 + 16 + 3);  // histogram: 16 bounds, +Inf, sum, count
  EXPECT_TRUE(has_line(metrics, R"(pulse_runs_total{collector="kev",outcome="success"} 3)"));
  EXPECT_TRUE(has_line(metrics, "# HELP pulse_runs_total Runs that ended."));
}

TEST(Metrics, label_values_and_help_are_escaped) {
  Metrics metrics;
  metrics.gauge("pulse_odd", "a\\b\nc", {{"name", "a\"b\\c\nd"}}).set(1);
  EXPECT_TRUE(has_line(metrics, R"(pulse_odd{name="a\"b\\c\nd"} 1)")) << metrics.exposition();
  EXPECT_TRUE(has_line(metrics, R"(# HELP pulse_odd a\\b\nc)")) << metrics.exposition();
}

TEST(Metrics, same_name_and_labels_are_the_same_series) {
  Metrics metrics;
  Counter first = metrics.counter("pulse_rows_total", "Rows.", {{"a", "1"}, {"b", "2"}});
  Counter second = metrics.counter("pulse_rows_total", "Other words.", {{"b", "2"}, {"a", "1"}});
  Counter other = metrics.counter("pulse_rows_total", "Rows.", {{"a", "1"}, {"b", "3"}});
  first.add(2);
  second.add(3);
  other.add(7);
  EXPECT_EQ(first.value(), 5);
  EXPECT_EQ(other.value(), 7);

  metrics.gauge("pulse_depth", "Depth.").set(4);
  metrics.gauge("pulse_depth", "Depth.").set(9);
  EXPECT_EQ(metrics.gauge("pulse_depth", "Depth.").value(), 9);
}

TEST(Metrics, histogram_buckets_reach_from_5_ms_to_10_minutes) {
  Metrics metrics;
  Histogram histogram = metrics.histogram("pulse_run_seconds", "Duration.");
  for (const double seconds : {0.004, 0.005, 0.006, 599.0, 601.0}) histogram.observe(seconds);
  EXPECT_TRUE(has_line(metrics, R"(pulse_run_seconds_bucket{le="0.005"} 2)")) << metrics.exposition();
  EXPECT_TRUE(has_line(metrics, R"(pulse_run_seconds_bucket{le="0.01"} 3)"));
  EXPECT_TRUE(has_line(metrics, R"(pulse_run_seconds_bucket{le="300"} 3)"));
  EXPECT_TRUE(has_line(metrics, R"(pulse_run_seconds_bucket{le="600"} 4)"));
  EXPECT_TRUE(has_line(metrics, R"(pulse_run_seconds_bucket{le="+Inf"} 5)"));
  EXPECT_TRUE(has_line(metrics, "pulse_run_seconds_count 5"));
}

TEST(Metrics, concurrent_adds_are_exact) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i) {
          metrics.counter("pulse_events_total", "Events.").add();
          metrics.histogram("pulse_wait_seconds", "Wait.").observe(0.001);
          if (i % 500 == 0) {
            EXPECT_FALSE(metrics.exposition().empty());
          }
        }
      });
  }
  EXPECT_EQ(metrics.counter("pulse_events_total", "Events.").value(), 16'000);
  EXPECT_TRUE(has_line(metrics, "pulse_wait_seconds_count 16000"));
}

TEST(MetricsDeathTest, misuse_is_a_bug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Metrics metrics;
  metrics.counter("pulse_events_total", "Events.");
  EXPECT_DEATH(metrics.gauge("pulse_events_total", "Events."), "one kind");
  EXPECT_DEATH(metrics.gauge("pulse-events", "Events."), "metric names");
  EXPECT_DEATH(metrics.gauge("pulse_x", "Events.", {{"le", "1"}}), "label names");
  EXPECT_DEATH(metrics.counter("pulse_events_total", "Events.").add(-1), "never goes down");
}

}  // namespace
}  // namespace telemetry
