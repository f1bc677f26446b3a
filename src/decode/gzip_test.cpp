#include "decode/gzip.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <vector>

namespace decode {
namespace {

using namespace std::string_literals;

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string message(std::string body, std::size_t max_size = 1 << 20) {
  const auto result = gunzip(std::move(body), max_size);
  if (result) return "accepted";
  EXPECT_EQ(result.error().code, base::Code::invalid_data);
  return result.error().message;
}

std::string noise(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return text;
}

TEST(Gunzip, UnpacksByContent) {
  for (const std::string& text : {""s, "a"s, std::string(100'000, 'x'), noise(300'000)})
    EXPECT_TRUE(gunzip(gzip(text), 1 << 20).value() == text) << text.size();
  EXPECT_EQ(gunzip("{\"plain\":1}", 3).value(), "{\"plain\":1}");
  EXPECT_EQ(gunzip("", 0).value(), "");
}

TEST(Gunzip, JoinsMembers) {
  EXPECT_EQ(gunzip(gzip("ab") + gzip("") + gzip("cd"), 100).value(), "abcd");
  EXPECT_EQ(gunzip(gzip("ab") + std::string(512, '\0'), 100).value(), "ab");
}

TEST(Gunzip, HoldsTheLimit) {
  const std::string bomb = gzip(std::string(10'000'000, '\0'));
  EXPECT_LT(bomb.size(), 20'000U);
  EXPECT_EQ(message(bomb), "gzip, member 1: more than 1 MiB when unpacked");
  EXPECT_EQ(gunzip(gzip("abcd"), 4).value(), "abcd");
  EXPECT_EQ(message(gzip("abcd"), 3), "gzip, member 1: more than 3 B when unpacked");
  EXPECT_EQ(message(gzip("ab") + gzip("cd"), 3), "gzip, member 2: more than 3 B when unpacked");
  EXPECT_EQ(gunzip(gzip(""), 0).value(), "");
}

TEST(Gunzip, EveryCutIsNoticed) {
  const std::string whole = gzip(noise(200)) + gzip("second");
  const std::size_t first = gzip(noise(200)).size();
  for (std::size_t size = 2; size < whole.size(); ++size) {
    if (size == first) continue;  // one whole member: nothing tells that another was to come
    const std::string error = message(whole.substr(0, size));
    if (size == first + 1)
      EXPECT_EQ(error, "gzip, member 1: followed by 1 bytes that are not gzip");
    else
      EXPECT_NE(error.find("the body ends in the middle"), std::string::npos) << size << ": " << error;
  }
}

TEST(Gunzip, DamageIsNoticed) {
  const std::string good = gzip(noise(200));
  for (const std::size_t at : {std::size_t{2}, good.size() - 1, good.size() - 5, good.size() - 20}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    EXPECT_NE(message(bad), "accepted") << at;
  }
  EXPECT_EQ(message(gzip("ab") + "junk"), "gzip, member 1: followed by 4 bytes that are not gzip");
}

TEST(Gzipped, ComesBackAsItWas) {
  for (const std::string& text : {""s, "a"s, std::string(100'000, 'x'), noise(1 << 20)}) {
    const std::string packed = gzipped(text);
    EXPECT_TRUE(is_gzip(packed));
    EXPECT_EQ(gunzip(packed, 1 << 20).value(), text);
  }
  EXPECT_LT(gzipped(std::string(100'000, 'x')).size(), 1'000u);
}

}  // namespace
}  // namespace decode
