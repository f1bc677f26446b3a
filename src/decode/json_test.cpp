#include "decode/json.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "decode/json_text.hpp"

namespace decode {
namespace {

using namespace std::string_literals;

Document decoded(std::string body) {
  auto document = decode_json(std::move(body));
  if (!document) {
    ADD_FAILURE() << document.error().message;
    return {};
  }
  return std::move(*document);
}

std::string message(std::string body) {
  const auto document = decode_json(std::move(body));
  if (document) return "accepted";
  EXPECT_EQ(document.error().code, base::Code::invalid_data);
  return document.error().message;
}

std::string array_of(std::string_view value) { return fmt::format("[1,{},\"z\"]", value); }

// Every kind of value, escape, bracket and blank.
const std::string sample =
    "{\"n\":[0,-1.10, 2e3,-0.5E-2],\"t\" : true,\"f\":false,\r\n\t\"z\":null,\"s\":\"a\\\"b\\\\\\/\\n\\u00e9"
    "\\ud83d\\ude00\",\"u\":\"h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"\":{},\"e\":[],\"o\":{\"a\":{\"b\":[["
    "1],\"\"]}}}";

TEST(Json, ReadsEveryKind) {
  const Document document = decoded(sample);
  const Value& root = document.root;
  ASSERT_EQ(root.kind(), Kind::object);
  EXPECT_EQ(root.members().size(), 9U);
  ASSERT_EQ(root.find("n")->items().size(), 4U);
  EXPECT_EQ(root.find("n")->items()[1].text(), "-1.10");
  EXPECT_EQ(root.find("n")->items()[3].text(), "-0.5E-2");
  EXPECT_TRUE(root.find("t")->as_boolean());
  EXPECT_EQ(root.find("f")->kind(), Kind::boolean);
  EXPECT_FALSE(root.find("f")->as_boolean());
  EXPECT_TRUE(root.find("z")->is_null());
  EXPECT_EQ(root.find("s")->text(), "a\"b\\/\n\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(root.find("u")->text(), "h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(root.find("")->kind(), Kind::object);
  EXPECT_EQ(root.find("e")->kind(), Kind::array);
  EXPECT_TRUE(root.find("e")->items().empty());
  EXPECT_EQ(root.find("o")->find("a")->find("b")->items()[0].items()[0].text(), "1");
  EXPECT_EQ(document.spoiled, 0U);
  EXPECT_EQ(document.duplicate_keys, 0U);
}

TEST(Json, RootMayBeAScalar) {
  EXPECT_EQ(decoded(" \"a\\tb\" \n").root.text(), "a\tb");
  EXPECT_EQ(decoded("\"\"").root.kind(), Kind::string);
  EXPECT_EQ(decoded("-0").root.text(), "-0");
  EXPECT_TRUE(decoded("true").root.as_boolean());
  EXPECT_TRUE(decoded("\tnull\n").root.is_null());
  EXPECT_EQ(decoded("NaN").root.kind(), Kind::spoiled);
}

TEST(Json, DocumentKeepsItsValuesWhenMoved) {
  Document first = decoded("[1]");
  Document second = std::move(first);
  Document third;
  third = std::move(second);
  EXPECT_EQ(to_json(third.root), "[1]");
}

TEST(Json, NumbersKeepTheirText) {
  for (const std::string number :
       {"1.10", "0", "-0", "0.0", "1234567890123456789012345678", "1e400", "1e999999999", "-1.5E-3", "1E+2",
        "0.1234567890123456789012345678", "18446744073709551616"}) {
    for (const std::string& body : {"[" + number + "]", "[ " + number + " ]", "[" + number + "\n,2]"}) {
      const Document document = decoded(body);
      ASSERT_FALSE(document.root.items().empty()) << body;
      EXPECT_EQ(document.root.items()[0].kind(), Kind::number);
      EXPECT_EQ(document.root.items()[0].text(), number);
    }
    EXPECT_EQ(decoded(number).root.text(), number);
  }
}

TEST(Json, RefusesWhatIsNoNumberOrName) {
  for (const std::string word : {"01", "-01", "00", "1.", "1.e2", "+1", ".5", "-.5", "1e", "1e+", "1E-", "-",
                                 "--1", "0x10", "1_000", "1a", "1.2.3"}) {
    EXPECT_EQ(message(array_of(word)), "line 1, column 4: invalid number '" + word + "'");
    EXPECT_EQ(message("\n " + word), "line 2, column 2: invalid number '" + word + "'");
  }
  for (const std::string word : {"truex", "tru", "True", "nul", "nulll", "falsee", "fals", "nan", "NaNs",
                                 "Infinit", "inf", "undefined", "'a'", "\xc3\xa9"}) {
    EXPECT_EQ(message(array_of(word)), "line 1, column 4: expected a value, found '" + word + "'");
  }
  EXPECT_EQ(message(array_of("-Infinit")), "line 1, column 4: invalid number '-Infinit'");
}

TEST(Json, ErrorsSayWhereAndWhat) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "line 1, column 1: the body is empty"},
      {"\xef\xbb\xbf", "line 1, column 1: the body is empty"},
      {" \n\t\r ", "line 1, column 1: the body is only blanks"},
      {"{\"a\": 1,\n \"b\": 2,\n \"c\": [3 4]}", "line 3, column 10: expected ',' or ']', found '4'"},
      {"{\"\xc3\xa9\":1 \"b\":2}", "line 1, column 8: expected ',' or '}', found '\"'"},
      {"[1,]", "line 1, column 4: expected a value, found ']'"},
      {"[,1]", "line 1, column 2: expected a value or ']', found ','"},
      {"[1,,2]", "line 1, column 4: expected a value, found ','"},
      {"[\"a\":1]", "line 1, column 5: expected ',' or ']', found ':'"},
      {"{\"a\":\"b\":1}", "line 1, column 9: expected ',' or '}', found ':'"},
      {"{\"a\":1,}", "line 1, column 8: expected a key in quotes, found '}'"},
      {"{,}", "line 1, column 2: expected a key in quotes or '}', found ','"},
      {"{a:1}", "line 1, column 2: expected a key in quotes or '}', found 'a'"},
      {"{\"a\",1}", "line 1, column 5: expected ':' after the key, found ','"},
      {"{\"a\"}", "line 1, column 5: expected ':' after the key, found '}'"},
      {"[1}", "line 1, column 3: expected ',' or ']', found '}'"},
      {"{\"a\":1]", "line 1, column 7: expected ',' or '}', found ']'"},
      {"[1]]", "line 1, column 4: text after the end of the value"},
      {"{} {}", "line 1, column 4: text after the end of the value"},
      {"1 2", "line 1, column 3: text after the end of the value"},
      {"\"a\" \"b\"", "line 1, column 5: text after the end of the value"},
      {"[1", "line 1, column 3: the body ends where ',' or ']' is expected"},
      {"{\"a\":", "line 1, column 6: the body ends where a value is expected"},
      {"[\"abc", "line 1, column 6: the body ends inside a string"},
      {"[\"abc\\", "line 1, column 7: the body ends inside a string"},
      {"[\"a\\xb\"]", "line 1, column 4: invalid escape '\\x' in a string"},
      {"[\"\\u12g4\"]", "line 1, column 3: invalid escape '\\u' in a string"},
      {"{\"\\ud800\\u1\":1}", "line 1, column 9: invalid escape '\\u' in a string"},
      {"\\", "line 1, column 1: expected a value, found '\\'"},
      {"[\\\"a\"]", "line 1, column 2: expected a value or ']', found '\\'"},
      {"[1\x0c]", "line 1, column 2: invalid number '1\\x0c'"},
      {"[1 \x1a]", "line 1, column 4: expected ',' or ']', found '\\x1a'"},
      {"[1,\0]"s, "line 1, column 4: expected a value, found '\\x00'"},
      {"<html>", "line 1, column 1: expected a value, found '<html>'"},
  };
  for (const auto& [body, expected] : cases) EXPECT_EQ(message(body), expected) << body;
}

