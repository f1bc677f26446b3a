#include "collect/mapper.hpp"

#include <gtest/gtest.h>

#include "collect/fixture_test.hpp"

namespace {

using collect::BadRecord;
using collect::Mapper;
using collect::testing::collector_with;
using collect::testing::document_of;

const char* const fields =
    "{id: {path: id, type: integer}, name: {path: names.full, required: true, max_length: 5}, price: {path: "
    "price, "
    "type: number}, source: {value: constant}, year: {value: '2025', type: integer}}";

class MapperTest : public testing::Test {
 protected:
  // "7|Ann|1.10|constant|2025" of the record at `index`, or "bad".
  std::string map(const decode::Document& document, std::size_t index) {
    const auto row =
        mapper_.map(document.root.items()[index], document, static_cast<std::int64_t>(index) + 1);
    if (!row) {
      bad_ = mapper_.take_bad().value_or(BadRecord{});
      return "bad";
    }
    std::string line;
    for (const store::Cell& cell : store::to_cells(*row)) {
      const store::Row one{{cell}};
      line += (line.empty() ? "" : "|") + (one.is_null(0) ? std::string("NULL") : one.text(0));
    }
    return line;
  }
  void expect_bad(const std::string& record, const std::string& column, const std::string& reason) {
    const auto document = document_of("[0,  " + record + "  ]");
    ASSERT_EQ(map(document, 1), "bad") << record;
    EXPECT_EQ(bad_.position, 2);
    EXPECT_EQ(bad_.column, column) << record;
    EXPECT_EQ(bad_.reason, reason) << record;
    EXPECT_EQ(bad_.raw, record);
  }

  void SetUp() override { ASSERT_TRUE(mapper_.begin_slice({})); }

  config::Collector collector_ = collector_with(fields, "[id]");
  Mapper mapper_{collector_.fields};
  BadRecord bad_;
};

TEST_F(MapperTest, RowsInTheOrderOfTheFields) {
  const auto document = document_of(R"([{"price": 1.10, "names": {"full": "Ann"}, "id": "7", "more": [1]},
                                        {"id": 8, "names": {"full": " Bo "}, "price": ""},
                                        {"id": 9, "names": {"full": ""}}])");
  EXPECT_EQ(map(document, 0), "7|Ann|1.10|constant|2025");
  EXPECT_EQ(map(document, 1), "8|Bo|NULL|constant|2025");
  EXPECT_EQ(map(document, 2), "9||NULL|constant|2025");
}

TEST_F(MapperTest, RecordsThatAreNoObjects) {
  for (const char* record : {"5", "\"text\"", "null", "true", "[1,2]", "[]", "1.10"})
    expect_bad(record, "", "the record is not an object");
}

TEST_F(MapperTest, MissingKeys) {
  expect_bad(R"({"names": {"full": "Ann"}})", "id", "the key is missing");
  expect_bad(R"({"id": null, "names": {"full": "Ann"}})", "id", "the key is missing");
  expect_bad(R"({"id": " ", "names": {"full": "Ann"}})", "id", "the key is missing");
}

TEST_F(MapperTest, MissingRequiredValues) {
  for (const char* record : {R"({"id": 1})", R"({"id": 1, "names": {}})",
                             R"({"id": 1, "names": {"full": null}})", R"({"id": 1, "names": "Ann"})"})
    expect_bad(record, "name", "a required value is missing");
}

TEST_F(MapperTest, ValuesThatDoNotFitNameTheirColumn) {
  expect_bad(R"({"id": 1.5, "names": {"full": "Ann"}})", "id", "\"1.5\" is not a whole number");
  expect_bad(R"({"id": 1, "names": {"full": "Annabel"}})", "name",
             "\"Annabel\" has 7 characters, 5 are allowed; truncate: true would cut it");
  expect_bad(R"({"id": 1, "names": {"full": "A\u0000"}})", "name",
             "\"A\\x00\" holds a NUL byte, which no column of texts takes");
  expect_bad(
      R"({"id": 1, "names": {"full": "Ann"}, "price": {}})", "price",
      "is an object, not a number; choose from it by the path (item.name), or take it whole with type: json");
}

// The raw record of an object is the text that came, with its spelling, spacing and order.
TEST_F(MapperTest, RawTextIsExact) {
  expect_bad("{ \"id\" : 1.50e0,\n\t\"x\":\"\\u00e9\\/é\", \"id2\":[ 1 , {} ] }", "id",
             "\"1.50e0\" is not a whole number");
}

TEST_F(MapperTest, SpoiledRecordsAreSetAsideWholeAndAlone) {
  const auto document = document_of(
      "[{\"id\": 1, \"names\": {\"full\": \"a\"}, \"other\": {\"deep\": [\"\xff\"]}},"
      " {\"id\": 2, \"names\": {\"full\": \"b\"}},"
      " {\"id\": NaN, \"names\": {\"full\": \"c\"}},"
      " {\"\xff\": 4},"
      " \"\xff\"]");
  for (const std::size_t index : {0U, 2U, 3U, 4U}) {
    ASSERT_EQ(map(document, index), "bad") << index;
    EXPECT_EQ(bad_.position, static_cast<std::int64_t>(index) + 1);
    EXPECT_EQ(bad_.column, "");
    EXPECT_FALSE(bad_.reason.empty());
    EXPECT_NE(bad_.reason, "the record is not an object");
  }
  EXPECT_EQ(map(document, 1), "2|b|NULL|constant|2025");
  ASSERT_EQ(map(document, 0), "bad");
  EXPECT_EQ(bad_.raw, "{\"id\": 1, \"names\": {\"full\": \"a\"}, \"other\": {\"deep\": [\"\ufffd\"]}}");
}

