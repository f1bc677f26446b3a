#include "collect/countries.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace collect {
namespace {

// The alpha-2 code, or "" for what is no country.
std::string code(std::string_view text) {
  const Country* country = find_country(text);
  return country == nullptr ? "" : std::string(country->iso2);
}

std::vector<std::string_view> names_of(const CountryEntry& entry) {
  std::vector<std::string_view> names{entry.country.name_en, entry.country.name_pt};
  for (std::string_view rest = entry.aliases; !rest.empty();) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    names.push_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return names;
}

TEST(Countries, AllOfIso3166AndKosovo) {
  EXPECT_EQ(country_entries().size(), 250u);
  std::set<std::string_view> two, three, numbers, english, portuguese;
  std::string_view before;
  for (const auto& [country, aliases] : country_entries()) {
    EXPECT_LT(before, country.iso2);
    before = country.iso2;
    EXPECT_EQ(country.iso2.size(), 2u);
    EXPECT_EQ(country.iso3.size(), 3u) << country.iso2;
    EXPECT_EQ(country.numeric.size(), country.iso2 == "XK" ? 0u : 3u) << country.iso2;
    EXPECT_TRUE(two.insert(country.iso2).second) << country.iso2;
    EXPECT_TRUE(three.insert(country.iso3).second) << country.iso3;
    EXPECT_TRUE(numbers.insert(country.numeric).second) << country.numeric;
    EXPECT_TRUE(english.insert(country.name_en).second) << country.name_en;
    EXPECT_TRUE(portuguese.insert(country.name_pt).second) << country.name_pt;
    EXPECT_FALSE(country.name_en.empty() || country.name_pt.empty()) << country.iso2;
  }
}

// No alias is another country's name, nor its code.
TEST(Countries, EveryCodeAndNameFindsItsOwn) {
  for (const CountryEntry& entry : country_entries()) {
    const Country& country = entry.country;
    for (const std::string_view text : {country.iso2, country.iso3, country.numeric}) {
      if (text.empty()) continue;
      EXPECT_EQ(find_country(text), &country) << text;
    }
    for (const std::string_view name : names_of(entry)) {
      EXPECT_FALSE(name.empty()) << country.iso2;
      EXPECT_EQ(find_country(name), &country) << name;
      std::string upper(name);
      for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      EXPECT_EQ(find_country(upper), &country) << upper;
      EXPECT_EQ(find_country(" (" + std::string(name) + ")\n"), &country) << name;
    }
  }
}

TEST(Countries, Codes) {
  EXPECT_EQ(code("br"), "BR");
  EXPECT_EQ(code("BRA"), "BR");
  EXPECT_EQ(code("076"), "BR");
  EXPECT_EQ(code("76"), "BR");
  EXPECT_EQ(code("4"), "AF");
  EXPECT_EQ(code(" de "), "DE");
  EXPECT_EQ(code("EL"), "GR");
  EXPECT_EQ(code("UK"), "GB");
  EXPECT_EQ(code("XKX"), "XK");
  for (const char* word : {"IS", "DO", "ST", "AND", "COM"}) EXPECT_NE(code(word), "") << word;
  for (const char* none : {"", " ", "0", "000", "999", "1076", "0076", "ZZ", "XX", "EU", "WLD", "7 6"})
    EXPECT_EQ(code(none), "") << none;
}

TEST(Countries, SpellingsOfStatisticalOffices) {
  for (const auto& [text, expected] : std::vector<std::pair<const char*, const char*>>{
           {"Korea, Rep.", "KR"},
           {"Republic of Korea", "KR"},
           {"Korea, Dem. People's Rep.", "KP"},
           {"Democratic People's Republic of Korea", "KP"},
           {"Democratic People’s Republic of Korea", "KP"},
           {"Russian Federation", "RU"},
           {"Viet Nam", "VN"},
           {"Iran (Islamic Republic of)", "IR"},
           {"Iran, Islamic Rep.", "IR"},
           {"Côte d'Ivoire", "CI"},
           {"Cote d’Ivoire", "CI"},
           {"COTE D'IVOIRE", "CI"},
           {"Estados Unidos", "US"},
           {"EUA", "US"},
           {"U.S.A.", "US"},
           {"U.S.", "US"},
           {"the United States of America", "US"},
           {"U.K.", "GB"},
           {"Holanda", "NL"},
           {"Turkey", "TR"},
           {"TÜRKİYE", "TR"},
           {"Turkiye", "TR"},
           {"Turquia", "TR"},
           {"Czech Republic", "CZ"},
           {"Egypt, Arab Rep.", "EG"},
           {"Venezuela, RB", "VE"},
           {"Congo, Dem. Rep.", "CD"},
           {"Congo, Rep.", "CG"},
           {"Yemen, Rep.", "YE"},
           {"Gambia, The", "GM"},
           {"Bahamas, The", "BS"},
           {"St. Vincent and the Grenadines", "VC"},
           {"St Lucia", "LC"},
           {"Micronesia, Fed. Sts.", "FM"},
           {"Hong Kong SAR, China", "HK"},
           {"Lao PDR", "LA"},
           {"Virgin Islands (U.S.)", "VI"},
           {"Kosovo*", "XK"},
           {"Bosnia & Herzegovina", "BA"},
           {"Tanzania, United Republic of", "TZ"},
           {"São Tomé e Príncipe", "ST"},
           {"Sao\xC2\xA0Tome and Principe", "ST"},
           {"Sa\xCC\x83o Tome\xCC\x81 e Pri\xCC\x81ncipe", "ST"},  // accents apart from their letters
           {"Moldova, Republic of", "MD"},
           {"República da Polônia", "PL"},
           {"Reino da Noruega", "NO"},
           {"República Islâmica do Afeganistão", "AF"},
           {"República da China", "TW"}})
    EXPECT_EQ(code(text), expected) << text;
}

TEST(Countries, NeighboursInSpelling) {
  for (const auto& [text, expected] : std::vector<std::pair<const char*, const char*>>{
           {"Guinea", "GN"},         {"Equatorial Guinea", "GQ"},
           {"Guinea-Bissau", "GW"},  {"Papua New Guinea", "PG"},
           {"Guiana", "GY"},         {"Niger", "NE"},
           {"Níger", "NE"},          {"Nigeria", "NG"},
           {"Dominica", "DM"},       {"Dominican Republic", "DO"},
           {"Georgia", "GE"},        {"Geórgia", "GE"},
           {"Jersey", "JE"},         {"Samoa", "WS"},
           {"American Samoa", "AS"}, {"Sudan", "SD"},
           {"South Sudan", "SS"},    {"Ireland", "IE"},
           {"China", "CN"},          {"Republic of China", "TW"},
           {"Mauritius", "MU"},      {"Mauritania", "MR"},
           {"Slovenia", "SI"},       {"Slovakia", "SK"},
           {"Austria", "AT"},        {"Australia", "AU"}})
    EXPECT_EQ(code(text), expected) << text;
}

TEST(Countries, WhatCouldBeTwoOrIsNoneIsNotFound) {
  for (const char* text : {"Korea",
                           "Congo",
                           "Virgin Islands",
                           "America",
                           "New Jersey",
                           "Georgia, USA",
                           "Northern Ireland",
                           "England",
                           "World",
                           "European Union",
                           "Euro area",
                           "Sub-Saharan Africa",
                           "Islands",
                           "Saint",
                           "the",
                           "Republic",
                           "Rep.",
                           "Guinea Guinea",
                           "Brazi",
                           "Brazill",
                           "Brazil Brazil",
                           "United",
                           "Micronesia",
                           "Sudan South Sudan",
                           "Brasil, São Paulo",
                           "Россия",
                           "中国",
                           "?",
                           "&",
                           ".",
                           "'",
                           "\xff\xfe",
                           "\xE2\x80",
                           "Bra\xC3"})
    EXPECT_EQ(code(text), "") << text;
  EXPECT_EQ(code(std::string(1'000'000, 'a')), "");
  EXPECT_EQ(code("Brazil" + std::string(300, '.')), "");
  EXPECT_EQ(code(std::string("Brazil\0x", 8)), "");
}

TEST(Countries, ManyThreadsMayAsk) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (const CountryEntry& entry : country_entries())
        EXPECT_EQ(find_country(entry.country.name_pt), &entry.country);
    });
}

}  // namespace
}  // namespace collect
