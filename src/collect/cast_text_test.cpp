// Texts: the order of their treatment, letters, countries, lengths; and booleans, UUIDs, JSON and lists.
#include <gtest/gtest.h>

#include "collect/cast_fixture_test.hpp"
#include "collect/cast_text.hpp"

namespace {

using collect::testing::expect;
using collect::testing::fault_of;
using collect::testing::OneField;

TEST(CastText, TrimTakesTheEndsOnly) {
  expect(OneField("text"), {{R"("  \t\r\n a  b \f ")", "text a  b"},
                            {R"("\u00a0x")", "text \u00a0x"},  // no-break space is not ours to take
                            {R"("   ")", "text "}});
  expect(OneField("text", ", trim: false"), {{R"(" a ")", "text  a "}, {R"("  ")", "text   "}});
}

// Each step sees what the one before has made.
TEST(CastText, TheOrderOfTreatment) {
  // null_values after trim, and before replace.
  expect(OneField("text", ", null_values: ['-', x], replace: {y: x}"),
         {{R"(" - ")", "NULL"}, {R"("x")", "NULL"}, {R"("y")", "text x"}, {R"("--")", "text --"}});
  // replace in the order written, then case, then regex on what they made.
  expect(OneField("text", ", replace: {a: b, b: c}, case: upper, regex: 'C+', max_length: 3"),
         {{R"("ab")", "text CC"},
          {R"("abab")", "breaks: \"CCCC\" has 4 characters, 3 are allowed; truncate: true would cut it"},
          {R"("d")", "breaks: \"D\" does not match the regex C+"}});
  // regex before truncation.
  expect(OneField("text", ", regex: '[a-z]{4}', max_length: 2, truncate: true"),
         {{R"("abcd")", "text ab"}, {R"("ab")", "breaks: \"ab\" does not match the regex [a-z]{4}"}});
  // lookup after replace and case, regex after lookup.
  expect(OneField("text", ", replace: {Brasilien: Brazil}, lookup: country_iso3, regex: '[A-Z]{3}'"),
         {{R"("Brasilien")", "text BRA"}});
  // What is no text is treated as what it looks like; default comes last and is left alone.
  expect(OneField("integer", ", null_values: ['-999'], replace: {',': ''}, default: '-999'"),
         {{"-999", "integer -999"}, {R"("1,234")", "integer 1234"}, {"null", "integer -999"}});
  expect(OneField("text", ", null_values: [none], default: none, case: upper, regex: '[A-Z]+'"),
         {{R"("none")", "text none"}, {R"("a")", "text A"}, {"null", "text none"}});
}

TEST(CastText, Replace) {
  expect(OneField("text", ", replace: {aa: a, '%': ''}"),
         {{R"("aaaa%")", "text aa"}, {R"("b")", "text b"}, {R"("%")", "text "}});
  EXPECT_EQ(OneField("number", ", replace: {'%': ''}")(R"("12.5%")"), "text 12.5");
  EXPECT_EQ(OneField("number", ", replace: {'%': ''}")(R"("%")"), "NULL");
}

std::string cased(std::string_view text, bool upper) {
  std::pmr::monotonic_buffer_resource arena;
  return std::string(collect::change_case(text, upper, arena));
}

TEST(CastText, Letters) {
  const std::initializer_list<std::pair<const char*, const char*>> pairs{
      {"abc-xyz 09", "ABC-XYZ 09"}, {"àöøþ÷", "ÀÖØÞ÷"},
      {"ÿāĉńőŵž", "ŸĀĈŃŐŴŽ"},       {"αβγω άέήίόύώ", "ΑΒΓΩ ΆΈΉΊΌΎΏ"},
      {"абя ёђџ", "АБЯ ЁЂЏ"},       {"ґѣӂӏӑ", "ҐѢӁӀӐ"},
      {"日本 €😀", "日本 €😀"}};
  for (const auto& [lower, upper] : pairs) {
    EXPECT_EQ(cased(lower, true), upper);
    EXPECT_EQ(cased(upper, false), lower);
    EXPECT_EQ(cased(lower, false), lower);
    EXPECT_EQ(cased(upper, true), upper);
  }
  EXPECT_EQ(cased("straße ıİ ĸ", true), "STRAßE ıİ ĸ");  // no other case, or one of another length
  EXPECT_EQ(cased("ς", true), "Σ");
  EXPECT_EQ(OneField("text", ", case: lower")(R"("São PAULO")"), "text são paulo");
}

TEST(CastText, Countries) {
  expect(OneField("text", ", lookup: country_iso2"),
         {{R"("Brasil")", "text BR"}, {R"(" usa ")", "text US"}, {R"("")", "NULL"}, {"null", "NULL"}});
  expect(OneField("text", ", lookup: country_iso3"), {{R"("DE")", "text DEU"}});
  expect(OneField("text", ", lookup: country_name"), {{R"("bra")", "text Brazil"}});
  EXPECT_EQ(
      OneField("text", ", lookup: country_iso2")(R"("Atlantis")"),
      "breaks: \"Atlantis\" is no country that lookup knows, by code or by name; give it another name with "
      "replace");
}

TEST(CastText, TooLongIsCutBetweenCharacters) {
  expect(OneField("varchar(3)", ", truncate: true"), {{R"("abcd")", "text abc"},
                                                      {R"("äöüß")", "text äöü"},
                                                      {R"("a€\ud83d\ude00x")", "text a€\U0001F600"},
                                                      {R"("abc")", "text abc"},
                                                      {"1234", "text 123"}});
  EXPECT_EQ(OneField("varchar(3)")(R"("äöüß")"),
            "breaks: \"äöüß\" has 4 characters, 3 are allowed; truncate: true would cut it");
}

TEST(CastText, Boolean) {
  for (const char* yes : {"true", "1", R"("true")", R"("TRUE")", R"("Yes")", R"("t")", R"("T")", R"(" 1 ")"})
    EXPECT_EQ(OneField("boolean")(yes), "integer 1") << yes;
  for (const char* no : {"false", "0", R"("False")", R"("NO")", R"("f")", R"("0")"})
    EXPECT_EQ(OneField("boolean")(no), "integer 0") << no;
  for (const char* other : {"2", "-1", "1.0", R"("on")", R"("sim")", R"("null")"})
    EXPECT_EQ(OneField("boolean")(other).find("refused: \""), 0U) << other;
  EXPECT_EQ(OneField("boolean")(R"("on")"),
            "refused: \"on\" is not a boolean (true, false, yes, no, t, f, 1, 0); replace can make it one");
  EXPECT_EQ(OneField("boolean")(R"("")"), "NULL");
  EXPECT_EQ(OneField("boolean", ", replace: {sim: yes, não: no}")(R"("não")"), "integer 0");
  EXPECT_EQ(OneField("boolean", ", default: 'false'")("null"), "integer 0");
  EXPECT_EQ(fault_of("boolean", ", default: maybe").find("default: \"maybe\" is not a boolean"), 0U);
}

TEST(CastText, Uuid) {
  const std::string canonical = "text 6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  for (const char* form : {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
                           "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", "6ba7b8109dad11d180b400c04fd430c8",
                           "{6BA7B8109DAD11D180B400C04FD430C8}"})
    EXPECT_EQ(OneField("uuid")(fmt::format("\"{}\"", form)), canonical) << form;
  for (const char* form : {"6ba7b810-9dad-11d1-80b4-00c04fd430c", "6ba7b810-9dad-11d1-80b4-00c04fd430c8a",
                           "6ba7b8109-dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
                           "{6ba7b810-9dad-11d1-80b4-00c04fd430c8", "{", "{}", "x"})
    EXPECT_EQ(OneField("uuid")(fmt::format("\"{}\"", form)),
              fmt::format("refused: \"{}\" is not a UUID, 32 hexadecimal digits as 8-4-4-4-12", form));
  EXPECT_EQ(OneField("uuid")(R"("")"), "NULL");
}

