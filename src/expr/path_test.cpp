#include "expr/path.hpp"

#include <gtest/gtest.h>

#include "decode/json.hpp"

namespace {

using expr::Path;

class PathTest : public testing::Test {
 protected:
  // The value at the path in `json`, as JSON.
  static std::string at(std::string_view text, std::string json) {
    const auto path = Path::parse(text);
    if (!path) return "fault: " + path.error().message;
    const auto document = decode::decode_json(std::move(json));
    if (!document) return "error: " + document.error().message;
    return decode::to_json(path->evaluate(document->root));
  }
};

constexpr const char* record = R"({
  "id": 7, "cve": {"lastModified": "2025-11-21", "id": null}, "name with spaces": 1, "": "empty", "a.b": "dotted",
  "links": [{"href": "first"}, {"href": "last"}], "rows": [[1, 2], [3, 4]], "_x9": true, "price": 1.10, "é": "accent"
})";

TEST_F(PathTest, LeadsToValues) {
  for (const auto& [path, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"id", "7"},
           {"price", "1.10"},
           {"_x9", "true"},
           {"cve.lastModified", R"("2025-11-21")"},
           {"\"name with spaces\"", "1"},
           {"\"a.b\"", R"("dotted")"},
           {"\"é\"", R"("accent")"},
           {"\"cve\".\"lastModified\"", R"("2025-11-21")"},
           {"cve", R"({"lastModified":"2025-11-21","id":null})"},
           {"links[0].href", R"("first")"},
           {"links[1].href", R"("last")"},
           {"links[-1].href", R"("last")"},
           {"links[-2].\"href\"", R"("first")"},
           {"rows[1][0]", "3"},
           {"rows[-1][-1]", "4"}})
    EXPECT_EQ(at(path, record), value) << path;
}

TEST_F(PathTest, WhatIsNotThereIsNull) {
  for (const char* path :
       {"missing", "cve.missing", "cve.id", "cve.id.deeper", "cve.missing.deeper", "id.x", "id[0]", "cve[0]",
        "links.href", "links[2]", "links[-3]", "links[2].href", "links[9223372036854775807]",
        "links[-9223372036854775808]", "rows[0][2]", "\"name with\"", "ID", "price.text"})
    EXPECT_EQ(at(path, record), "null") << path;
  EXPECT_EQ(at("[0]", "[]"), "null");
  EXPECT_EQ(at("[-1]", "[]"), "null");
  EXPECT_EQ(at("a", "null"), "null");
  EXPECT_EQ(at("a", "3"), "null");
}

TEST_F(PathTest, BodyThatIsAList) {
  EXPECT_EQ(at("[1].a", R"([{"a": 1}, {"a": 2}])"), "2");
  EXPECT_EQ(at("[0][1]", "[[1, 2]]"), "2");
}

TEST_F(PathTest, FaultsSayWhereAndWhat) {
  const std::string name = "here a name is expected", dot = "here a dot or the end is expected",
                    number = "between [ and ] stands a whole number";
  struct Case {
    const char* text;
    std::size_t column;
    std::string message;
  };
  for (const Case& it : {Case{"", 0, "it is empty"},
                         {".", 0, name},
                         {".a", 0, name},
                         {"a.", 2, name},
                         {"a..b", 2, name},
                         {"a.[0]", 2, name},
                         {"a b", 1, dot},
                         {"a-b", 1, dot},
                         {"a.b c", 3, dot},
                         {"a[0]b", 4, dot},
                         {"a\"b\"", 1, dot},
                         {"\"a\"b", 3, dot},
                         {"9a", 0, name},
                         {"a.9", 2, name},
                         {" a", 0, name},
                         {"a.é", 2, name},
                         {"$.a", 0, name},
                         {"@", 0, name},
                         {"*", 0, name},
                         {"a[", 1, number},
                         {"a[0", 1, number},
                         {"a[]", 1, number},
                         {"a[*]", 1, number},
                         {"a[+1]", 1, number},
                         {"a[ 1]", 1, number},
                         {"a[1 ]", 1, number},
                         {"a[1.0]", 1, number},
                         {"a[--1]", 1, number},
                         {"a[0:1]", 1, number},
                         {"a[9223372036854775808]", 1, number},
                         {"a.\"b", 2, "the quote is not closed"},
                         {"\"", 0, "the quote is not closed"},
                         {"a.\"b\\\"", 2, "escapes in quoted names are not supported"},
                         {"a]", 1, dot},
                         {"a | b", 1, dot},
                         {"length(a)", 6, dot}}) {
    const auto path = Path::parse(it.text);
    ASSERT_FALSE(path) << it.text;
    EXPECT_EQ(path.error().column, it.column) << it.text;
    EXPECT_EQ(path.error().message, it.message) << it.text;
  }
}

TEST_F(PathTest, KeepsItsText) {
  const auto path = Path::parse("a.\"b c\"[-1]");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->text(), "a.\"b c\"[-1]");
}

// A copy must not point into the text it was read from.
TEST_F(PathTest, OutlivesTheTextItWasReadFrom) {
  auto text = std::make_unique<std::string>(
      "a_rather_long_name_that_is_not_kept_inside.another_long_name_of_the_same_kind");
  const Path path = *Path::parse(*text);
  text.reset();
  const auto document = decode::decode_json(
      R"({"a_rather_long_name_that_is_not_kept_inside": {"another_long_name_of_the_same_kind": 5}})");
  ASSERT_TRUE(document);
  EXPECT_EQ(path.evaluate(document->root).text(), "5");
}

}  // namespace
