#include "base/decimal.hpp"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>

#include "base/rng.hpp"

namespace base {
namespace {

TEST(Decimal, PlainNotation) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"0.0", "0.0"},
      {"-0.00", "0.00"},
      {"1.10", "1.10"},
      {"1e2", "100"},
      {"1E+2", "100"},
      {"1e-2", "0.01"},
      {"1e0", "1"},
      {"-1.5E-3", "-0.0015"},
      {"1.5e1", "15"},
      {"1.50e1", "15.0"},
      {"12.345e2", "1234.5"},
      {"12.345e3", "12345"},
      {"12.345e4", "123450"},
      {"0.05e1", "0.5"},
      {"0.05e3", "50"},
      {"10e-1", "1.0"},
      {"0e5", "0"},
      {"0.0e5", "0"},
      {"0e-2", "0.00"},
      {"1e-0", "1"},
      {"1e0000000000000000000000002", "100"},
      {"1234567890123456789012345678", "1234567890123456789012345678"}};
  for (const auto& [number, plain] : cases) EXPECT_EQ(plain_decimal(number), plain) << number;
  EXPECT_EQ(plain_decimal("1e400"), "1" + std::string(400, '0'));
  EXPECT_EQ(plain_decimal("-1e-400"), "-0." + std::string(399, '0') + "1");
}

TEST(Decimal, RefusesWhatIsNoJsonNumber) {
  for (const char* text :
       {"",   "-",   "00", "01", "-01", "1.",    ".5",    "+1",  "1e",       "1e+", "1E-", "1.e2",
        "e5", "--1", "1 ", " 1", "1a",  "1.2.3", "1e2.5", "NaN", "Infinity", "0x1", "1,5", "1e5e5"})
    EXPECT_EQ(plain_decimal(text), std::nullopt) << text;
}

TEST(Decimal, SizeIsBounded) {
  const std::string thousand(1000, '7'), zeros(999, '0');
  EXPECT_EQ(plain_decimal(thousand), thousand);
  EXPECT_EQ(plain_decimal("-" + thousand), "-" + thousand);
  EXPECT_EQ(plain_decimal(thousand + "7"), std::nullopt);
  EXPECT_EQ(plain_decimal("7." + thousand.substr(1)), "7." + thousand.substr(1));
  EXPECT_EQ(plain_decimal("7." + thousand), std::nullopt);
  EXPECT_EQ(plain_decimal("1e999"), "1" + zeros);
  EXPECT_EQ(plain_decimal("1e1000"), std::nullopt);
  EXPECT_EQ(plain_decimal("1e-999"), "0." + zeros.substr(1) + "1");
  EXPECT_EQ(plain_decimal("1e-1000"), std::nullopt);
  for (const char* text : {"1e999999999", "1e-999999999", "1e9223372036854775807", "1e-9223372036854775808",
                           "1e99999999999999999999999", "1e-99999999999999999999999"})
    EXPECT_EQ(plain_decimal(text), std::nullopt) << text;
}

TEST(Decimal, StripTrailingZeros) {
  const std::pair<const char*, const char*> cases[] = {
      {"1.10", "1.1"},   {"100", "100"},      {"0.0", "0"}, {"1.00", "1"},
      {"-2.50", "-2.5"}, {"10.010", "10.01"}, {"0", "0"}};
  for (const auto& [plain, stripped] : cases) EXPECT_EQ(strip_trailing_zeros(plain), stripped);
}

// Numbers of up to 6 + 6 digits as a sign and a whole number of millionths.
struct Sample {
  std::string text;
  std::int64_t millionths;
};

Sample random_sample(Rng& rng) {
  std::int64_t whole = 0, fraction = 0, scale = 1'000'000;
  Sample sample;
  const bool negative = rng.below(2) == 0;
  const std::uint64_t digits =
      rng.below(3) == 0 ? 10 : 2;  // few different ones, so that equal numbers come up
  if (negative) sample.text = "-";
  for (std::uint64_t left = 1 + rng.below(6); left > 0; --left) {
    const auto digit = static_cast<std::int64_t>(rng.below(digits));
    if (whole == 0 && digit == 0 && left > 1) continue;  // no leading zero
    whole = whole * 10 + digit;
    sample.text += static_cast<char>('0' + digit);
  }
  if (const std::uint64_t count = rng.below(7); count > 0) {
    sample.text += '.';
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto digit = static_cast<std::int64_t>(rng.below(digits));
      scale /= 10;
      fraction += digit * scale;
      sample.text += static_cast<char>('0' + digit);
    }
  }
  sample.millionths = (whole * 1'000'000 + fraction) * (negative ? -1 : 1);
  return sample;
}

TEST(Decimal, ComparesLikeWholeNumbers) {
  Rng rng(11);
  int equal = 0;
  for (int i = 0; i < 50'000; ++i) {
    const Sample a = random_sample(rng), b = random_sample(rng);
    const std::string left = plain_decimal(a.text).value(), right = plain_decimal(b.text).value();
    ASSERT_EQ(compare_decimal(left, right), a.millionths <=> b.millionths) << a.text << " " << b.text;
    ASSERT_EQ(compare_decimal(right, left), b.millionths <=> a.millionths) << a.text << " " << b.text;
    const bool same = strip_trailing_zeros(left) == strip_trailing_zeros(right);
    ASSERT_EQ(same, a.millionths == b.millionths) << a.text << " " << b.text;
    equal += same ? 1 : 0;
  }
  EXPECT_GT(equal, 100);
}