TEST(Json, ByteOrderMarks) {
  EXPECT_EQ(to_json(decoded("\xef\xbb\xbf[1]").root), "[1]");
  EXPECT_EQ(message("\xef\xbb\xbf[x]"), "line 1, column 2: expected a value or ']', found 'x'");
  for (const std::string& body : {"\xff\xfe[\0]\0"s, "\xfe\xff\0[\0]"s})
    EXPECT_EQ(message(body), "line 1, column 1: the body is UTF-16; JSON must be UTF-8");
}

struct Spoil {
  std::string text, why;
};

class JsonSpoiled : public testing::TestWithParam<Spoil> {};

TEST_P(JsonSpoiled, ValueAloneIsSpoiled) {
  const auto& [text, why] = GetParam();
  const Document document = decoded("[{\"a\":\"x\"},{\"b\":1,\"a\":\"x" + text + "y\"},{\"a\":\"\\u00e9\"}]");
  ASSERT_EQ(document.root.items().size(), 3U);
  EXPECT_EQ(document.spoiled, 1U);
  EXPECT_EQ(to_json(document.root.items()[0]), "{\"a\":\"x\"}");
  EXPECT_EQ(to_json(document.root.items()[2]), "{\"a\":\"\xc3\xa9\"}");
  EXPECT_EQ(find_spoiled(document.root.items()[0]), nullptr);
  EXPECT_EQ(find_spoiled(document.root.items()[2]), nullptr);
  const Value* spoiled = find_spoiled(document.root.items()[1]);
  ASSERT_NE(spoiled, nullptr);
  EXPECT_EQ(spoiled, document.root.items()[1].find("a"));
  EXPECT_EQ(spoiled->text(), why);
  EXPECT_EQ(to_json(document.root.items()[1]), "{\"b\":1,\"a\":\"\\ufffd\"}");
}

