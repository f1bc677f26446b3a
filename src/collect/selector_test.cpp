#include "collect/selector.hpp"

#include <gtest/gtest.h>

#include "collect/fixture_test.hpp"
#include "collect/mapper.hpp"

namespace {

using collect::testing::collector_with;
using collect::testing::document_of;
using Kind = config::Decoder::Type;

// The records as JSON, each on a line, then how many there were before the filter if that is another number;
// or the error. `keys` are those of record_selector.
std::string select(const std::string& keys, std::string body, Kind decoded_as = Kind::json) {
  const auto collector =
      collector_with("{id: id}", "[id]", keys.empty() ? "" : "record_selector: {" + keys + "}");
  const auto document = document_of(std::move(body));
  std::pmr::monotonic_buffer_resource arena;
  collect::Selector selector(collector.record_selector);
  EXPECT_TRUE(selector.begin_slice({}));
  const auto selected = selector.select(document, decoded_as, arena);
  if (!selected) {
    EXPECT_EQ(selected.error().code, base::Code::invalid_data);
    return "error: " + selected.error().message;
  }
  std::string lines;
  for (const decode::Value& record : selected->records)
    lines += (record.kind() == decode::Kind::spoiled ? "spoiled: " + std::string(record.text())
                                                     : decode::to_json(record)) +
             "\n";
  if (selected->records.size() != selected->unfiltered.size())
    lines += fmt::format("of {}\n", selected->unfiltered.size());
  return lines;
}
std::string select_at(const std::string& path, std::string body) {
  return select(path.empty() ? "" : "field_path: '" + path + "'", std::move(body));
}

TEST(Selector, Lists) {
  EXPECT_EQ(select_at("", R"([{"id":1},{"id":2}])"), "{\"id\":1}\n{\"id\":2}\n");
  EXPECT_EQ(select_at("data.items", R"({"data":{"items":[{"id":1},2]}})"), "{\"id\":1}\n2\n");
  EXPECT_EQ(select_at("pages[0]", R"({"pages":[[{"id":1}],[{"id":2}]]})"), "{\"id\":1}\n");
  EXPECT_EQ(select_at("", "[]"), "");
  EXPECT_EQ(select_at("items", R"({"items":[]})"), "");
}

// The World Bank sends [meta, rows].
TEST(Selector, AListInsideOfAList) {
  EXPECT_EQ(select_at("[1]", R"([{"page":1,"total":2},[{"id":"a"},{"id":"b"}]])"),
            "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
  EXPECT_EQ(
      select_at("[1]", R"([{"message":[{"id":"120"}]}])"),
      "error: record_selector.field_path \"[1]\" leads to nothing in the answer; is the path still right?");
}

TEST(Selector, OneObjectIsOneRecord) {
  EXPECT_EQ(select_at("", R"({"id":1})"), "{\"id\":1}\n");
  EXPECT_EQ(select_at("item", R"({"item":{"id":1}})"), "{\"id\":1}\n");
}

TEST(Selector, ANullBodyHoldsNoRecords) { EXPECT_EQ(select_at("", "null"), ""); }

TEST(Selector, TheUsualPlaceOfADecoder) {
  EXPECT_EQ(select("", R"({"feed":{},"entries":[{"id":1}]})", Kind::feed), "{\"id\":1}\n");
  EXPECT_EQ(select("", R"({"records":[{"id":1}],"cursor":null})", Kind::oai), "{\"id\":1}\n");
  EXPECT_EQ(select("", R"({"records":[{"id":1}]})", Kind::json), "{\"records\":[{\"id\":1}]}\n");
  EXPECT_EQ(select("field_path: feed", R"({"feed":{"id":2},"entries":[{"id":1}]})", Kind::feed),
            "{\"id\":2}\n");
}

// A path that leads nowhere is a renamed key far more often than an empty day.
TEST(Selector, NothingAtThePathIsAnError) {
  const char* why =
      "error: record_selector.field_path \"items\" leads to nothing in the answer; is the path still right?";
  for (const char* body : {"{}", R"({"Items":[]})", R"({"items":null})", "[]", "null", "5"})
    EXPECT_EQ(select_at("items", body), why) << body;
}

TEST(Selector, AScalarIsAnError) {
  for (const char* scalar : {"5", "\"text\"", "true"}) {
    EXPECT_EQ(select_at("", scalar), "error: the body leads to neither a list nor an object") << scalar;
    EXPECT_EQ(select_at("items", fmt::format(R"({{"items":{}}})", scalar)),
              "error: record_selector.field_path \"items\" leads to neither a list nor an object");
  }
}

TEST(Selector, ASpoiledBodySaysWhatSpoiledIt) {
  const std::string why = select_at("items", "{\"items\": [], \"\xff\": 1}");
  EXPECT_EQ(why.find("is the path still right"), std::string::npos) << why;
  EXPECT_NE(why.find("UTF-8"), std::string::npos) << why;
}

TEST(Selector, APathThatCannotBeEvaluated) {
  const std::string why = select_at("keys(items)", R"({"items":1})");
  EXPECT_EQ(why.find("error: record_selector.field_path \"keys(items)\": invalid-type"), 0U) << why;
}

TEST(Selector, HeaderRowOfLists) {
  EXPECT_EQ(select("header_row: true", R"([["NAME","POP",null],["x","1",true],["y",2,{}]])"),
            "{\"NAME\":\"x\",\"POP\":\"1\",\"c3\":true}\n{\"NAME\":\"y\",\"POP\":2,\"c3\":{}}\n");
  EXPECT_EQ(
      select("header_row: true", R"([["a","b"],["1"],["1","2","3"],7])"),
      "spoiled: has 1 values, the header row names 2\nspoiled: has 3 values, the header row names 2\n7\n");
  EXPECT_EQ(select("header_row: true", R"([["a"]])"), "");
  EXPECT_EQ(select("header_row: true", "[]"), "");
}

// IBGE's SIDRA names the keys of its objects in the first of them.
TEST(Selector, HeaderRowOfObjects) {
  EXPECT_EQ(select("header_row: true", R"json([{"NC":"Nível (Código)","V":"Valor","D1N":"Mês"},
                                           {"NC":"1","V":"4.50","D1N":"janeiro 2024"},
                                           {"V":"...","NC":"1","X":0}])json"),
            "{\"Nível (Código)\":\"1\",\"Valor\":\"4.50\",\"Mês\":\"janeiro 2024\"}\n"
            "{\"Valor\":\"...\",\"Nível (Código)\":\"1\",\"X\":0}\n");
}

TEST(Selector, HeaderRowsThatNameNothing) {
  const std::string error = "error: record_selector.header_row: ";
  EXPECT_EQ(select("header_row: true", R"([{"a":"Valor","b":"Valor"},{"a":1,"b":2}])"),
            error + "the name \"Valor\" stands twice; take header_row away and use the keys or places");
  EXPECT_EQ(select("header_row: true", R"([["a","a"]])").find(error + "the name \"a\" stands twice"), 0U);
  EXPECT_EQ(select("header_row: true", "[1]"),
            error + "the first item names no columns; is it a list or an object of names?");
  EXPECT_EQ(select("header_row: true", "[[]]"),
            error + "the first item names no columns; is it a list or an object of names?");
  EXPECT_EQ(select("header_row: true", R"([["a",["b"]]])"),
            error + "the first item holds other things than names");
  EXPECT_EQ(select("header_row: true", R"({"a":1})"),
            "error: the body leads to one object, but header_row needs a list");
}

TEST(Selector, ObjectEntries) {
  const std::string keys = "flatten: object_entries, field_path: rates";
  EXPECT_EQ(select(keys, R"({"base":"EUR","rates":{"USD":1.10,"BRL":6}})"),
            "{\"key\":\"USD\",\"value\":1.10}\n{\"key\":\"BRL\",\"value\":6}\n");
  EXPECT_EQ(select(keys, R"({"rates":{}})"), "");
  EXPECT_EQ(select(keys, R"({"rates":[{"a":1}]})"),
            "error: record_selector.field_path \"rates\" leads to a list, but flatten: object_entries needs "
            "an object");
}

// Visual Studio Code's marketplace.
TEST(Selector, NameValue) {
  const std::string keys = "flatten: name_value";
  EXPECT_EQ(select(keys, R"([{"id":"x","statistics":[{"statisticName":"install","value":12.0},
                                                     {"value":4.5,"statisticName":"averagerating"}]}])"),
            "{\"id\":\"x\",\"statistics\":{\"install\":12.0,\"averagerating\":4.5}}\n");
  EXPECT_EQ(select(keys, R"([{"a":[{"name":"n","value":1},{"name":"m","value":2},{"name":"n","value":3}],
                              "b":[{"key":"k","value":[]}],"c":[{"id":7,"value":null}]}])"),
            "{\"a\":{\"n\":3,\"m\":2},\"b\":{\"k\":[]},\"c\":{\"7\":null}}\n");
  for (const char* left : {R"({"a":[],"b":[{"name":"n"}],"c":[{"name":"n","value":1,"x":0}]})",
                           R"({"a":[{"name":"n","value":1},2]})", R"({"a":[{"name":{},"value":1}]})",
                           R"({"a":[{"value":1,"word":2}]})", "5"})
    EXPECT_EQ(select(keys, fmt::format("[{}]", left)), std::string(left) + "\n");
  EXPECT_EQ(select(keys, R"([[{"name":"id","value":1}]])"), "{\"id\":1}\n");
}

