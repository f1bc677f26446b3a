#include "collect/cast.hpp"

#include <gtest/gtest.h>

#include "collect/fixture_test.hpp"

namespace {

using collect::testing::collector_with;
using collect::testing::document_of;

// The value as the column gets it ("NULL", "integer 42", "text 1.10"), or "refused: why".
class Caster {
 public:
  explicit Caster(const std::string& type, const std::string& more = {}, bool key = false)
      : collector_(collector_with("{f: {path: f, type: " + type + more + "}, k: k}", key ? "[f]" : "[k]")) {}

  std::string operator()(const std::string& json) const {
    const auto document = document_of("{\"f\": " + json + "}");
    collect::Scratch scratch;
    const auto cell = collect::cast(document.root.members()[0].value, collector_.fields[0], scratch);
    if (!cell) return "refused: " + cell.error();
    if (const auto* text = std::get_if<std::string_view>(&*cell)) return "text " + std::string(*text);
    if (const auto* integer = std::get_if<std::int64_t>(&*cell)) return "integer " + std::to_string(*integer);
    return std::holds_alternative<std::monostate>(*cell) ? "NULL" : "a double";
  }

 private:
  config::Collector collector_;
};

using Cases = std::initializer_list<std::pair<const char*, const char*>>;
void expect(const Caster& cast, Cases cases) {
  for (const auto& [json, cell] : cases) EXPECT_EQ(cast(json), cell) << json;
}

TEST(Cast, NullIsNullAndListsAndObjectsFitNothing) {
  for (const std::string type : {"text", "integer", "number", "date", "timestamp"}) {
    const Caster cast(type);
    EXPECT_EQ(cast("null"), "NULL") << type;
    for (const char* list : {"[]", "[1]", R"(["2025-11-21"])"})
      EXPECT_EQ(cast(list), "refused: is a list, not a " + type) << list;
    for (const char* object : {"{}", R"({"a": 1})"})
      EXPECT_EQ(cast(object), "refused: is an object, not a " + type) << object;
  }
}

TEST(Cast, SpoiledValuesSayWhy) {
  for (const std::string type : {"text", "integer", "number", "date", "timestamp"}) {
    const std::string cell = Caster(type)("NaN");
    EXPECT_EQ(cell.find("refused: "), 0U) << type;
    EXPECT_NE(cell.find("NaN"), std::string::npos) << cell;
  }
  EXPECT_EQ(Caster("text")("\"a\xff\"").find("refused: "), 0U);
}

TEST(Cast, Text) {
  expect(Caster("text"), {{R"("a b")", "text a b"},
                          {R"("  \t\r\n a b \f ")", "text a b"},
                          {R"("")", "text "},
                          {R"("   ")", "text "},
                          {R"("\u00a0x")", "text \u00a0x"},  // no-break space is not ours to take
                          {R"("a\nb")", "text a\nb"},
                          {"1.10", "text 1.10"},
                          {"-0", "text -0"},
                          {"1e400", "text 1e400"},
                          {"12345678901234567890123456789", "text 12345678901234567890123456789"},
                          {"true", "text true"},
                          {"false", "text false"},
                          {R"("null")", "text null"},
                          {R"("\ud83d\ude00")", "text \U0001F600"}});
  EXPECT_EQ(Caster("text")(R"("a\u0000b")"), "refused: \"a\\x00b\" holds a NUL byte");
  EXPECT_EQ(Caster("text")(R"("\u0000")"), "refused: \"\\x00\" holds a NUL byte");
}

TEST(Cast, MaxLengthCountsCharactersNotBytes) {
  expect(Caster("text", ", max_length: 3"),
         {{R"("abc")", "text abc"},
          {R"("äöü")", "text äöü"},
          {R"("€€€")", "text €€€"},
          {R"("\ud83d\ude00\ud83d\ude00\ud83d\ude00")", "text \U0001F600\U0001F600\U0001F600"},
          {R"("  abc  ")", "text abc"},
          {"1.0", "text 1.0"},
          {R"("abcd")", "refused: \"abcd\" has 4 characters, 3 are allowed"},
          {R"("äöüß")", "refused: \"äöüß\" has 4 characters, 3 are allowed"},
          {"1.00", "refused: \"1.00\" has 4 characters, 3 are allowed"},
          {"true", "refused: \"true\" has 4 characters, 3 are allowed"}});
}

TEST(Cast, ReasonsShowOnlyTheBeginningOfLongTexts) {
  const std::string cell = Caster("text", ", max_length: 10")('"' + std::string(5000, 'x') + '"');
  EXPECT_NE(cell.find("has 5000 characters, 10 are allowed"), std::string::npos) << cell;
  EXPECT_LT(cell.size(), 150U);
}

TEST(Cast, Integer) {
  const char* const range = "is out of range for integer; type: number takes it";
  expect(Caster("integer"), {{"42", "integer 42"},
                             {"0", "integer 0"},
                             {"-0", "integer 0"},
                             {"1.0", "integer 1"},
                             {"-7.000", "integer -7"},
                             {"1e3", "integer 1000"},
                             {"1500e-2", "integer 15"},
                             {R"("42")", "integer 42"},
                             {R"(" 42 ")", "integer 42"},
                             {R"("+42")", "integer 42"},
                             {R"("-42")", "integer -42"},
                             {R"("")", "NULL"},
                             {R"("  ")", "NULL"},
                             {"2147483647", "integer 2147483647"},
                             {"-2147483648", "integer -2147483648"},
                             {"2147483647.0", "integer 2147483647"},
                             {"1.5", "refused: \"1.5\" is not a whole number"},
                             {"1e-1", "refused: \"1e-1\" is not a whole number"},
                             {"true", "refused: \"true\" is not a number"},
                             {"false", "refused: \"false\" is not a number"}});
  for (const char* beyond : {"2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
                             "1e20", "99999999999999999999.0", "1e400"})
    EXPECT_EQ(Caster("integer")(beyond), fmt::format("refused: \"{}\" {}", beyond, range));
}

TEST(Cast, NumbersThatAreNone) {
  for (const std::string type : {"integer", "number"})
    for (const char* text : {"x", "1,5", "1 000", "0x10", "--1", "+-1", "++1", "+", "-", "1.", ".5", "007",
                             "1e", "NaN", "Infinity", "true", "\xc2\xbd"})
      EXPECT_EQ(Caster(type)(fmt::format("\"{}\"", text)),
                fmt::format("refused: \"{}\" is not a number of at most 1,000 digits", text))
          << type;
}

TEST(Cast, Number) {
  expect(Caster("number"),
         {{"1.10", "text 1.10"},
          {"1", "text 1"},
          {"-0", "text 0"},
          {"-0.00", "text 0.00"},
          {"100", "text 100"},
          {"1e2", "text 100"},
          {"-1.5E-3", "text -0.0015"},
          {R"("1.10")", "text 1.10"},
          {R"(" +1.10 ")", "text 1.10"},
          {R"("")", "NULL"},
          {"1234567890123456789012345678", "text 1234567890123456789012345678"},
          {"12345678901234.56789012345678", "text 12345678901234.56789012345678"},
          {"0.1000000000000000055511151231257827", "text 0.1000000000000000055511151231257827"},
          {"true", "refused: \"true\" is not a number"}});
  EXPECT_EQ(Caster("number")("1e400"), "text 1" + std::string(400, '0'));
  EXPECT_EQ(Caster("number")("1e-400"), "text 0." + std::string(399, '0') + "1");
  EXPECT_EQ(Caster("number")(std::string(1000, '9')), "text " + std::string(1000, '9'));
  for (const char* huge : {"1e999999999", "1e-999999999", "1e1000", "1e99999999999999999999999"})
    EXPECT_EQ(Caster("number")(huge),
              fmt::format("refused: \"{}\" is not a number of at most 1,000 digits", huge));
  EXPECT_EQ(Caster("number")(std::string(1001, '9')).find("refused: "), 0U);
}

TEST(Cast, EqualNumbersHaveOneSpellingInAKey) {
  expect(Caster("number", "", true), {{"1.10", "text 1.1"},
                                      {"1.1", "text 1.1"},
                                      {"11e-1", "text 1.1"},
                                      {"1.0", "text 1"},
                                      {"1", "text 1"},
                                      {"100", "text 100"},
                                      {"1e2", "text 100"},
                                      {"-0.0", "text 0"},
                                      {"0.00", "text 0"}});
}

TEST(Cast, Date) {
  expect(Caster("date"),
         {{R"("2025-11-21")", "text 2025-11-21"},
          {R"("  2025-11-21 ")", "text 2025-11-21"},
          {R"("2024-02-29")", "text 2024-02-29"},
          {R"("")", "NULL"},
          {R"("2025-02-29")", "refused: \"2025-02-29\" is a day that does not exist"},
          {R"("2025-02-30")", "refused: \"2025-02-30\" is a day that does not exist"},
          {R"("0000-01-01")", "refused: \"0000-01-01\" is a day that does not exist"},
          {R"("2025-11-21T10:00:00Z")", "refused: \"2025-11-21T10:00:00Z\" has more than a date"},
          {R"("2025-11-21 00:00")", "refused: \"2025-11-21 00:00\" has more than a date"},
          {R"("21.11.2025")", "refused: \"21.11.2025\" is not written as YYYY-MM-DD"},
          {"20251121", "refused: \"20251121\" is not written as YYYY-MM-DD"},
          {"true", "refused: \"true\" is not written as YYYY-MM-DD"}});
}

TEST(Cast, Timestamp) {
  expect(Caster("timestamp"),
         {{R"("2025-11-21T10:30:02Z")", "text 2025-11-21T10:30:02.000000Z"},
          {R"("2025-11-21T10:30:02+03:00")", "text 2025-11-21T07:30:02.000000Z"},
          {R"(" 2025-11-21 10:30Z ")", "text 2025-11-21T10:30:00.000000Z"},
          {R"("2025-11-21T10:30:02.5Z")", "text 2025-11-21T10:30:02.500000Z"},
          {R"("2025-11-21T10:30:02.123456789Z")", "text 2025-11-21T10:30:02.123456Z"},
          {R"("2016-12-31T23:59:60Z")", "text 2017-01-01T00:00:00.000000Z"},
          {R"("")", "NULL"},
          {R"("2025-11-21T10:30:02")", "refused: \"2025-11-21T10:30:02\" has no time zone"},
          {R"("2025-11-21")", "refused: \"2025-11-21\" has no time of day"},
          {R"("0000-11-21T10:30:02Z")", "refused: \"0000-11-21T10:30:02Z\" is a day that does not exist"},
          {"1763721002", "refused: \"1763721002\" is not written as YYYY-MM-DD"},
          {"true", "refused: \"true\" is not written as YYYY-MM-DD"}});
  EXPECT_EQ(Caster("timestamp", "", true)(R"("2025-11-21T12:30:02+02:00")"),
            "text 2025-11-21T10:30:02.000000Z");
}

// A row's cells must all stay valid while its last one is made.
TEST(Cast, ScratchKeepsEarlierTexts) {
  const auto collector = collector_with("{f: {path: f, type: number}, k: k}", "[k]");
  const auto document = document_of("[1.5, 2.5, 3.5]");
  collect::Scratch scratch;
  std::vector<store::Param> cells;
  for (int round = 0; round < 100; ++round)
    for (const decode::Value& value : document.root.items())
      cells.push_back(*collect::cast(value, collector.fields[0], scratch));
  for (std::size_t i = 0; i < cells.size(); ++i)
    EXPECT_EQ(std::get<std::string_view>(cells[i]), document.root.items()[i % 3].text());
}

}  // namespace