TEST_F(MapperTest, ABadRecordLeavesNothingInTheNextRow) {
  const auto document = document_of(R"([{"id": 1, "names": {"full": "Ann"}, "price": 2.5},
                                        {"id": 2, "names": {"full": "Bo"}, "price": "x"},
                                        {"id": 3, "names": {"full": "Cy"}}])");
  EXPECT_EQ(map(document, 0), "1|Ann|2.5|constant|2025");
  EXPECT_EQ(map(document, 1), "bad");
  EXPECT_EQ(map(document, 2), "3|Cy|NULL|constant|2025");
}

// ---- Values of another type, and columns that the table lacks ----

using Contract = config::Destination::SchemaContract;

// What becomes of the only record under a contract: "1|NULL", "dropped", "bad: …", "fatal: …".
std::string under(Contract contract, const std::string& field_list, const std::string& record,
                  std::vector<std::string> lacking = {}) {
  const auto collector = collector_with(field_list, "[id]");
  Mapper mapper(collector.fields, {.contract = contract, .lacking = std::move(lacking)});
  if (const auto begun = mapper.begin_slice({}); !begun) return begun.error().message;
  const auto document = document_of(record);
  if (const auto row = mapper.map(document.root, document, 1)) {
    std::string line;
    for (const store::Cell& cell : store::to_cells(*row)) {
      const store::Row one{{cell}};
      line += (line.empty() ? "" : "|") + (one.is_null(0) ? std::string("NULL") : one.text(0));
    }
    return line;
  }
  if (const auto bad = mapper.take_bad())
    return fmt::format("{}: {} {}", bad->fatal ? "fatal" : "bad", bad->column, bad->reason);
  return mapper.dropped() == 1 ? "dropped" : "lost";
}

TEST(SchemaContract, AValueOfAnotherType) {
  const std::string list = "{id: {path: id, type: integer}, n: {path: n, type: integer}}";
  const std::string record = R"({"id": 1, "n": "x"})";
  EXPECT_EQ(under(Contract::evolve, list, record), "bad: n \"x\" is not a number");
  EXPECT_EQ(under(Contract::quarantine_row, list, record), "bad: n \"x\" is not a number");
  EXPECT_EQ(under(Contract::freeze, list, record), "fatal: n \"x\" is not a number");
  EXPECT_EQ(under(Contract::discard_value, list, record), "1|NULL");
  EXPECT_EQ(under(Contract::discard_row, list, record), "dropped");
}

TEST(SchemaContract, KeysAndRequiredValuesAreNotDiscarded) {
  const std::string record = R"({"id": "x", "n": "y"})";
  EXPECT_EQ(under(Contract::discard_value, "{id: {path: id, type: integer}}", record),
            "bad: id \"x\" is not a number");
  EXPECT_EQ(under(Contract::discard_value, "{id: id, n: {path: n, type: integer, required: true}}", record),
            "bad: n \"y\" is not a number");
  EXPECT_EQ(under(Contract::discard_value, "{id: id, n: {path: n, type: integer, default: '7'}}", record),
            "x|7");
}

// It is of the right type, so the contract has nothing to say.
TEST(SchemaContract, AValueThatBreaksARuleIsSetAsideUnderAnyContract) {
  const std::string list = "{id: id, n: {path: n, type: integer, range: [0, 10]}}";
  for (const Contract contract : {Contract::evolve, Contract::freeze, Contract::discard_row,
                                  Contract::discard_value, Contract::quarantine_row}) {
    EXPECT_EQ(under(contract, list, R"({"id": 1, "n": 11})"),
              "bad: n \"11\" is outside of the range 0 to 10");
    EXPECT_EQ(under(contract, list, R"({"n": 1})"), "bad: id the key is missing");
  }
}

TEST(SchemaContract, ColumnsThatTheTableLacks) {
  const std::string list = "{id: id, n: n}", full = R"({"id": 1, "n": 2})", without = R"({"id": 1})";
  EXPECT_EQ(under(Contract::discard_row, list, full, {"n"}), "dropped");
  EXPECT_EQ(under(Contract::discard_row, list, without, {"n"}), "1|NULL");
  EXPECT_EQ(under(Contract::quarantine_row, list, full, {"n"}),
            "bad: n has a value, but the table has no such column; add it, or remove the field");
  EXPECT_EQ(under(Contract::quarantine_row, list, without, {"n"}), "1|NULL");
  EXPECT_EQ(under(Contract::discard_value, list, full, {"n"}), "1|2");
  EXPECT_EQ(under(Contract::evolve, list, full, {"n"}), "1|2");
}

