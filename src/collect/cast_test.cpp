#include "collect/cast.hpp"

#include <gtest/gtest.h>

#include "collect/cast_fixture_test.hpp"

namespace {

using collect::testing::collector_with;
using collect::testing::document_of;
using collect::testing::expect;
using collect::testing::OneField;

TEST(Cast, NullIsNullAndListsAndObjectsFitNothing) {
  for (const std::string type :
       {"text", "integer", "bigint", "number", "double", "boolean", "date", "timestamp", "uuid"}) {
    const OneField cast(type);
    EXPECT_EQ(cast("null"), "NULL") << type;
    for (const char* list : {"[]", "[1]", R"(["2025-11-21"])"})
      EXPECT_EQ(cast(list), "refused: is a list, not a " + type +
                                "; choose from it by the path (items[0]), or take it whole with type: json")
          << list;
    for (const char* object : {"{}", R"({"a": 1})"})
      EXPECT_EQ(cast(object),
                "refused: is an object, not a " + type +
                    "; choose from it by the path (item.name), or take it whole with type: json")
          << object;
  }
}

TEST(Cast, SpoiledValuesSayWhy) {
  for (const std::string type : {"text", "integer", "double", "date", "boolean", "json", "text[]"}) {
    const std::string cell = OneField(type)("NaN");
    EXPECT_EQ(cell.find("breaks: "), 0U) << type;
    EXPECT_NE(cell.find("NaN"), std::string::npos) << cell;
  }
  EXPECT_EQ(OneField("text")("\"a\xff\"").find("breaks: "), 0U);
}

TEST(Cast, Text) {
  expect(OneField("text"), {{R"("a b")", "text a b"},
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
  EXPECT_EQ(OneField("text")(R"("a\u0000b")"),
            "breaks: \"a\\x00b\" holds a NUL byte, which no column of texts takes");
  EXPECT_EQ(OneField("text")(R"("\u0000")"),
            "breaks: \"\\x00\" holds a NUL byte, which no column of texts takes");
}

TEST(Cast, MaxLengthCountsCharactersNotBytes) {
  expect(OneField("text", ", max_length: 3"),
         {{R"("abc")", "text abc"},
          {R"("äöü")", "text äöü"},
          {R"("€€€")", "text €€€"},
          {R"("\ud83d\ude00\ud83d\ude00\ud83d\ude00")", "text \U0001F600\U0001F600\U0001F600"},
          {R"("  abc  ")", "text abc"},
          {"1.0", "text 1.0"},
          {R"("abcd")", "breaks: \"abcd\" has 4 characters, 3 are allowed; truncate: true would cut it"},
          {R"("äöüß")", "breaks: \"äöüß\" has 4 characters, 3 are allowed; truncate: true would cut it"},
          {"1.00", "breaks: \"1.00\" has 4 characters, 3 are allowed; truncate: true would cut it"},
          {"true", "breaks: \"true\" has 4 characters, 3 are allowed; truncate: true would cut it"}});
}

TEST(Cast, ReasonsShowOnlyTheBeginningOfLongTexts) {
  const std::string cell = OneField("text", ", max_length: 10")('"' + std::string(5000, 'x') + '"');
  EXPECT_NE(cell.find("has 5000 characters, 10 are allowed"), std::string::npos) << cell;
  EXPECT_LT(cell.size(), 180U);
}

TEST(Cast, Integer) {
  expect(OneField("integer"), {{"42", "integer 42"},
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
  for (const char* beyond : {"2147483648", "-2147483649", "9223372036854775807"})
    EXPECT_EQ(OneField("integer")(beyond),
              fmt::format("breaks: \"{}\" is out of range for integer; type: bigint takes it", beyond));
  for (const char* beyond : {"9223372036854775808", "1e20", "99999999999999999999.0", "1e400"})
    EXPECT_EQ(OneField("integer")(beyond),
              fmt::format("breaks: \"{}\" is out of range for integer; type: number takes it", beyond));
}

TEST(Cast, Bigint) {
  expect(OneField("bigint"),
         {{"9223372036854775807", "integer 9223372036854775807"},
          {"-9223372036854775808", "integer -9223372036854775808"},
          {"2147483648.0", "integer 2147483648"},
          {"9223372036854775808",
           "breaks: \"9223372036854775808\" is out of range for bigint; type: number takes it"},
          {"0.5", "refused: \"0.5\" is not a whole number"},
          {R"("")", "NULL"}});
}

TEST(Cast, NumbersThatAreNone) {
  for (const std::string type : {"integer", "bigint", "number", "double"})
    for (const char* text : {"x", "1 000", "1.234.567", "0x10", "--1", "+-1", "++1", "+", "-", "1.", ".5",
                             "007", "1e", "NaN", "Infinity", "true", "\xc2\xbd"})
      EXPECT_EQ(OneField(type)(fmt::format("\"{}\"", text)),
                fmt::format("refused: \"{}\" is not a number", text))
          << type;
  for (const char* comma : {"1,5", "1,234.56", "1.234,56", ",5"})
    EXPECT_EQ(
        OneField("number")(fmt::format("\"{}\"", comma)),
        fmt::format(
            "refused: \"{}\" is not a number; if its comma is the decimal point, set decimal_comma: true",
            comma));
}

TEST(Cast, Number) {
  expect(OneField("number"),
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
  EXPECT_EQ(OneField("number")("1e400"), "text 1" + std::string(400, '0'));
  EXPECT_EQ(OneField("number")("1e-400"), "text 0." + std::string(399, '0') + "1");
  EXPECT_EQ(OneField("number")(std::string(1000, '9')), "text " + std::string(1000, '9'));
  for (const char* huge : {"1e999999999", "1e-999999999", "1e1000", "1e99999999999999999999999"})
    EXPECT_EQ(OneField("number")(huge),
              fmt::format("breaks: \"{}\" has more than 1,000 digits when written out", huge));
  EXPECT_EQ(OneField("number")(std::string(1001, '9')).find("breaks: "), 0U);
}

TEST(Cast, EqualNumbersHaveOneSpellingInAKey) {
  expect(OneField("number", "", true), {{"1.10", "text 1.1"},
                                        {"1.1", "text 1.1"},
                                        {"11e-1", "text 1.1"},
                                        {"1.0", "text 1"},
                                        {"1", "text 1"},
                                        {"100", "text 100"},
                                        {"1e2", "text 100"},
                                        {"-0.0", "text 0"},
                                        {"0.00", "text 0"}});
}

TEST(Cast, NumberOfAPrecision) {
  const std::string beyond = "is out of range for number(5,2)";
  expect(OneField("number(5,2)"),
         {{"123.45", "text 123.45"},
          {"-999.99", "text -999.99"},
          {"0.5", "text 0.5"},
          {"1.5000", "text 1.50"},
          {"1.50", "text 1.50"},
          {"1e2", "text 100"},
          {"1000", "breaks: \"1000\" " + beyond},
          {"-1000.00", "breaks: \"-1000.00\" " + beyond},
          {"1e900", "breaks: \"1e900\" " + beyond},
          {"1.234", "breaks: \"1.234\" has 3 digits behind the point, number(5,2) takes 2"},
          {"1e-3", "breaks: \"1e-3\" has 3 digits behind the point, number(5,2) takes 2"}});
  expect(OneField("number(2,2)"),
         {{"0.99", "text 0.99"}, {"0", "text 0"}, {"1", "breaks: \"1\" is out of range for number(2,2)"}});
  expect(OneField("number(3)"),
         {{"999.00", "text 999"},
          {"1.5", "breaks: \"1.5\" has 1 digits behind the point, number(3,0) takes 0"}});
  expect(OneField("number(5,2)", "", true), {{"1.50", "text 1.5"}, {"100.00", "text 100"}});
}

TEST(Cast, Double) {
  const std::string beyond = "is out of range for double; type: number takes it";
  expect(OneField("double"), {{"1.5", "double 1.5"},
                              {"1", "double 1"},
                              {"-0", "double 0"},
                              {"1e300", "double 1e+300"},
                              {"5e-324", "double 5e-324"},
                              {R"(" +2.50 ")", "double 2.5"},
                              {"0.1", "double 0.1"},
                              {"12345678901234567890123", "double 1.2345678901234568e+22"},
                              {R"("")", "NULL"},
                              {"1e400", "breaks: \"1e400\" " + beyond},
                              {"-1e400", "breaks: \"-1e400\" " + beyond},
                              {"1e999999999", "breaks: \"1e999999999\" " + beyond},
                              {"1e-400", "breaks: \"1e-400\" " + beyond},
                              {R"("inf")", "refused: \"inf\" is not a number"},
                              {R"("nan")", "refused: \"nan\" is not a number"},
                              {R"("0x1p3")", "refused: \"0x1p3\" is not a number"},
                              {"true", "refused: \"true\" is not a number"}});
  expect(OneField("double", ", range: [0, 0.5]"),
         {{"0.5", "double 0.5"}, {"0.51", "breaks: \"0.51\" is outside of the range 0 to 0.5"}});
  EXPECT_EQ(OneField("double", ", decimal_comma: true")(R"("1.234,5")"), "double 1234.5");
}

TEST(Cast, DecimalComma) {
  const OneField cast("number", ", decimal_comma: true");
  expect(cast, {{R"("1.234,56")", "text 1234.56"},
                {R"("1.234.567,8")", "text 1234567.8"},
                {R"("1 234 567,8")", "text 1234567.8"},
                {R"("1\u00a0234,50")", "text 1234.50"},
                {R"("1\u202f234,50")", "text 1234.50"},
                {R"("-1.234,56")", "text -1234.56"},
                {R"("+0,5")", "text 0.5"},
                {R"("1234,56")", "text 1234.56"},
                {R"("12.345")", "text 12345"},
                {R"("7")", "text 7"},
                {R"("1,5e3")", "text 1500"},
                {"1234.56", "text 1234.56"}});  // JSON's own notation has no comma
  for (const char* text : {"1,234.56", "1.5", "1.23,4", "1234.567,8", "1.234 567,8", "1.2345,6", "1,2,3",
                           ",5", "1,", "1..234", ".234", "1. 234", "0.123,4", "x", "--1,0", "1.234."})
    EXPECT_EQ(cast(fmt::format("\"{}\"", text)),
              fmt::format("refused: \"{}\" is not a number with a decimal comma, such as 1.234,56", text));
  EXPECT_EQ(OneField("integer", ", decimal_comma: true")(R"("1.234,00")"), "integer 1234");
}

// Bounds belong to the range, and are compared as decimals, not as doubles.
TEST(Cast, RangeOfNumbers) {
  expect(
      OneField("number", ", range: ['0.1', '0.30']"),
      {{"0.1", "text 0.1"},
       {"0.300", "text 0.300"},
       {"0.3000000000000000001", "breaks: \"0.3000000000000000001\" is outside of the range 0.1 to 0.30"},
       {"0.09999999999999999999", "breaks: \"0.09999999999999999999\" is outside of the range 0.1 to 0.30"},
       {"null", "NULL"}});
  expect(OneField("integer", ", range: [-1, '1e1']"),
         {{"-1", "integer -1"},
          {"10", "integer 10"},
          {"11", "breaks: \"11\" is outside of the range -1 to 10"}});
}

TEST(Cast, DefaultStandsInForNull) {
  expect(OneField("text", ", default: none"),
         {{"null", "text none"}, {R"("")", "text "}, {R"("a")", "text a"}});
  expect(OneField("integer", ", default: '7', null_values: ['-']"),
         {{"null", "integer 7"}, {R"("")", "integer 7"}, {R"("-")", "integer 7"}, {"1", "integer 1"}});
  expect(OneField("number", ", default: '1.10'", true), {{"null", "text 1.1"}});
  EXPECT_EQ(OneField("integer", ", default: '7'")(R"("x")"), "refused: \"x\" is not a number");
}

// A row's cells must all stay valid while its last one is made.
TEST(Cast, TheArenaKeepsEarlierTexts) {
  const auto collector = collector_with("{f: {path: f, type: timestamp}, k: k}", "[k]");
  const auto caster = collect::Caster::make(collector.fields[0]);
  const auto document = document_of(R"(["2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"])");
  std::pmr::monotonic_buffer_resource arena;
  std::vector<store::Param> cells;
  for (int round = 0; round < 100; ++round)
    for (const decode::Value& value : document.root.items()) cells.push_back(*caster->cast(value, arena));
  for (std::size_t i = 0; i < cells.size(); ++i)
    EXPECT_EQ(std::get<std::string_view>(cells[i]),
              i % 2 == 0 ? "2025-01-01T00:00:00.000000Z" : "2025-01-02T00:00:00.000000Z");
}

}  // namespace