TEST(Selector, RecordFilter) {
  const std::string body = R"([{"id":1,"s":"a"},{"id":2,"s":"Rejected"},{"id":3}])";
  EXPECT_EQ(select("record_filter: \"s != 'Rejected'\"", body), "{\"id\":1,\"s\":\"a\"}\n{\"id\":3}\nof 3\n");
  EXPECT_EQ(select("record_filter: s", body),
            "{\"id\":1,\"s\":\"a\"}\n{\"id\":2,\"s\":\"Rejected\"}\nof 3\n");
  EXPECT_EQ(select("record_filter: 'id > `5`'", body), "of 3\n");
  // What is false for JMESPath.
  EXPECT_EQ(
      select("record_filter: f", R"([{"f":null},{"f":false},{"f":""},{"f":[]},{"f":{}},{"f":0},{"f":"0"}])"),
      "{\"f\":0}\n{\"f\":\"0\"}\nof 7\n");
  // It sees the records as flatten has made them.
  EXPECT_EQ(select("record_filter: 'value > `1`', flatten: object_entries", R"({"a":1,"b":2})"),
            "{\"key\":\"b\",\"value\":2}\nof 2\n");
}

TEST(Selector, ARecordThatTheFilterCannotJudgeIsSetAside) {
  const auto collector =
      collector_with("{id: id}", "[id]", "record_selector: {record_filter: 'length(id) > `0`'}");
  const auto document = document_of(R"([{"id": "a"}, {"id":  5}])");
  std::pmr::monotonic_buffer_resource arena;
  collect::Selector selector(collector.record_selector);
  ASSERT_TRUE(selector.begin_slice({}));
  const auto selected = selector.select(document, Kind::json, arena);
  ASSERT_TRUE(selected);
  ASSERT_EQ(selected->records.size(), 2U);
  collect::Mapper mapper(collector.fields);
  ASSERT_TRUE(mapper.begin_slice({}));
  EXPECT_TRUE(mapper.map(selected->records[0], document, 1));
  EXPECT_FALSE(mapper.map(selected->records[1], document, 2));
  const auto bad = mapper.take_bad();
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->reason.find("record_filter: invalid-type"), 0U) << bad->reason;
  EXPECT_EQ(bad->raw, R"({"id":  5})");
}