TEST_P(JsonSpoiled, KeySpoilsItsObject) {
  const auto& [text, why] = GetParam();
  const Document document = decoded("[{\"a\":1},{\"k\":2,\"" + text + "\":{\"b\":3},\"m\":4},[5]]");
  ASSERT_EQ(document.root.items().size(), 3U);
  EXPECT_EQ(document.root.items()[1].kind(), Kind::spoiled);
  EXPECT_EQ(document.root.items()[1].text(), why + " in a key");
  EXPECT_EQ(to_json(document.root), "[{\"a\":1},\"\\ufffd\",[5]]");
  EXPECT_EQ(document.spoiled, 1U);
  EXPECT_TRUE(document.raw(document.root.items()[1]).starts_with("{\"k\":2,\""));
  EXPECT_TRUE(document.raw(document.root.items()[1]).ends_with("\":{\"b\":3},\"m\":4}"));
}

TEST_P(JsonSpoiled, RootStringIsSpoiled) {
  const Document document = decoded(" \"" + GetParam().text + "\"\n");
  EXPECT_EQ(document.root.text(), GetParam().why);
  EXPECT_EQ(document.root.kind(), Kind::spoiled);
}

const std::string not_utf8 = "invalid UTF-8";
INSTANTIATE_TEST_SUITE_P(
    Kinds, JsonSpoiled,
    testing::Values(Spoil{"\xc0\xaf", not_utf8}, Spoil{"\xc1\xbf", not_utf8},  // overlong
                    Spoil{"\xe0\x9f\xbf", not_utf8}, Spoil{"\xf0\x8f\xbf\xbf", not_utf8},
                    Spoil{"\xed\xa0\x80", not_utf8}, Spoil{"\xed\xbf\xbf", not_utf8},          // surrogates
                    Spoil{"\xf4\x90\x80\x80", not_utf8}, Spoil{"\xf5\x80\x80\x80", not_utf8},  // > U+10FFFF
                    Spoil{"\xff", not_utf8}, Spoil{"\xc3", not_utf8},
                    Spoil{"\xe2\x82", not_utf8},  // truncated
                    Spoil{"\xf0\x9f\x98", not_utf8}, Spoil{"\x80", not_utf8}, Spoil{"a\xbf", not_utf8},
                    Spoil{"\\\\\xff\\\"", not_utf8}, Spoil{"\xff\x01", not_utf8},
                    Spoil{"\x01\xff", "raw control character 0x01"},
                    Spoil{"\0"s, "raw control character 0x00"}, Spoil{"\n", "raw control character 0x0a"},
                    Spoil{"\x1f", "raw control character 0x1f"}, Spoil{"\\ud800", "lone surrogate \\ud800"},
                    Spoil{"\\uDBFF", "lone surrogate \\uDBFF"}, Spoil{"\\udc00", "lone surrogate \\udc00"},
                    Spoil{"\\uDFFFq", "lone surrogate \\uDFFF"},
                    Spoil{"\\ude00\\ud83d", "lone surrogate \\ude00"},  // reversed
                    Spoil{"\\ud800\\ud800\\udc00", "lone surrogate \\ud800"},
                    Spoil{"\\ud800\\u0041", "lone surrogate \\ud800"},
                    Spoil{"\\ud800\\n", "lone surrogate \\ud800"}, Spoil{"\\ud800\xff", not_utf8}));

