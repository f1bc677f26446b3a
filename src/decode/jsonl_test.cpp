#include "decode/jsonl.hpp"

#include "decode/testing.hpp"

namespace decode {
namespace {

using Reasons = std::vector<std::string>;

TEST(JsonLines, EachLineIsARecord) {
  EXPECT_EQ(json_of(decode_jsonl("{\"a\":1.10}\n\r\n[true,null]\r\n \"x\\u00e9\" \n{}")),
            R"([{"a":1.10},[true,null],"xé",{}])");
  EXPECT_EQ(json_of(decode_jsonl("")), "[]");
  EXPECT_EQ(json_of(decode_jsonl("\n\n")), "[]");
  EXPECT_EQ(json_of(decode_jsonl("\xef\xbb\xbf{}\n")), "[{}]");
}

TEST(JsonLines, ABadLineSpoilsItsRecordOnly) {
  const auto document = decode_jsonl("{\"a\":1}\n\n{\"a\":}\n[1\n2]\n{\"a\":\"\xff\"}\n{\"a\":4}\n{\"a\":");
  EXPECT_EQ(json_of(document), R"([{"a":1},"\ufffd","\ufffd","\ufffd",{"a":"\ufffd"},{"a":4},"\ufffd"])");
  EXPECT_EQ(reasons_of(document),
            (Reasons{"line 3, column 6: expected a value, found '}'",
                     "line 4, column 3: the body ends where ',' or ']' is expected",
                     "line 5, column 2: text after the end of the value", "invalid UTF-8",
                     "line 8, column 6: the body ends where a value is expected"}));
  EXPECT_EQ(document->spoiled, 5U);
}

TEST(JsonLines, KeepsTheTextOfRecords) {
  const auto document =
      decode_jsonl("{\"a\" : 1, \"b\":{ }}\n\xef\xbb\xbf{\"c\": \"\\n\"}\n{\"d\":\"\xff\"}");
  ASSERT_TRUE(document);
  const std::span<const Value> records = document->root.items();
  EXPECT_EQ(document->raw(records[0]), "{\"a\" : 1, \"b\":{ }}");
  EXPECT_EQ(document->raw(*records[0].find("b")), "{ }");
  EXPECT_EQ(document->raw(records[1]), "{\"c\":\"\\n\"}");
  EXPECT_EQ(document->raw(records[2]), "{\"d\":\"\\ufffd\"}");
}

TEST(JsonLines, CountsDuplicateKeys) {
  const auto document = decode_jsonl("{\"a\":1,\"a\":2}\n{\"b\":1,\"b\":2}\n");
  EXPECT_EQ(json_of(document), R"([{"a":2},{"b":2}])");
  EXPECT_EQ(document->duplicate_keys, 2U);
}

}  // namespace
}  // namespace decode
