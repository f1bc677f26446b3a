#include "decode/csv.hpp"

#include <fmt/format.h>

#include "decode/testing.hpp"

namespace decode {
namespace {

using namespace std::string_literals;
using Reasons = std::vector<std::string>;

std::string json(std::string body, const CsvOptions& options = {}) {
  return json_of(decode_csv(std::move(body), options));
}

TEST(Csv, HeaderNamesTexts) {
  const std::string expected = R"([{"a":"1.10","b":"x y"},{"a":"","b":" "}])";
  EXPECT_EQ(json("a,b\n1.10,x y\n, \n"), expected);
  EXPECT_EQ(json("a,b\r\n1.10,x y\r\n, \r\n"), expected);
  EXPECT_EQ(json("a,b\r1.10,x y\r, "), expected);
  EXPECT_EQ(json("\n\na,b\n\n1.10,x y\n\r\n, "), expected);
  EXPECT_EQ(json("\xef\xbb\xbf\"a\",\"b\"\n1.10,x y\n, "), expected);
  EXPECT_EQ(json("a\n"), "[]");
}

TEST(Csv, LastCellMayBeEmpty) {
  EXPECT_EQ(json("a,b\n1,"), R"([{"a":"1","b":""}])");
  EXPECT_EQ(json("a,b\n1,\n"), R"([{"a":"1","b":""}])");
  EXPECT_EQ(json("a\n\"\""), R"([{"a":""}])");
}

TEST(Csv, Quotes) {
  EXPECT_EQ(json("a,b\n\"x,\"\"y\"\"\r\nz\",\"\"\n"), R"([{"a":"x,\"y\"\r\nz","b":""}])");
  EXPECT_EQ(json("a,b\n\"\"\"\",\"\"\"\"\"\"\n"), R"([{"a":"\"","b":"\"\""}])");
  EXPECT_EQ(json("a,b\nit\"s, \"q\"\n"), R"([{"a":"it\"s","b":" \"q\""}])");
}

TEST(Csv, TextBehindAQuoteSpoilsItsRecordOnly) {
  const auto document = decode_csv("a,b\n\"x\"y,1\n2,3\n");
  EXPECT_EQ(json_of(document), R"([{"a":"\ufffd","b":"1"},{"a":"2","b":"3"}])");
  EXPECT_EQ(reasons_of(document), Reasons{"row 1 (line 2), column 1: text behind the closing quote"});
}

TEST(Csv, RaggedRowsSpoilTheirRecordOnly) {
  const auto document = decode_csv("a,b,c\n1,\"2\n2\",3\n4,5\n6,7,8,9,10\n\"11\",12,13\n");
  EXPECT_EQ(json_of(document), R"([{"a":"1","b":"2\n2","c":"3"},{"a":"4","b":"5","c":"\ufffd"},)"
                               R"({"a":"6","b":"7","c":"8","":"\ufffd"},{"a":"11","b":"12","c":"13"}])");
  EXPECT_EQ(reasons_of(document), (Reasons{"row 2 (line 4) has 2 cells, the header 3",
                                           "row 3 (line 5) has 5 cells, the header 3"}));
  EXPECT_EQ(document->spoiled, 2U);
}

TEST(Csv, BadBytesSpoilTheirRecordOnly) {
  const auto document = decode_csv("a,b\n1\xff,x\0y\n\xc3\xa9,\"\x09\"\n"s);
  EXPECT_EQ(json_of(document), R"([{"a":"\ufffd","b":"\ufffd"},{"a":"é","b":"\t"}])");
  EXPECT_EQ(reasons_of(document),
            (Reasons{"row 1 (line 2), column 1: invalid in its encoding (UTF-8 unless told otherwise)",
                     "row 1 (line 2), column 2: a NUL character"}));
}

TEST(Csv, WithoutAHeaderColumnsHavePositions) {
  const auto document = decode_csv("1,2\n3\n", {.header = false});
  EXPECT_EQ(json_of(document), R"([{"c1":"1","c2":"2"},{"c1":"3","c2":"\ufffd"}])");
  EXPECT_EQ(reasons_of(document), Reasons{"row 2 (line 2) has 1 cells, the first row 2"});
  EXPECT_EQ(json("", {.header = false}), "[]");
  EXPECT_EQ(json("\xff\n", {.header = false}), R"([{"c1":"\ufffd"}])");
}

TEST(Csv, ColumnsWithoutANameHavePositions) {
  EXPECT_EQ(json(",a,\n1,2,3\n"), R"([{"c1":"1","a":"2","c3":"3"}])");
  EXPECT_EQ(json(",c1\n1,2\n"), "error: line 1: two columns are named \"c1\"");
}

