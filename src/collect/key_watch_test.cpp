#include "collect/key_watch.hpp"

#include <gtest/gtest.h>

namespace collect {
namespace {

using store::Param;
using Rows = std::vector<std::vector<Param>>;

bool may_repeat(std::vector<std::size_t> places, const Rows& rows) {
  KeyWatch watch(std::move(places));
  for (const auto& row : rows) watch.see(row);
  return watch.may_repeat();
}

TEST(KeyWatch, TellsWhetherAKeyCameTwice) {
  EXPECT_FALSE(may_repeat({0}, {}));
  EXPECT_FALSE(may_repeat({0}, {{1, "x"}, {2, "x"}, {-1, "x"}}));
  EXPECT_TRUE(may_repeat({0}, {{1, "x"}, {2, "y"}, {1, "z"}}));
  EXPECT_FALSE(
      may_repeat({1}, {{1, "a"}, {1, "b"}, {1, ""}, {1, "a longer text of key"}, {1, "a longer text"}}));
  EXPECT_TRUE(may_repeat({1}, {{1, "a longer text of key"}, {2, "b"}, {3, "a longer text of key"}}));
}

TEST(KeyWatch, TakesAllColumnsOfTheKeyInTheirOrder) {
  const Rows rows = {{"ab", 1, "c"}, {"a", 1, "bc"}, {"c", 1, "ab"}, {"", 1, "abc"}};
  EXPECT_FALSE(may_repeat({0, 2}, rows));
  EXPECT_TRUE(may_repeat({1}, rows));
  EXPECT_TRUE(may_repeat({2, 0}, {{"a", 1, "b"}, {"a", 2, "b"}}));
}

TEST(KeyWatch, SaysMaybeWhereItDoesNotKnow) {
  EXPECT_TRUE(may_repeat({}, {{1, "x"}}));

  KeyWatch watch({0});
  const auto see = [&](std::int64_t key) { watch.see(std::vector<Param>{key}); };
  for (std::size_t i = 0; i < KeyWatch::max_keys; ++i) see(static_cast<std::int64_t>(i));
  EXPECT_FALSE(watch.may_repeat());
  see(-1);
  EXPECT_TRUE(watch.may_repeat());
}

}  // namespace
}  // namespace collect