// ---- Expressions, templates, slices ----

TEST(Mapping, AnExpressionThatCannotBeEvaluatedMakesTheRecordBad) {
  const std::string outcome =
      under(Contract::discard_row, "{id: id, n: 'length(n)'}", R"({"id": 1, "n": 2})");
  EXPECT_EQ(outcome.find("bad: n path length(n): invalid-type"), 0U) << outcome;
}

TEST(Mapping, TemplatesAreRenderedOnceASlice) {
  const auto collector = collector_with(
      "{id: id, day: {value: \"{{ now | date('%Y-%m-%d') }}\", type: date}, source: {value: ' nvd ', case: "
      "upper}}",
      "[id]");
  Mapper mapper(collector.fields);
  const auto document = document_of(R"({"id": "a"})");
  for (const char* const day : {"2023-11-14", "2023-11-15"}) {
    expr::TemplateValues values;
    values.now = base::WallTime{std::chrono::seconds{day[9] == '4' ? 1'700'000'000 : 1'700'086'400}};
    ASSERT_TRUE(mapper.begin_slice(values));
    for (int i = 0; i < 3; ++i) {
      const auto row = mapper.map(document.root, document, 1);
      ASSERT_TRUE(row);
      EXPECT_EQ(std::get<std::string_view>((*row)[1]), day);
      EXPECT_EQ(std::get<std::string_view>((*row)[2]), "NVD");
    }
  }
}

TEST(Mapping, ASliceThatCannotBegin) {
  const auto begin = [](const std::string& field) {
    const auto collector = collector_with("{id: id, f: " + field + "}", "[id]");
    Mapper mapper(collector.fields);
    const auto begun = mapper.begin_slice({});
    EXPECT_FALSE(begun);
    EXPECT_EQ(begun.error().code, base::Code::invalid_config);
    return begun.error().message;
  };
  EXPECT_EQ(begin("{value: x, type: integer}"), "fields.f.value: \"x\" is not a number");
  EXPECT_EQ(begin("{value: '', type: integer, required: true}"),
            "fields.f.value: a required value is missing");
  EXPECT_EQ(begin("{path: f, type: integer, default: x}"), "fields.f.default: \"x\" is not a number");
}

// What came from the environment stands in no message.
TEST(Mapping, AConstantFromTheEnvironment) {
  const char* const yaml =
      "name: items\nrequester: {url_base: 'https://api.example'}\n"
      "fields: {id: id, f: {value: '${REGION}', type: TYPE}}\n"
      "destination: {table: items, primary_key: [id]}\n";
  const auto begin = [&](const std::string& type) {
    std::string text = yaml;
    text.replace(text.find("TYPE"), 4, type);
    const auto collector = collect::testing::collector_from(text, {{"REGION", "south"}});
    Mapper mapper(collector.fields);
    const auto begun = mapper.begin_slice({});
    if (!begun) return begun.error().message;
    const auto document = document_of(R"({"id": 1})");
    EXPECT_EQ(std::get<std::string_view>((*mapper.map(document.root, document, 1))[1]), "south");
    return std::string();
  };
  EXPECT_EQ(begin("text"), "");
  EXPECT_EQ(begin("integer"), "fields.f.value: what came from the environment does not fit type: integer");
}

// The run reads its cursor from the record that was mapped.
TEST(Mapping, OtherExpressionsOnTheSameRecord) {
  const auto collector = collector_with("{id: id, at: {path: at, type: timestamp}}", "[id]");
  Mapper mapper(collector.fields);
  ASSERT_TRUE(mapper.begin_slice({}));
  const auto document = document_of(R"({"id": "a", "at": "2025-01-01T00:00:00+01:00"})");
  const auto row = mapper.map(document.root, document, 1);
  ASSERT_TRUE(row);
  const auto cursor = expr::Expression::parse("join('/', [id, at])");
  const auto value = mapper.evaluate(*cursor, document.root);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->text(), "a/2025-01-01T00:00:00+01:00");
  EXPECT_EQ(std::get<std::string_view>((*row)[1]), "2024-12-31T23:00:00.000000Z");  // still there
}

// The arena starts anew with every record, however much the one before needed.
TEST(Mapping, LargeRecordsLeaveNothingBehind) {
  const auto collector = collector_with("{id: id, all: {path: all, type: json}}", "[id]");
  Mapper mapper(collector.fields);
  ASSERT_TRUE(mapper.begin_slice({}));
  const auto large = document_of(R"({"id": 1, "all": ["1)" + std::string(100'000, 'x') + "\"]}");
  const auto small = document_of(R"({"id": 2, "all": {"b": 1, "a": 2}})");
  for (int i = 0; i < 5; ++i) {
    const auto big_row = mapper.map(large.root, large, 1);
    ASSERT_TRUE(big_row);
    EXPECT_EQ(std::get<std::string_view>((*big_row)[1]).size(), 100'005U);
    const auto row = mapper.map(small.root, small, 2);
    ASSERT_TRUE(row);
    EXPECT_EQ(std::get<std::string_view>((*row)[1]), R"({"a":2,"b":1})");
  }
}

}  // namespace
