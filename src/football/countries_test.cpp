#include "football/countries.hpp"

#include <gtest/gtest.h>

#include "football/ratings.hpp"

namespace football {
namespace {

TEST(Countries, AsTheApiWritesThem) {
  for (const auto& [country, words] : {std::pair{"Brazil", "Brasil"},
                                       {"Saudi-Arabia", "Arábia Saudita"},
                                       {"South-Korea", "Coreia do Sul"},
                                       {"USA", "Estados Unidos"},
                                       {"Czech-Republic", "República Tcheca"},
                                       {"Congo-DR", "República Democrática do Congo"},
                                       {"Curaçao", "Curaçao"},
                                       {"Türkiye", "Turquia"},
                                       {"turkey", "Turquia"},
                                       {"Trinidad-And-Tobago", "Trinidad e Tobago"},
                                       {"Northern-Ireland", "Irlanda do Norte"}})
    EXPECT_EQ(country_words(country), words);
}

TEST(Countries, WhatNobodyHasTranslatedKeepsItsName) {
  EXPECT_EQ(country_words("Atlantis"), "Atlantis");
  EXPECT_EQ(country_words(""), "");
}

TEST(Countries, FaultsAreTold) {
  for (const char* yaml : {"", "countries: 7", "countries: {Brazil: [Brasil]}", "lands: {Brazil: Brasil}",
                           "countries: {Saudi Arabia: a, Saudi-Arabia: b}"}) {
    const auto read = read_countries(yaml, "c.yaml");
    ASSERT_FALSE(read) << yaml;
    EXPECT_EQ(read.error().code, base::Code::invalid_config);
    EXPECT_NE(read.error().message.find("c.yaml"), std::string::npos) << read.error().message;
  }
}

// What FIFA counts, and some that only the API has.
TEST(Countries, AllMembersAreThere) { EXPECT_GE(default_countries().size(), 211U); }

}  // namespace
}  // namespace football