TEST(Json, EveryControlCharacterIsNamed) {
  for (int byte = 0; byte < 0x20; ++byte) {
    const Document document = decoded("[\"" + std::string(1, static_cast<char>(byte)) + "\",\"\\u0001\"]");
    EXPECT_EQ(document.root.items()[0].text(), fmt::format("raw control character 0x{:02x}", byte));
    EXPECT_EQ(document.root.items()[1].text(), "\x01");
  }
  EXPECT_EQ(decoded("[\"\x7f\"]").spoiled, 0U);
}

TEST(Json, NotANumberSpoilsItsValue) {
  const Document document = decoded("[NaN,Infinity , -Infinity\n,1]");
  ASSERT_EQ(document.root.items().size(), 4U);
  EXPECT_EQ(document.root.items()[0].text(), "NaN is not JSON");
  EXPECT_EQ(document.root.items()[1].text(), "Infinity is not JSON");
  EXPECT_EQ(document.root.items()[2].text(), "-Infinity is not JSON");
  EXPECT_EQ(document.spoiled, 3U);
}

TEST(Json, NoncharactersAndReplacementCharactersAreOrdinaryText) {
  std::string all = "\xef\xbf\xbd";
  for (int last = 0x90; last <= 0xaf; ++last) all += "\xef\xb7" + std::string(1, static_cast<char>(last));
  const Document document = decoded("[\"" + all + "\",\"\xff\",\"\\ufdd0\\ufffd\"]");
  EXPECT_EQ(document.spoiled, 1U);
  EXPECT_EQ(document.root.items()[0].text(), all);
  EXPECT_EQ(document.root.items()[1].kind(), Kind::spoiled);
  EXPECT_EQ(document.root.items()[2].text(), "\xef\xb7\x90\xef\xbf\xbd");
}

TEST(Json, BadBytesOutsideStringsAreErrors) {
  EXPECT_EQ(message("[\"\xff\",\n\xff]"), "line 2, column 1: expected a value, found '\xef\xbf\xbd'");
  EXPECT_EQ(message("[1 \xc3]"), "line 1, column 4: expected ',' or ']', found '\xef\xbf\xbd'");
  EXPECT_EQ(message("[1]\x80"), "line 1, column 4: text after the end of the value");
  // Positions are those of the body as sent, not of the repaired one.
  EXPECT_EQ(message("[\"\xff\xff\n\x01\",1 2]"), "line 2, column 6: expected ',' or ']', found '2'");
}

TEST(Json, LastOfDuplicateKeysWins) {
  const Document document =
      decoded(R"([{"a":1,"b":2,"a":3},{"\u0061":1,"a":2,"a":4,"b":5,"b":6},{"a":1,"b":2}])");
  EXPECT_EQ(to_json(document.root), R"([{"a":3,"b":2},{"a":4,"b":6},{"a":1,"b":2}])");
  EXPECT_EQ(document.duplicate_keys, 3U);
}

