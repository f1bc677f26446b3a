#include "base/secret.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace base {
namespace {

TEST(Secret, HoldsItsValue) {
  EXPECT_TRUE(Secret().empty());
  EXPECT_EQ(Secret("abc").reveal(), "abc");
}

TEST(Redactor, HidesEveryFormOfASecret) {
  Redactor redactor;
  const std::string secret = "p@ss w/rd+1";
  redactor.add(Secret(secret));
  EXPECT_EQ(redactor.redact("a " + secret + " b " + secret), "a *** b ***");
  EXPECT_EQ(redactor.redact("q=" + percent_encode(secret) + "&x"), "q=***&x");
  EXPECT_EQ(redactor.redact("nothing to hide"), "nothing to hide");
  EXPECT_EQ(redactor.redact(""), "");
}

// Basic authentication puts the secret behind a user name of any length, and anything may follow.
TEST(Redactor, HidesTheFormOfPathsToo) {
  Redactor redactor;
  redactor.add(Secret("page+t0ken/with=signs/"));
  EXPECT_EQ(redactor.redact("/a/page%2Bt0ken/with%3Dsigns/?b"), "/a/***?b");
}

TEST(Redactor, HidesBase64AtEveryAlignment) {
  for (const std::string secret : {"pass", "s3cret", "correct horse", "\xff\xfe\xfd\xfc\xfb"}) {
    Redactor redactor;
    redactor.add(Secret(secret));
    for (const std::string before : {"", "u", "us", "user:", "admin:", "a:"}) {
      for (const std::string after : {"", "x", "xy", "xyz"}) {
        const std::string encoded = base64(before + secret + after);
        const std::string redacted = redactor.redact("Basic " + encoded);
        const std::size_t hidden = redacted.find("***");
        ASSERT_NE(hidden, std::string::npos) << before << secret << after;
        // What is left: the characters around, at most one of them on each side of the secret's own.
        const std::size_t around = redacted.size() - std::string("Basic ***").size();
        EXPECT_LE(around, (before.size() * 8 + 5) / 6 + (after.size() * 8 + 5) / 6 + 3);
      }
    }
  }
}

TEST(Redactor, LeavesShortSecretsAlone) {
  Redactor redactor;
  redactor.add(Secret("abc"));
  redactor.add(Secret(""));
  EXPECT_EQ(redactor.redact("abc abcd"), "abc abcd");
  redactor.add(Secret("abcd"));
  EXPECT_EQ(redactor.redact("abc abcd"), "abc ***");
}

TEST(Redactor, LongerSecretsGoFirst) {
  for (const bool longer_first : {true, false}) {
    Redactor redactor;
    redactor.add(Secret(longer_first ? "token-1234" : "token"));
    redactor.add(Secret(longer_first ? "token" : "token-1234"));
    EXPECT_EQ(redactor.redact("token-1234,token"), "***,***");
  }
}

TEST(Redactor, KnowingASecretTwiceIsKnowingItOnce) {
  Redactor redactor;
  redactor.add(Secret("hunter22"));
  redactor.add(Secret("hunter22"));
  EXPECT_EQ(redactor.redact("hunter22hunter22"), "******");
}

TEST(Redactor, HidesWhatShorteningLeftOfASecret) {
  Redactor redactor;
  redactor.add(Secret("hunter22-secret"));
  const std::string text = "token hunter22-secret and more";
  for (std::size_t bytes = 3; bytes <= text.size(); ++bytes) {
    const std::string shown = redactor.redact(shorten(text, bytes));
    EXPECT_EQ(shown.find("hunt"), std::string::npos) << shown;
  }
  EXPECT_EQ(redactor.redact("a hunter22-s… b hunter… c hun… d"), "a ***… b ***… c hun… d");
}

TEST(Redactor, HidesJsonEscapedForms) {
  Redactor redactor;
  redactor.add(Secret("pass\"word/with\\signs"));
  EXPECT_EQ(redactor.redact(R"({"a": "pass\"word/with\\signs", "b": "pass\"word\/with\\signs"})"),
            R"({"a": "***", "b": "***"})");
}

TEST(Redactor, HidesUserInformationOfUrlsItDoesNotKnow) {
  EXPECT_EQ(Redactor().redact("GET https://u:pw@h/p failed"), "GET https://***@h/p failed");
}

TEST(RedactUrls, HidesUserInformation) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://user:pass@host/p?q", "https://***@host/p?q"},
      {"https://user@host", "https://***@host"},
      {"https://user:p@ss@host:81/x", "https://***@host:81/x"},
      {"postgres://u:p@a/b http://h/ https://v:w@c", "postgres://***@a/b http://h/ https://***@c"},
      {"url=\"ftp://u:p@h\", 'http://x:y@z'", "url=\"ftp://***@h\", 'http://***@z'"},
      {"https://host/path?mail=me@example.org", "https://host/path?mail=me@example.org"},
      {"https://host?x=@y#@z", "https://host?x=@y#@z"},
      {"no url: me@example.org", "no url: me@example.org"},
      {"://", "://"},
      {"http://@", "http://***@"},
      {"", ""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(redact_urls(text), expected);
}

}  // namespace
}  // namespace base