TEST(Selector, AFilterWithTemplates) {
  const auto collector = collector_with(
      "{id: id}", "[id]", "record_selector: {record_filter: \"day >= '{{ now | date('%Y-%m-%d') }}'\"}");
  const auto document = document_of(R"([{"day":"2023-11-13"},{"day":"2023-11-14"},{"day":"2023-11-15"}])");
  std::pmr::monotonic_buffer_resource arena;
  collect::Selector selector(collector.record_selector);
  expr::TemplateValues values;
  values.now = base::WallTime{std::chrono::seconds{1'700'000'000}};  // 2023-11-14
  ASSERT_TRUE(selector.begin_slice(values));
  EXPECT_EQ(selector.select(document, Kind::json, arena)->records.size(), 2U);
  values.now += std::chrono::hours{24};
  ASSERT_TRUE(selector.begin_slice(values));
  EXPECT_EQ(selector.select(document, Kind::json, arena)->records.size(), 1U);
}

TEST(Selector, AFilterThatItsTemplatesBreak) {
  const auto collector =
      collector_with("{id: id}", "[id]", R"(record_selector: {record_filter: "day >= '{{ \"'\" }}'"})");
  collect::Selector selector(collector.record_selector);
  const auto begun = selector.begin_slice({});
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, base::Code::invalid_config);
  EXPECT_EQ(begun.error().message.find("record_selector.record_filter"), 0U) << begun.error().message;
}

// Records of another shape keep the text that was sent, where there is one.
TEST(Selector, RawTextOfReshapedRecords) {
  const auto collector = collector_with("{id: id}", "[id]", "record_selector: {header_row: true}");
  const auto document = document_of(R"([{"a":"id"}, {"a" : 1.50}])");
  std::pmr::monotonic_buffer_resource arena;
  collect::Selector selector(collector.record_selector);
  ASSERT_TRUE(selector.begin_slice({}));
  const auto selected = selector.select(document, Kind::json, arena);
  ASSERT_TRUE(selected);
  EXPECT_EQ(decode::to_json(selected->records[0]), R"({"id":1.50})");
  EXPECT_EQ(document.raw(selected->records[0]), R"({"a" : 1.50})");
}

}  // namespace