// The key before at the same place is tried first.
TEST(Json, KeysAreNotMistakenForTheRecordBefore) {
  for (const std::string body : {R"([{"ab":1},{"a":2},{"abc":3},{"":4},{"ab":5,"c":6}])",
                                 R"([{"a\\":1},{"a\"b":2},{"a\\":3},{"a":4}])",
                                 R"([{"a":{"b":1},"c":2},{"c":{"a":1},"b":2},{"a":1,"c":2}])"})
    EXPECT_EQ(to_json(decoded(body).root), body);
  const Document document = decoded("[{\"\xef\xbf\xbd\":1},{\"\xff\":2},{\"b\":\"good\"}]");
  EXPECT_EQ(to_json(document.root), "[{\"\xef\xbf\xbd\":1},\"\\ufffd\",{\"b\":\"good\"}]");
}

TEST(Json, DuplicatesAmongAThousandMembers) {
  for (const int distinct : {1000, 999, 500, 7, 1}) {
    std::string body = "{", expected = "{";
    for (int i = 0; i < 1000; ++i) body += fmt::format("{}\"k{}\":{}", i ? "," : "", i % distinct, i);
    for (int i = 0; i < distinct; ++i) {
      const int last = i + (999 - i) / distinct * distinct;
      expected += fmt::format("{}\"k{}\":{}", i ? "," : "", i, last);
    }
    const Document document = decoded(body + "}");
    EXPECT_EQ(to_json(document.root), expected + "}");
    EXPECT_EQ(document.duplicate_keys, static_cast<std::uint64_t>(std::min(distinct, 1000 - distinct)));
  }
}

TEST(Json, DuplicatesAtTheEdgeOfTheShortWay) {
  for (int members = 2; members <= 40; ++members) {
    for (const bool twice : {false, true}) {
      std::string body = "{";
      for (int i = 0; i < members; ++i)
        body += fmt::format("{}\"k{}\":{}", i ? "," : "", i % (members - twice), i);
      const Document document = decoded(body + "}");
      EXPECT_EQ(document.duplicate_keys, twice ? 1U : 0U);
      EXPECT_EQ(document.root.members().size(), static_cast<std::size_t>(members - twice));
      EXPECT_EQ(document.root.find("k0")->text(), twice ? std::to_string(members - 1) : "0");
    }
  }
}

std::string nested(int levels, std::string_view open, std::string_view close) {
  std::string body;
  for (int i = 0; i < levels; ++i) body += open;
  body += "1";
  for (int i = 0; i < levels; ++i) body += close;
  return body;
}

