#include "pulse/restart_keys.hpp"

#include <gtest/gtest.h>

namespace pulse {
namespace {

TEST(RestartKeys, AreNamedIfTheyDiffer) {
  config::Settings before;
  before.workers = 16;
  before.databases["warehouse"].path = "warehouse.db";
  config::Settings now = before;
  now.collectors = "elsewhere";
  EXPECT_EQ(changed_until_restart(before, now), std::vector<std::string>());
  now.workers = 3;
  now.listen.token = base::Secret("another");
  now.logs.days = 7;
  now.http.ca_file = "ca.pem";
  now.store.path = "other.db";
  now.databases["warehouse"].path = "other.db";
  now.retention.runs = std::chrono::hours{1};
  EXPECT_EQ(
      changed_until_restart(before, now),
      (std::vector<std::string>{"store", "databases", "listen", "logs", "workers", "retention", "http"}));
}

}  // namespace
}  // namespace pulse