TEST(CastText, Json) {
  expect(OneField("json"),
         {{R"({"b": 1.10, "a": {"d": [2, {"z": null, "y": true}], "c": "x\ny"}, "": 1e400})",
           R"(text {"":1e400,"a":{"c":"x\ny","d":[2,{"y":true,"z":null}]},"b":1.10})"},
          {"[1, \"2\"]", "text [1,\"2\"]"},
          {R"("{}")", "text \"{}\""},  // a text stays a text
          {R"(" a ")", "text \" a \""},
          {R"("")", "text \"\""},
          {"1.10", "text 1.10"},
          {"false", "text false"},
          {"null", "NULL"},
          {R"(["a\u0000"])", "breaks: \"a\\x00\" holds a NUL character"},
          {R"({"a\u0000": 1})", "breaks: \"a\\x00\" is a key that holds a NUL character"}});
  EXPECT_EQ(OneField("json")("[1, NaN]").find("breaks: "), 0U);
  EXPECT_EQ(OneField("json", ", null_values: ['-']")(R"("-")"), "NULL");
  EXPECT_EQ(OneField("json", R"(, default: '{"b": 1, "a": []}')")("null"), R"(text {"a":[],"b":1})");
  EXPECT_EQ(fault_of("json", ", default: x"), "default: \"x\" is not JSON; write one: '[]'");
  EXPECT_EQ(fault_of("json", ", default: 'null'"), "default: is null; remove it");
}