TEST(Json, DepthIsBounded) {
  EXPECT_EQ(to_json(decoded(nested(max_depth, "[", "]")).root), nested(max_depth, "[", "]"));
  EXPECT_EQ(to_json(decoded(nested(max_depth, "{\"a\":", "}")).root), nested(max_depth, "{\"a\":", "}"));
  EXPECT_EQ(message(nested(513, "[", "]")), "line 1, column 513: nested deeper than 512 levels");
  EXPECT_EQ(message(nested(513, "{\"a\":", "}")), "line 1, column 2561: nested deeper than 512 levels");
  for (const int levels : {10'000, 1'000'000}) {
    EXPECT_EQ(message(nested(levels, "[", "]")), "line 1, column 513: nested deeper than 512 levels");
    EXPECT_EQ(message(nested(levels, "[", "")), "line 1, column 513: nested deeper than 512 levels");
    EXPECT_EQ(message(nested(levels, "{\"a\":", "}")), "line 1, column 2561: nested deeper than 512 levels");
    EXPECT_EQ(message(nested(levels, "{\"a\":", "")), "line 1, column 2561: nested deeper than 512 levels");
  }
}

TEST(Json, RawIsTheTextAsSent) {
  const std::string first = "{ \"a\" : 1.10, \"b\":\"}\\\"{\\\\\" ,\n \"c\": [ {\"d\":{}} ] }";
  const Document document = decoded("[ " + first + ",\t{},{\"x\":\"\xff\x01\"},\"s\",[1, 2], 3.0 ]");
  const auto items = document.root.items();
  EXPECT_EQ(document.raw(items[0]), first);
  EXPECT_EQ(document.raw(items[1]), "{}");
  EXPECT_EQ(document.raw(items[2]), "{\"x\":\"\xef\xbf\xbd\xef\xbf\xbd\"}");
  EXPECT_EQ(document.raw(items[3]), "\"s\"");
  EXPECT_EQ(document.raw(items[4]), "[1,2]");
  EXPECT_EQ(document.raw(items[5]), "3.0");
  EXPECT_EQ(document.raw(items[0].find("c")->items()[0]), "{\"d\":{}}");
  EXPECT_EQ(decoded("\xef\xbb\xbf {\"a\": 1} ").raw(decoded("\xef\xbb\xbf {\"a\": 1} ").root), "{\"a\": 1}");
}

TEST(Json, TruncatedAnywhereIsAnError) {
  ASSERT_TRUE(decode_json(sample));
  for (std::size_t length = 0; length < sample.size(); ++length) {
    const std::string text = message(sample.substr(0, length));
    EXPECT_TRUE(text.starts_with("line ")) << length << ": " << text;
  }
}

// Three readers of one grammar: the decoder, find_fault() and simdjson's DOM.
void expect_agreement(const std::string& body) {
  const auto document = decode_json(body);
  const auto fault = find_fault(body);
  ASSERT_EQ(document.has_value(), !fault) << body << "\n"
                                          << (document ? fault->reason : document.error().message);
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const auto code = parser.parse(body).get(element);
  const bool clean = document && document->spoiled == 0;
  ASSERT_EQ(clean, code == simdjson::SUCCESS) << body << "\n" << simdjson::error_message(code);
  if (!document) {
    EXPECT_EQ(document.error().code, base::Code::invalid_data);
    EXPECT_EQ(document.error().message, describe_position(body, fault->offset) + ": " + fault->reason);
    return;
  }
  const std::string json = to_json(document->root);
  const Document again = decoded(json);
  EXPECT_EQ(again.spoiled, 0U);
  EXPECT_TRUE(!clean || to_json(again.root) == json) << json;
}

TEST(Json, EveryByteReplacedOrInsertedIsAnErrorOrADocument) {
  const std::string bytes = "\0\x01\t\n \"\\/{}[]:,0123-+.eEtfnaubDd8\x7f\x80\xbf\xc3\xe2\xf0\xff"s;
  for (std::size_t at = 0; at < sample.size(); ++at) {
    for (const char byte : bytes) {
      std::string body = sample;
      body[at] = byte;
      ASSERT_NO_FATAL_FAILURE(expect_agreement(body));
      ASSERT_NO_FATAL_FAILURE(expect_agreement(sample.substr(0, at) + byte + sample.substr(at)));
    }
    ASSERT_NO_FATAL_FAILURE(expect_agreement(sample.substr(0, at) + sample.substr(at + 1)));
  }
}

// All short bodies of the characters that carry the structure.
TEST(Json, EveryShortBodyIsJudgedAlike) {
  const std::string bytes = "[]{}:,\"1a ";
  for (int length = 1; length <= 5; ++length) {
    int count = 1;
    for (int i = 0; i < length; ++i) count *= static_cast<int>(bytes.size());
    for (int number = 0; number < count; ++number) {
      std::string body;
      for (int i = 0, rest = number; i < length; ++i, rest /= 10)
        body += bytes[static_cast<std::size_t>(rest % 10)];
      const auto fault = find_fault(body);
      ASSERT_EQ(decode_json(body).has_value(), !fault) << body << "\n" << (fault ? fault->reason : "");
    }
  }
}

TEST(Json, WrittenAndReadAgainIsTheSame) {
  const std::string once = to_json(decoded(sample).root);
  EXPECT_EQ(to_json(decoded(once).root), once);
  EXPECT_EQ(once.substr(0, 40), "{\"n\":[0,-1.10,2e3,-0.5E-2],\"t\":true,\"f\":");
  const std::string controls = R"(["\u0000\b\t\n\u000b\f\r\u001f\"\\/"])";
  EXPECT_EQ(to_json(decoded(controls).root), controls);
}

}  // namespace
}  // namespace decode