TEST(Csv, OptionsDecide) {
  EXPECT_EQ(json("a;b\n1,5;x\n", {.delimiter = ';'}), R"([{"a":"1,5","b":"x"}])");
  EXPECT_EQ(json("a\tb\n1\t\"x\ty\"\n", {.delimiter = '\t'}), R"([{"a":"1","b":"x\ty"}])");
  EXPECT_EQ(json("It's \"so\n\r\na,b\n1,2", {.skip_rows = 2}), R"([{"a":"1","b":"2"}])");
  EXPECT_EQ(json("a,b\nNA,\"-\"\n,NA \n", {.null_values = {"NA", "-", ""}}),
            R"([{"a":null,"b":null},{"a":null,"b":"NA "}])");
}

TEST(Csv, Encodings) {
  const std::string expected = R"([{"é":"€"}])";
  EXPECT_EQ(json("\xe9\n\x80\n", {.encoding = "latin-1"}), expected);
  EXPECT_EQ(json("\xe9\n\x80\n", {.encoding = "Windows-1252"}), expected);
  EXPECT_EQ(json("\xe9\n\xa4\n", {.encoding = "iso-8859-15"}), expected);
  EXPECT_EQ(json("\xff\xfe\xe9\0\n\0\xac\x20\n\0"s), expected);
  EXPECT_EQ(json("\xfe\xff\0\xe9\0\n\x20\xac\0\n"s), expected);
  EXPECT_EQ(json("\xe9\0\n\0\xac\x20\n\0"s, {.encoding = "utf-16"}), expected);
  EXPECT_EQ(json("\xef\xbb\xbf\xc3\xa9\n\xe2\x82\xac\n", {.encoding = "latin-1"}), expected);
}

TEST(Csv, UndefinedBytesOfAnEncodingSpoilTheirRecordOnly) {
  EXPECT_EQ(json("a\nx\x81\ny\xe9\n", {.encoding = "windows-1252"}), R"([{"a":"\ufffd"},{"a":"yé"}])");
  // a lone surrogate, and half a unit at the end
  EXPECT_EQ(json("\xff\xfe"s + "a\0\n\0\0\xdc\n\0b\0\n\0c"s), R"([{"a":"\ufffd"},{"a":"b"},{"a":"\ufffd"}])");
}

TEST(Csv, Faults) {
  const auto error = [](std::string body) { return error_of(decode_csv(std::move(body))); };
  EXPECT_EQ(error(""), "line 1: the body ends where a header is expected");
  EXPECT_EQ(error("\n\n"), "line 3: the body ends where a header is expected");
  EXPECT_EQ(error("a,b,a\n"), "line 1: two columns are named \"a\"");
  EXPECT_EQ(error("a,x\0y\n"s), "line 1: the name of column 2: a NUL character");
  EXPECT_EQ(error("a,\"b\n"), "line 1, column 3: this quote is never closed");
  EXPECT_EQ(error("a,b\n\"x\ny\",1\n\xc3\xa9,\"it's\n\n"), "line 4, column 3: this quote is never closed");
  EXPECT_EQ(error_of(decode_csv("a\n", {.encoding = "klingon"}), base::Code::invalid_config),
            "the encoding \"klingon\" is not one of those that can be read");
  for (const char delimiter : {'"', '\n', '\r', '\0', '\xff'})
    EXPECT_NE(error_of(decode_csv("a\n", {.delimiter = delimiter}), base::Code::invalid_config), "");
}

TEST(Csv, CellsStayInTheBody) {
  const auto document = decode_csv("name,text\n" + std::string(100, 'x') + ",\"say \"\"hi\"\"\"\n");
  ASSERT_TRUE(document);
  for (const Member& member : document->root.items()[0].members()) {
    EXPECT_GE(member.value.text().data(), document->body.data());
    EXPECT_LT(member.value.text().data(), document->body.data() + document->body.size());
  }
}

TEST(Csv, EndlessSmallCellsAreRefused) {
  std::string body = "a,b\n";
  for (int i = 0; i < 10'000; ++i) body += ",\n";
  EXPECT_EQ(error_of(decode_csv(body, {.max_tree = 102'400})),
            "the body of 19.5 KiB has so many small values that they would need more than 100 KiB of memory; "
            "ask for less at a time");
  EXPECT_EQ(decode_csv(body, {.max_tree = 1'100'000})->root.items().size(), 10'000U);
}

}  // namespace
}  // namespace decode