TEST(Decimal, ExponentMovesThePoint) {
  Rng rng(12);
  for (int i = 0; i < 20'000; ++i) {
    const Sample sample = random_sample(rng);
    const std::int64_t exponent = rng.between(-6, 6);
    // The same number, the exponent undone: m·10^e against m by counting in 10^-12 parts.
    __extension__ using Wide = __int128;
    const auto parts = [](const std::string& plain) {
      Wide value = 0;
      int places = -1;
      for (const char c : plain) {
        if (c == '.') places = 0;
        if (c == '-' || c == '.') continue;
        value = value * 10 + (c - '0');
        if (places >= 0) ++places;
      }
      for (places = std::max(places, 0); places < 12; ++places) value *= 10;
      return plain.starts_with('-') ? -value : value;
    };
    Wide expected = static_cast<Wide>(sample.millionths) * 1'000'000;
    for (std::int64_t e = 0; e < exponent; ++e) expected *= 10;
    for (std::int64_t e = 0; e > exponent; --e) expected /= 10;
    const auto plain = plain_decimal(sample.text + "e" + std::to_string(exponent));
    ASSERT_TRUE(plain) << sample.text;
    ASSERT_TRUE(parts(*plain) == expected) << sample.text << "e" << exponent << " " << *plain;
    ASSERT_EQ(plain_decimal(*plain), plain);
  }
}

TEST(Decimal, ToInt64AtItsLimits) {
  EXPECT_EQ(decimal_to_int64("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(decimal_to_int64("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(decimal_to_int64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(decimal_to_int64("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(decimal_to_int64("42.000"), 42);
  EXPECT_EQ(decimal_to_int64("0.0"), 0);
  EXPECT_EQ(decimal_to_int64("-7"), -7);
  for (const char* text : {"0.5", "42.001", "", "-", "1e2"})
    EXPECT_EQ(decimal_to_int64(text), std::nullopt) << text;
}

TEST(Decimal, Adds) {
  for (const auto& [left, right, sum] : std::initializer_list<std::array<const char*, 3>>{
           {"0.1", "0.2", "0.3"},
           {"1.10", "2.2", "3.30"},
           {"1", "-1", "0"},
           {"1.5", "-1.50", "0.00"},
           {"-0.5", "-0.5", "-1.0"},
           {"99.9", "0.1", "100.0"},
           {"-100", "0.01", "-99.99"},
           {"0.01", "-100", "-99.99"},
           {"9999999999999999999999999999", "1", "10000000000000000000000000000"},
           {"-0.0", "0", "0.0"}}) {
    EXPECT_EQ(add_decimal(left, right), sum) << left << " + " << right;
    EXPECT_EQ(add_decimal(right, left), sum) << right << " + " << left;
  }
}

TEST(Decimal, AddsLikeIntegers) {
  Rng rng(7);
  for (int i = 0; i < 20'000; ++i) {
    const Sample a = random_sample(rng), b = random_sample(rng);
    const std::string sum = add_decimal(a.text, b.text);
    const std::string expected = divide_decimal(std::to_string(a.millionths + b.millionths), 1'000'000, 30);
    ASSERT_TRUE(compare_decimal(expected, sum) == std::strong_ordering::equal)
        << a.text << " + " << b.text << " = " << sum;
  }
}

TEST(Decimal, DividesAndRoundsHalfUp) {
  EXPECT_EQ(divide_decimal("3.30", 3, 20), "1.10");
  EXPECT_EQ(divide_decimal("45", 3, 20), "15");
  EXPECT_EQ(divide_decimal("1", 8, 20), "0.125");
  EXPECT_EQ(divide_decimal("1", 8, 2), "0.13");
  EXPECT_EQ(divide_decimal("-1", 8, 2), "-0.13");
  EXPECT_EQ(divide_decimal("2", 3, 5), "0.66667");
  EXPECT_EQ(divide_decimal("1", 300, 3), "0.00333");
  EXPECT_EQ(divide_decimal("29999", 30000, 3), "1.000");
  EXPECT_EQ(divide_decimal("0", 7, 20), "0");
  EXPECT_EQ(divide_decimal("0.00", 7, 20), "0.00");
  EXPECT_EQ(divide_decimal("1234567890123456789012345678", 1, 20), "1234567890123456789012345678");
  EXPECT_EQ(divide_decimal("1234567890123456789012345679", 2, 20), "617283945061728394506172840");
  EXPECT_EQ(divide_decimal("1", 4294967295, 3), "0.000000000233");
}

TEST(Decimal, FloorAndCeiling) {
  for (const auto& [plain, floor, ceiling] :
       std::initializer_list<std::array<const char*, 3>>{{"1.5", "1", "2"},
                                                         {"-1.5", "-2", "-1"},
                                                         {"-0.5", "-1", "0"},
                                                         {"0.5", "0", "1"},
                                                         {"7", "7", "7"},
                                                         {"-7.00", "-7", "-7"},
                                                         {"-0", "0", "0"},
                                                         {"99.9", "99", "100"}}) {
    EXPECT_EQ(floor_decimal(plain), floor) << plain;
    EXPECT_EQ(ceil_decimal(plain), ceiling) << plain;
  }
}

}  // namespace
}  // namespace base