TEST(CastText, Lists) {
  const std::string no_list =
      "is not a list; cut it with the path split(path, ', '), or make it one item: [path]";
  expect(OneField("text[]", ", null_values: ['-'], replace: {'#': ''}"),
         {{R"(["a", " b ", null, "-", "", "#c", "x\"y"])", R"(text ["a","b",null,null,"","c","x\"y"])"},
          {"[1.10, true]", R"(text ["1.10","true"])"},
          {"[]", "text []"},
          {"null", "NULL"},
          {R"("")", "NULL"},
          {R"("a")", "refused: \"a\" " + no_list},
          {"1", "refused: \"1\" " + no_list},
          {R"(["a", ["b"]])", "refused: item 2 is no text or number; a path with [] flattens lists"},
          {R"(["a", "b\u0000"])",
           "breaks: item 2 \"b\\x00\" holds a NUL byte, which no column of texts takes"}});
  EXPECT_EQ(OneField("text[]")("{}").find("refused: is an object, not a text[]"), 0U);
  EXPECT_EQ(OneField("text[]", ", default: '[]'")("null"), "text []");
  EXPECT_EQ(fault_of("text[]", ", default: a"), "default: \"a\" is not JSON; write one: '[]'");
  EXPECT_EQ(fault_of("integer[]", ", default: '[1.5]'"), "default: item 1 \"1.5\" is not a whole number");
  expect(
      OneField("integer[]"),
      {{R"([1, "+2", 3.0, -4, 1e2])", "text [1,2,3,-4,100]"},
       {"[]", "text []"},
       {"5", "refused: \"5\" " + no_list},
       {"[1, null]", "refused: item 2 is empty, integer[] takes whole numbers"},
       {R"(["x"])", "refused: item 1 \"x\" is not a number"},
       {"[true]", "refused: item 1 \"true\" is not a number"},
       {"[3000000000]", "breaks: item 1 \"3000000000\" is out of range for integer; type: bigint takes it"}});
}

TEST(CastText, FaultsOfAFieldThatOnlyItsTypeSees) {
  EXPECT_EQ(fault_of("text", ", default: ''"), "");
  EXPECT_EQ(fault_of("integer", ", default: ''"), "default: is empty; remove it, or write a value");
  EXPECT_EQ(fault_of("integer", ", default: '1.5'"), "default: \"1.5\" is not a whole number");
  EXPECT_EQ(fault_of("varchar(2)", ", default: abc"),
            "default: \"abc\" has 3 characters, 2 are allowed; truncate: true would cut it");
  EXPECT_EQ(fault_of("number", ", default: '5', range: [0, 1]"),
            "default: \"5\" is outside of the range 0 to 1");
  EXPECT_EQ(fault_of("number", ", range: [1, 0]"), "range: 1 is greater than 0; write [lowest, highest]");
}

TEST(CastLists, AsTheLiteralOfAnArray) {
  const auto style = store::ListStyle::array_literal;
  expect(OneField("text[]", "", false, style),
         {{"[]", "text {}"},
          {R"(["a", "", "NULL", null, "a,b", "{}", " a "])", R"(text {"a","","NULL",NULL,"a,b","{}","a"})"},
          {R"(["\"", "\\", "\\\"", "é"])", R"(text {"\"","\\","\\\"","é"})"},
          {"[1.10, true]", R"(text {"1.10","true"})"},
          {"null", "NULL"}});
  expect(OneField("integer[]", "", false, style),
         {{R"([1, "-2", 3.0])", "text {1,-2,3}"}, {"[]", "text {}"}});
  EXPECT_EQ(OneField("text[]", ", default: '[\"x\"]'", false, style)("null"), R"(text {"x"})");
}

TEST(CastJson, WhatOneEngineWouldRefuseFitsOnNone) {
  const OneField json("json");
  expect(json, {{"1e400", "text 1e400"},
                {R"({"a":[1.10]})", R"(text {"a":[1.10]})"},
                {"1e1000", "breaks: \"1e1000\" has more than 1,000 digits when written out"},
                {"[1e-20000]", "breaks: \"1e-20000\" has more than 1,000 digits when written out"}});
  EXPECT_NE(json('"' + std::string(std::size_t{33} << 20, 'a') + '"').find("more than 32 MiB"),
            std::string::npos);
  EXPECT_EQ(OneField("json", "", true)(R"({"b":1.10,"a":[1e2,-0.0]})"), R"(text {"a":[100,0],"b":1.1})");
}

}  // namespace
