#include "decode/jsonstat.hpp"

#include <fmt/format.h>

#include "decode/testing.hpp"

namespace decode {
namespace {

// Two countries, three years; `rest` gives values and statuses.
std::string cube(std::string_view rest, std::string_view size = "[2,3]",
                 std::string_view geo_index = R"({"SE":1,"NO":0})") {
  return fmt::format(
      R"({{"version":"2.0","class":"dataset","id":["geo","time"],"size":{},"dimension":{{"geo":{{"label":"Country",)"
      R"("category":{{"index":{},"label":{{"NO":"Norway","SE":"Sweden"}}}}}},"time":{{"category":)"
      R"({{"index":["2022","2023","2024"]}}}}}},{}}})",
      size, geo_index, rest);
}

std::string row(std::string_view geo, std::string_view name, int year, std::string_view value,
                std::string_view status = "null") {
  return fmt::format(
      R"({{"geo":"{}","geo_label":"{}","time":"{}","time_label":"{}","value":{},"status":{}}})", geo, name,
      year, year, value, status);
}

std::string error(std::string body) { return error_of(decode_jsonstat(std::move(body))); }

TEST(JsonStat, DenseValues) {
  EXPECT_EQ(json_of(decode_jsonstat(
                cube(R"("value":[1.10,2,null,4,"x",6e0],"status":["a",null,null,null,"e",""])"))),
            "[" + row("NO", "Norway", 2022, "1.10", "\"a\"") + "," + row("NO", "Norway", 2023, "2") + "," +
                row("SE", "Sweden", 2022, "4") + "," + row("SE", "Sweden", 2023, "\"x\"", "\"e\"") + "," +
                row("SE", "Sweden", 2024, "6e0", "\"\"") + "]");
}

TEST(JsonStat, SparseValues) {
  EXPECT_EQ(json_of(decode_jsonstat(cube(R"("value":{"5":1.5,"0":2},"status":{"5":"p","1":"c"})"))),
            "[" + row("SE", "Sweden", 2024, "1.5", "\"p\"") + "," + row("NO", "Norway", 2022, "2") + "]");
  EXPECT_EQ(json_of(decode_jsonstat(cube(R"("value":{"3":1},"status":"e")"))),
            "[" + row("SE", "Sweden", 2022, "1", "\"e\"") + "]");
  EXPECT_EQ(json_of(decode_jsonstat(cube(R"("value":{})"))), "[]");
}

TEST(JsonStat, PositionsAreMixedRadix) {
  std::string values;
  for (int i = 0; i < 24; ++i) values += fmt::format("{}{}", i == 0 ? "" : ",", i);
  const auto document = decode_jsonstat(fmt::format(
      R"({{"class":"dataset","id":["a","b","c","d"],"size":[2,3,1,4],"value":[{}],"dimension":{{)"
      R"("a":{{"category":{{"index":["0","1"]}}}},"b":{{"category":{{"index":["0","1","2"]}}}},)"
      R"("c":{{"category":{{"label":{{"only":"The only one"}}}}}},"d":{{"category":{{"index":["0","1","2","3"]}}}}}}}})",
      values));
  ASSERT_TRUE(document) << document.error().message;
  ASSERT_EQ(document->root.items().size(), 24U);
  for (const Value& row : document->root.items()) {
    const auto digit = [&](const char* key) { return std::stoi(std::string(row.find(key)->text())); };
    EXPECT_EQ(digit("a") * 12 + digit("b") * 4 + digit("d"), digit("value"));
    EXPECT_EQ(row.find("c")->text(), "only");
    EXPECT_EQ(row.find("c_label")->text(), "The only one");
  }
}

TEST(JsonStat, FirstVersionHasBundles) {
  const std::string dataset =
      R"({"label":"x","dimension":{"id":["t"],"size":[2],"t":{"category":{"index":{"a":0,"b":1}}}},"value":[7,8]})";
  const std::string rows = R"([{"t":"a","t_label":"a","value":7,"status":null},)"
                           R"({"t":"b","t_label":"b","value":8,"status":null}])";
  EXPECT_EQ(json_of(decode_jsonstat("{\"dataset\":" + dataset + "}")), rows);
  EXPECT_EQ(json_of(decode_jsonstat("{\"any\":" + dataset + ",\"note\":1}")), rows);
  EXPECT_EQ(error("{\"a\":" + dataset + ",\"b\":" + dataset + "}"),
            "JSON-stat: the answer holds 2 datasets; ask for one");
}

TEST(JsonStat, SizesThatLie) {
  const std::string six = R"("value":[1,2,3,4,5,6])";
  EXPECT_EQ(error(cube(six, "[2,2]")), "JSON-stat: dimension \"time\": 3 categories, but its size is 2");
  EXPECT_EQ(error(cube(six, "[3,3]")), "JSON-stat: dimension \"geo\": 2 categories, but its size is 3");
  EXPECT_EQ(error(cube(six, "[2,3,1]")), "JSON-stat: 2 dimensions, but 3 sizes");
  EXPECT_EQ(error(cube(six, "[2,-3]")), "JSON-stat: dimension 2: no name, or a size that is no count");
  EXPECT_EQ(error(cube(six, "[2,99999999999999999999]")),
            "JSON-stat: dimension 2: no name, or a size that is no count");
  EXPECT_EQ(error(cube(R"("value":[1,2,3,4,5])")),
            "JSON-stat: 5 values, but 6 cells by the sizes of the dimensions");
  EXPECT_EQ(error(cube(R"("value":{"6":1})")), "JSON-stat: a value for cell \"6\", but there are 6 cells");
  EXPECT_EQ(error(cube(R"("value":{"-1":1})")), "JSON-stat: a value for cell \"-1\", but there are 6 cells");
  EXPECT_EQ(error(cube(six + R"(,"status":["a"])")),
            "JSON-stat: 1 statuses, but 6 cells by the sizes of the dimensions");
  EXPECT_EQ(error(cube(six + R"(,"status":{"x":"a"})")),
            "JSON-stat: a status for cell \"x\", but there are 6 cells");
  for (const char* index : {R"({"NO":0,"SE":0})", R"({"NO":0,"SE":2})", R"({"NO":0,"SE":"x"})"})
    EXPECT_EQ(error(cube(six, "[2,3]", index)),
              "JSON-stat: dimension \"geo\": category \"SE\" has no place of its own in the index");
}

TEST(JsonStat, OtherFaults) {
  EXPECT_EQ(error("[]"), "JSON-stat: no dataset: an object with \"dimension\" and \"value\" is expected");
  EXPECT_EQ(error(R"({"class":"collection"})"), "JSON-stat: the answer is a collection, not a dataset");
  EXPECT_EQ(error("{"), "line 1, column 2: the body ends where a key in quotes or '}' is expected");
  EXPECT_EQ(error(cube("\"value\":3")), "JSON-stat: \"value\" must be an array or an object");
  EXPECT_EQ(error(R"({"id":["value"],"size":[1],"dimension":{"value":{}},"value":[1]})"),
            "JSON-stat: the name of dimension \"value\" is taken by another key of the rows");
}

TEST(JsonStat, ManyDimensionsOfOneCategoryAreBounded) {
  // Each of 1,000 values would become 64 × 2 + 2 keys.
  std::string ids, sizes, dimensions, values, index;
  for (int i = 0; i < 64; ++i) {
    const char* comma = i == 0 ? "" : ",";
    ids += fmt::format("{}\"d{}\"", comma, i);
    sizes += fmt::format("{}{}", comma, i == 0 ? 1'000 : 1);
    if (i > 0) dimensions += fmt::format(",\"d{}\":{{\"category\":{{\"index\":[\"x\"]}}}}", i);
  }
  for (int i = 0; i < 1'000; ++i) {
    values += i == 0 ? "1" : ",1";
    index += fmt::format("{}\"{}\"", i == 0 ? "" : ",", i);
  }
  const std::string body = fmt::format(
      R"({{"id":[{}],"size":[{}],"value":[{}],"dimension":{{"d0":{{"category":{{"index":[{}]}}}}{}}}}})", ids,
      sizes, values, index, dimensions);
  const std::string message = error_of(decode_jsonstat(body, 2 << 20));
  EXPECT_NE(message.find("ask for less at a time"), std::string::npos) << message;
  EXPECT_EQ(decode_jsonstat(body)->root.items().size(), 1'000U);
}

}  // namespace
}  // namespace decode
