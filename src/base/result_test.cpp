#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace base {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return error(Code::invalid_data, "{} is odd", number);
  return number / 2;
}

Result<int> quarter(int number) {
  const int once = TRY(half(number));
  return TRY_WITH(half(once), "half of {}", number);
}

Result<std::unique_ptr<int>> boxed(int number) { return std::make_unique<int>(TRY(quarter(number))); }
Result<int> unboxed(int number) {
  const std::unique_ptr<int> box = TRY_WITH(boxed(number), "unboxing");
  return *box;
}

Result<void> check(int number) {
  TRY(half(number));
  return {};
}

TEST(Result, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(7).error().message, "7 is odd");
  EXPECT_EQ(quarter(6).error().message, "half of 6: 3 is odd");
  EXPECT_EQ(quarter(6).error().code, Code::invalid_data);
}

TEST(Result, TryMovesWhatCannotBeCopied) {
  EXPECT_EQ(*unboxed(12), 3);
  EXPECT_EQ(unboxed(6).error().message, "unboxing: half of 6: 3 is odd");
}

TEST(Result, MayHoldNothing) {
  EXPECT_TRUE(check(2));
  EXPECT_EQ(check(1).error().message, "1 is odd");
}

TEST(Result, ContextKeepsCodeAndDelay) {
  Error limited = error(Code::rate_limited, "slow down");
  limited.retry_after = std::chrono::seconds{3};
  const Error outer = std::move(limited).with("page 2").with("cards");
  EXPECT_EQ(outer.message, "cards: page 2: slow down");
  EXPECT_EQ(outer.code, Code::rate_limited);
  EXPECT_EQ(outer.retry_after, std::chrono::seconds{3});
}

TEST(Result, EveryCodeHasItsName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::internal); ++code)
    names.insert(to_string(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Code::internal) + 1);
  EXPECT_EQ(to_string(Code::endpoint_gone), "endpoint_gone");
}

}  // namespace
}  // namespace base
