#include "decode/value.hpp"

#include <gtest/gtest.h>

#include <array>

namespace decode {
namespace {

const std::array<Value, 2> two = {Value::number("1.10"), Value::string("a\"b")};
const std::array<Member, 2> pair = {Member{"x", Value::boolean(true)}, Member{"y", Value::array(two)}};

TEST(Value, IsSmall) { EXPECT_EQ(sizeof(Value), 24U); }

TEST(Value, AskedForAnotherKindIsEmpty) {
  const std::array values = {
      Value(),           Value::boolean(true), Value::number("7"),   Value::string("s"),
      Value::array(two), Value::object(pair),  Value::spoiled("why")};
  for (const Value& value : values) {
    const bool text =
        value.kind() == Kind::number || value.kind() == Kind::string || value.kind() == Kind::spoiled;
    EXPECT_EQ(!value.text().empty(), text);
    EXPECT_EQ(!value.items().empty(), value.kind() == Kind::array);
    EXPECT_EQ(!value.members().empty(), value.kind() == Kind::object);
    EXPECT_EQ(value.as_boolean(), value.kind() == Kind::boolean);
    EXPECT_EQ(value.is_null(), value.kind() == Kind::null);
    EXPECT_EQ(value.find("x") != nullptr, value.kind() == Kind::object);
  }
}

TEST(Value, FindsMembersByTheWholeKey) {
  const Value object = Value::object(pair);
  ASSERT_NE(object.find("y"), nullptr);
  EXPECT_EQ(object.find("y")->items()[0].text(), "1.10");
  EXPECT_EQ(object.find(""), nullptr);
  EXPECT_EQ(object.find("xy"), nullptr);
}

TEST(Value, FindsASpoiledValueAtAnyDepth) {
  const Value object = Value::object(pair);
  EXPECT_EQ(find_spoiled(object), nullptr);
  const std::array inner = {Value(), Value::spoiled("why")};
  const std::array outer = {Member{"a", object}, Member{"b", Value::array(inner)}};
  const Value* found = find_spoiled(Value::object(outer));
  ASSERT_EQ(found, &inner[1]);
  EXPECT_EQ(found->text(), "why");
}

TEST(Value, WritesJson) {
  EXPECT_EQ(to_json(Value::object(pair)), R"({"x":true,"y":[1.10,"a\"b"]})");
  EXPECT_EQ(to_json(Value()), "null");
  EXPECT_EQ(to_json(Value::boolean(false)), "false");
  EXPECT_EQ(to_json(Value::array({})), "[]");
  EXPECT_EQ(to_json(Value::object({})), "{}");
  EXPECT_EQ(to_json(Value::spoiled("why")), "\"\\ufffd\"");
  EXPECT_EQ(to_json(Value::string(std::string_view("\0\x1f\x7f\xc3\xa9", 5))),
            "\"\\u0000\\u001f\x7f\xc3\xa9\"");
}

TEST(Document, RawWithoutATextIsJson) {
  Document document;
  EXPECT_EQ(document.raw(Value::object(pair)), to_json(Value::object(pair)));
  EXPECT_EQ(document.raw(Value::object(pair, 0)), to_json(Value::object(pair)));  // no body: another format
}

}  // namespace
}  // namespace decode
