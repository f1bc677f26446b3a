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
      bad_ = mapper_.take_bad();
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
             "\"Annabel\" has 7 characters, 5 are allowed");
  expect_bad(R"({"id": 1, "names": {"full": "A\u0000"}})", "name", "\"A\\x00\" holds a NUL byte");
  expect_bad(R"({"id": 1, "names": {"full": "Ann"}, "price": {}})", "price", "is an object, not a number");
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

// ---- select_records ----

// The records at the path as JSON, each on a line, or the error.
std::string select(const std::string& path, std::string body) {
  const auto collector =
      collector_with("{id: id}", "[id]", path.empty() ? "" : "record_selector: {field_path: '" + path + "'}");
  const auto document = document_of(std::move(body));
  decode::Value holder;
  const auto records = collect::select_records(document, collector.record_selector, holder);
  if (!records) {
    EXPECT_EQ(records.error().code, base::Code::invalid_data);
    return "error: " + records.error().message;
  }
  std::string lines;
  for (const decode::Value& record : *records) lines += decode::to_json(record) + "\n";
  return lines;
}

TEST(SelectRecords, Lists) {
  EXPECT_EQ(select("", R"([{"id":1},{"id":2}])"), "{\"id\":1}\n{\"id\":2}\n");
  EXPECT_EQ(select("data.items", R"({"data":{"items":[{"id":1},2]}})"), "{\"id\":1}\n2\n");
  EXPECT_EQ(select("pages[0]", R"({"pages":[[{"id":1}],[{"id":2}]]})"), "{\"id\":1}\n");
  EXPECT_EQ(select("", "[]"), "");
  EXPECT_EQ(select("items", R"({"items":[]})"), "");
}

TEST(SelectRecords, OneObjectIsOneRecord) {
  EXPECT_EQ(select("", R"({"id":1})"), "{\"id\":1}\n");
  EXPECT_EQ(select("item", R"({"item":{"id":1}})"), "{\"id\":1}\n");
}

TEST(SelectRecords, ANullBodyHoldsNoRecords) { EXPECT_EQ(select("", "null"), ""); }

// A path that leads nowhere is a renamed key far more often than an empty day.
TEST(SelectRecords, NothingAtThePathIsAnError) {
  const char* why =
      "error: record_selector.field_path \"items\" leads to nothing in the answer; is the path still right?";
  for (const char* body : {"{}", R"({"Items":[]})", R"({"items":null})", "[]", "null", "5"})
    EXPECT_EQ(select("items", body), why) << body;
}

TEST(SelectRecords, AScalarIsAnError) {
  for (const char* scalar : {"5", "\"text\"", "true"}) {
    EXPECT_EQ(select("", scalar), "error: the body leads to neither a list nor an object") << scalar;
    EXPECT_EQ(select("items", fmt::format(R"({{"items":{}}})", scalar)),
              "error: record_selector.field_path \"items\" leads to neither a list nor an object");
  }
}

TEST(SelectRecords, ASpoiledBodySaysWhatSpoiledIt) {
  const std::string why = select("items", "{\"items\": [], \"\xff\": 1}");
  EXPECT_EQ(why.find("is the path still right"), std::string::npos) << why;
  EXPECT_NE(why.find("UTF-8"), std::string::npos) << why;
}

}  // namespace
