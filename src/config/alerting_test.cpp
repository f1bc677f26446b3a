#include "config/alerting.hpp"

#include "config/reading_test.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

const auto alerts = nested(collector_alerts_table());

TEST(CollectorAlerts, Defaults) {
  const auto it = good(alerts, "{}");
  EXPECT_EQ(it.severity, Severity::critical);
  EXPECT_TRUE(it.channels.empty());
  EXPECT_FALSE(it.quiet);
}

TEST(CollectorAlerts, AllKeys) {
  const auto it = good(alerts, "{severity: info, channels: [telegram, ops-mail], quiet: 6h}");
  EXPECT_EQ(it.severity, Severity::info);
  EXPECT_EQ(to_string(it.severity), "info");
  EXPECT_EQ(it.channels, (std::vector<std::string>{"telegram", "ops-mail"}));
  EXPECT_EQ(it.quiet, 6h);
}

TEST(CollectorAlerts, Faults) {
  EXPECT_EQ(faults_of(alerts, "{severity: loud}"),
            "f.yaml:1:12: severity: \"loud\" is none of the values; allowed: info, warning, critical\n");
  EXPECT_EQ(faults_of(alerts, "{channels: []}"),
            "f.yaml:1:12: channels: is empty; name at least one channel, or remove the key\n");
  EXPECT_EQ(faults_of(alerts, "{channels: [a, b, a]}"),
            "f.yaml:1:19: channels: \"a\" stands twice; remove one\n");
  EXPECT_EQ(faults_of(alerts, "{channels: telegram}"),
            "f.yaml:1:12: channels: is not a list; write [a, b] or one \"- item\" a line\n");
  EXPECT_NE(faults_of(alerts, "{quiet: 31d}"), "");
  EXPECT_NE(faults_of(alerts, "{quiet: 22:00-06:00}"), "");
}

}  // namespace
}  // namespace config
