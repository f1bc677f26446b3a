#include "football/error_words.hpp"

#include <gtest/gtest.h>

#include <set>

#include "football/fixture_test.hpp"

namespace {

using base::Code;
using football::testing::brasilia;
using football::testing::instant;
using namespace std::chrono_literals;

const base::WallTime afternoon = instant(2025, 11, 21, 18h);  // 15:00 there

std::string words(Code code, std::optional<std::chrono::milliseconds> wait = {},
                  base::WallTime now = afternoon) {
  return football::error_words({code, "api.example: secret details", wait}, now, brasilia());
}
bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(ErrorWords, EveryFailureHasASentenceOfItsOwn) {
  std::set<std::string> sentences;
  for (const Code code : {Code::unavailable, Code::timeout, Code::rate_limited, Code::permission,
                          Code::invalid_data, Code::cancelled}) {
    const std::string text = words(code);
    EXPECT_FALSE(says(text, "example") || says(text, "secret")) << text;
    EXPECT_TRUE(text.ends_with('.'));
    sentences.insert(text);
  }
  EXPECT_EQ(sentences.size(), 6U);
  for (const Code code :
       {Code::internal, Code::conflict, Code::no_space, Code::invalid_config, Code::endpoint_gone})
    EXPECT_FALSE(words(code).empty());
}

TEST(ErrorWords, TheDaysQuotaComesBackAtNineInTheEvening) {
  const std::string text = words(Code::rate_limited, 6h);
  EXPECT_TRUE(says(text, "limite de consultas de hoje")) << text;
  EXPECT_TRUE(says(text, "a partir das 21:00 de hoje (horário de Brasília)")) << text;
  const base::WallTime evening = instant(2025, 11, 22, 1h);  // 22:00 there
  EXPECT_TRUE(says(words(Code::rate_limited, 23h, evening), "das 21:00 de amanhã")) << "UTC's day is another";
  EXPECT_TRUE(says(words(Code::rate_limited, 1min, instant(2025, 11, 21, 23h + 59min)), "das 21:00 de hoje"));
}

TEST(ErrorWords, TimesAreThoseOfTheZoneAndCalledSo) {
  const auto in = [](const char* zone) {
    return football::error_words({Code::rate_limited, "", 6h}, afternoon, *schedule::Zone::find(zone));
  };
  EXPECT_TRUE(says(in("Europe/Lisbon"), "a partir das 00:00 de amanhã (UTC+0)")) << in("Europe/Lisbon");
  EXPECT_TRUE(says(in("Asia/Kolkata"), "a partir das 05:30 de amanhã (UTC+5:30)")) << in("Asia/Kolkata");
  EXPECT_TRUE(says(in("America/St_Johns"), "a partir das 20:30 de hoje (UTC-3:30)"))
      << in("America/St_Johns");
}

TEST(ErrorWords, ShortAndLongWaits) {
  EXPECT_TRUE(says(words(Code::rate_limited), "alguns minutos"));
  EXPECT_TRUE(says(words(Code::rate_limited, 60s), "alguns minutos"));
  EXPECT_TRUE(says(words(Code::rate_limited, 90min + 20s), "das 16:31 de hoje"));
  EXPECT_TRUE(says(words(Code::rate_limited, 1000h), "de 23/11")) << "never further than two days";
}

TEST(ErrorWords, OurOwnTroublesAreForAPerson) {
  EXPECT_TRUE(says(words(Code::permission), "O responsável foi avisado."));
  for (const Code code : {Code::permission, Code::internal, Code::invalid_config, Code::endpoint_gone}) {
    EXPECT_TRUE(football::needs_a_person({code, "x"}));
    EXPECT_TRUE(says(words(code), "foi avisado"));
  }
  for (const Code code :
       {Code::unavailable, Code::timeout, Code::rate_limited, Code::invalid_data, Code::cancelled}) {
    EXPECT_FALSE(football::needs_a_person({code, "x"}));
    EXPECT_FALSE(says(words(code), "foi avisado"));
  }
}

TEST(ErrorWords, HowOldAnAnswerIs) {
  EXPECT_TRUE(says(football::stale_words(afternoon - 1h, afternoon, brasilia()), "Dados de 14:00 ("));
  EXPECT_TRUE(
      says(football::stale_words(afternoon - 20h, afternoon, brasilia()), "Dados de 20/11 às 19:00 ("));
}

}  // namespace
