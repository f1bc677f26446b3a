#include "base/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace base {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

TEST(Text, PercentEncode) {
  const std::string unreserved = "abcxyzABCXYZ0189-._~";
  EXPECT_EQ(percent_encode(unreserved), unreserved);
  EXPECT_EQ(percent_encode(" /?#[]@!$&'()*+,;=%\""),
            "%20%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%22");
  EXPECT_EQ(percent_encode("\0\x7f\xc3\xa9\xff"s), "%00%7F%C3%A9%FF");
  EXPECT_EQ(percent_encode(""), "");
}

TEST(Text, Base64OfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) EXPECT_EQ(base64(plain), encoded);
  EXPECT_EQ(base64("\xfb\xff\xfe\0"s), "+//+AA==");
}

TEST(Text, Iso8601) {
  using namespace std::chrono;
  EXPECT_EQ(to_iso8601(WallTime{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_iso8601(sys_days{2025y / 11 / 21} + 10h + 30min + 2s + 5us), "2025-11-21T10:30:02.000005Z");
  EXPECT_EQ(to_iso8601(WallTime{-1us}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_iso8601(sys_days{1900y / 2 / 28} + 23h), "1900-02-28T23:00:00.000000Z");
  EXPECT_EQ(to_iso8601(sys_days{2024y / 2 / 29}), "2024-02-29T00:00:00.000000Z");
  EXPECT_EQ(to_iso8601(sys_days{987y / 6 / 5}), "0987-06-05T00:00:00.000000Z");
}

TEST(Text, ParseDuration) {
  const std::pair<const char*, std::chrono::seconds> good[] = {{"0s", 0s},
                                                               {"30s", 30s},
                                                               {"15m", 15min},
                                                               {"1h", 1h},
                                                               {"2d", 48h},
                                                               {"1w", 168h},
                                                               {"3mo", 90 * 24h},
                                                               {"1y", 365 * 24h},
                                                               {"1h30m", 90min},
                                                               {"1y1mo1m", 365 * 24h + 30 * 24h + 1min},
                                                               {"1s1h", 3601s},
                                                               {"007s", 7s},
                                                               {"1000y", 1000 * 365 * 24h}};
  for (const auto& [text, expected] : good) EXPECT_EQ(parse_duration(text), expected) << text;
  for (const char* text : {"",
                           "s",
                           "5",
                           "-5s",
                           "+5s",
                           "1.5h",
                           "1 h",
                           " 1h",
                           "1h ",
                           "1h30",
                           "1H",
                           "5min",
                           "5ms",
                           "1hh",
                           "1001y",
                           "1000y1s",
                           "18446744073709551615s",
                           "18446744073709551616s",
                           "999999999999999y",
                           "600y600y"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Text, FormatDuration) {
  EXPECT_EQ(format_duration(0s), "0 ms");
  EXPECT_EQ(format_duration(350ms + 999us), "350 ms");
  EXPECT_EQ(format_duration(5100ms), "5.1 s");
  EXPECT_EQ(format_duration(1s), "1.0 s");
  EXPECT_EQ(format_duration(200s), "3 min 20 s");
  EXPECT_EQ(format_duration(60s), "1 min");
  EXPECT_EQ(format_duration(2h + 5min + 59s), "2 h 5 min");
  EXPECT_EQ(format_duration(47h), "47 h");
  EXPECT_EQ(format_duration(51h), "2 d 3 h");
}

TEST(Text, ParseSize) {
  const std::pair<const char*, std::uint64_t> good[] = {{"0", 0},
                                                        {"512", 512},
                                                        {"512B", 512},
                                                        {"10kB", 10'000},
                                                        {"2MB", 2'000'000},
                                                        {"3GB", 3'000'000'000},
                                                        {"1KiB", 1024},
                                                        {"64MiB", 64 << 20},
                                                        {"5GiB", std::uint64_t{5} << 30},
                                                        {"1048576GiB", std::uint64_t{1} << 50}};
  for (const auto& [text, expected] : good) EXPECT_EQ(parse_size(text), expected) << text;
  for (const char* text : {"", "B", "-1", "1.5kB", "10 kB", "10KB", "10k", "1TiB", "10kB ", "1048577GiB",
                           "18446744073709551616", "18446744073709551615"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(Text, FormatSize) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(1023), "1023 B");
  EXPECT_EQ(format_size(1024), "1 KiB");
  EXPECT_EQ(format_size(1536), "1.5 KiB");
  EXPECT_EQ(format_size(64 << 20), "64 MiB");
  EXPECT_EQ(format_size(std::uint64_t{3} << 40), "3 TiB");
  EXPECT_EQ(format_size(std::uint64_t{5} << 50), "5120 TiB");
}

TEST(Text, Nearest) {
  const std::vector<std::string_view> words = {"schedule", "request", "records", "every"};
  EXPECT_EQ(nearest("shedule", words), "schedule");
  EXPECT_EQ(nearest("recrods", words), "records");
  EXPECT_EQ(nearest("every", words), "every");
  EXPECT_EQ(nearest("evry", words), "every");
  EXPECT_EQ(nearest("table", words), "");
  EXPECT_EQ(nearest("request", {}), "");
  EXPECT_EQ(nearest("abcdef", {"abxxef"}), "abxxef");  // 2 of 6
  EXPECT_EQ(nearest("abcdef", {"axxxef"}), "");        // 3 of 6
  EXPECT_EQ(nearest("abcdef", {"abxxef", "abxdef"}), "abxdef");
}

TEST(Text, Join) {
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"a"}, ", "), "a");
  EXPECT_EQ(join({"a", "", "b"}, ", "), "a, , b");
}

TEST(Text, ShortenCutsBetweenCharacters) {
  EXPECT_EQ(shorten("hello", 5), "hello");
  EXPECT_EQ(shorten("hello!", 5), "he…");
  EXPECT_EQ(shorten("hello", 3), "…");
  EXPECT_EQ(shorten("hello", 2), "he");
  EXPECT_EQ(shorten("hello", 0), "");
  EXPECT_EQ(shorten("", 0), "");
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";  // 1, 2, 3, 4 and 1 bytes
  const std::size_t boundaries[] = {0, 1, 3, 6, 10};
  for (std::size_t bytes = 3; bytes < text.size(); ++bytes) {
    std::size_t end = 0;
    for (const std::size_t boundary : boundaries) end = boundary + 3 <= bytes ? boundary : end;
    EXPECT_EQ(shorten(text, bytes), text.substr(0, end) + "…") << bytes;
  }
  EXPECT_EQ(shorten(text, 2), "a");
}

TEST(Text, EscapeControl) {
  EXPECT_EQ(escape_control("a\nb\r\n\tc"), "a\\nb\\r\\n\\tc");
  EXPECT_EQ(escape_control("\x1b[31m\x7f\0"s), "\\x1b[31m\\x7f\\x00");
  EXPECT_EQ(escape_control("h\xc3\xa9 \xe2\x82\xac \xc2\xa0"), "h\xc3\xa9 \xe2\x82\xac \xc2\xa0");
  EXPECT_EQ(escape_control("\xc2\x9b"
                           "31m\xc2\x80\xc2\x9f"),
            "\\u009b31m\\u0080\\u009f");
  EXPECT_EQ(escape_control("\xc2"), "\xc2");
}

}  // namespace
}  // namespace base
