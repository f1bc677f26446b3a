#include "base/fingerprint.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

// Vectors of draft-eastlake-fnv and of the authors' page.
TEST(Fingerprint, KnownVectors) {
  EXPECT_EQ(base::fingerprint(""), "6c62272e07bb014262b821756295c58d");
  EXPECT_EQ(base::fingerprint("a"), "d228cb696f1a8caf78912b704e4a8964");
  EXPECT_EQ(base::fingerprint("foobar"), "343e1662793c64bf6f0d3597ba446f18");
}

TEST(Fingerprint, EveryByteCounts) {
  const std::string text = "a collector's definition";
  std::set<std::string> seen{base::fingerprint(text), base::fingerprint(text + '\0')};
  for (std::size_t i = 0; i < text.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      seen.insert(base::fingerprint(changed));
    }
  EXPECT_EQ(seen.size(), 2 + text.size() * 8);
  for (const std::string& print : seen) {
    EXPECT_EQ(print.size(), 32U);
    EXPECT_EQ(print.find_first_not_of("0123456789abcdef"), std::string::npos) << print;
  }
}

}  // namespace
