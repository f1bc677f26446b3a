#include "decode/xml.hpp"

#include "decode/testing.hpp"

namespace decode {
namespace {

using namespace std::string_literals;
using Reasons = std::vector<std::string>;

std::string json(std::string body, const XmlOptions& options = {}) {
  return json_of(decode_xml(std::move(body), options));
}
std::string error(std::string body) { return error_of(decode_xml(std::move(body))); }

std::string nested(int depth) {
  std::string body;
  for (int i = 0; i < depth; ++i) body += "<a>";
  for (int i = 0; i < depth; ++i) body += "</a>";
  return body;
}

TEST(Xml, ElementsAreObjectsChildrenArrays) {
  EXPECT_EQ(
      json("<?xml version='1.0'?>\n<!-- c --><r a='1' x:b=\"2\">\n <i>1.10</i><o/> <i k='v'>2</i></r>\n"),
      R"({"r":{"@a":"1","@x:b":"2","i":[{"#text":"1.10"},{"@k":"v","#text":"2"}],"o":[{}]}})");
  EXPECT_EQ(json("<a/>"), R"({"a":{}})");
  EXPECT_EQ(json("<s:r xmlns:s='u'><s:r>x</s:r></s:r>"), R"({"s:r":{"@xmlns:s":"u","s:r":[{"#text":"x"}]}})");
}

TEST(Xml, NamesOfOuterAndInnerElementsAreKeptApart) {
  EXPECT_EQ(json("<r><a><b/><a/><b/></a><b/><a><b/></a></r>"),
            R"({"r":{"a":[{"b":[{},{}],"a":[{}]},{"b":[{}]}],"b":[{}]}})");
}

TEST(Xml, TextIsJoined) {
  EXPECT_EQ(json("<a> x <b/>y<!-- --><![CDATA[<z> &amp;]]> </a>"),
            R"({"a":{"#text":" x y<z> &amp;","b":[{}]}})");
  EXPECT_EQ(json("<a> \n </a>"), R"({"a":{}})");
  EXPECT_EQ(json("<a>1\r\n2\r3</a>"), R"({"a":{"#text":"1\n2\n3"}})");
}

TEST(Xml, ReferencesAreReplaced) {
  EXPECT_EQ(json("<a b='&quot;&#x41;&apos;'>&lt;&amp;&gt;&#233;&#x1F600;</a>"),
            "{\"a\":{\"@b\":\"\\\"A'\",\"#text\":\"<&>\xc3\xa9\xf0\x9f\x98\x80\"}}");
  EXPECT_EQ(json("<a>&nbsp;&; &amp;amp; a&b</a>"), R"({"a":{"#text":"&nbsp;&; &amp; a&b"}})");
}

TEST(Xml, ForbiddenReferencesSpoilTheirTextOnly) {
  for (const char* bad : {"&#0;", "&#x0;", "&#xD800;", "&#xFFFF;", "&#x110000;", "&#4294967361;", "&#8;"}) {
    const auto document = decode_xml("<r><a>x"s + bad + "y</a><a b='" + bad + "'>z</a></r>");
    EXPECT_EQ(json_of(document), R"({"r":{"a":[{"#text":"\ufffd"},{"@b":"\ufffd","#text":"z"}]}})") << bad;
    EXPECT_EQ(reasons_of(document)[0], "a character that XML forbids, or a reference to one");
  }
  EXPECT_EQ(json("<a><![CDATA[&#0;]]>&#x;&#;&#q;&#12</a>"), R"({"a":{"#text":"&#0;&#x;&#;&#q;&#12"}})");
}

TEST(Xml, ADtdIsSkipped) {
  EXPECT_EQ(json("<!DOCTYPE a [<!ENTITY x 'y'><!ENTITY f SYSTEM 'file:///etc/passwd'>]><a>&x;&f;</a>"),
            R"({"a":{"#text":"&x;&f;"}})");
  EXPECT_EQ(json("<!DOCTYPE rss PUBLIC '-//N//DTD' 'http://x.org/rss.dtd'><a/>"), R"({"a":{}})");
}

TEST(Xml, Encodings) {
  const std::string expected = R"({"é":{"#text":"€"}})";
  const std::string utf8 = "<\xc3\xa9>\xe2\x82\xac</\xc3\xa9>";
  EXPECT_EQ(json(utf8), expected);
  EXPECT_EQ(json("\xef\xbb\xbf<?xml version='1.0' encoding='iso-8859-1'?>" + utf8), expected);
  EXPECT_EQ(json("<?xml version='1.0' encoding='UTF-16'?>" + utf8), expected);
  EXPECT_EQ(json("<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?><\xe9>\xa4</\xe9>"), expected);
  EXPECT_EQ(json("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><\xe9>\x80</\xe9>"), expected);
  EXPECT_EQ(json("<?xml version=\"1.0\" encoding=\"utf-8\"?><\xe9>\x80</\xe9>", {.encoding = "windows-1252"}),
            expected);
  EXPECT_EQ(json("\xff\xfe<\0\xe9\0>\0\xac\x20<\0/\0\xe9\0>\0"s), expected);
  EXPECT_EQ(error("<?xml version='1.0' encoding='x-klingon'?><a/>"),
            "the encoding \"x-klingon\" is not one of those that can be read");
}

TEST(Xml, BadBytesSpoilTheirValueOnly) {
  const auto document = decode_xml("<r><a b='\xff' c='1'>x\x01</a><\xc3 d='2'/><e/></r>");
  EXPECT_EQ(json_of(document), R"("\ufffd")");  // a name decides about the element it is in
  EXPECT_EQ(json_of(decode_xml("<r><a b='\xff' c='1'>x\x01</a><i><\xc3 d='2'/></i><e/></r>")),
            R"({"r":{"a":[{"@b":"\ufffd","@c":"1","#text":"\ufffd"}],"i":["\ufffd"],"e":[{}]}})");
  EXPECT_EQ(reasons_of(document), Reasons{"a character that XML forbids, or invalid UTF-8, in a name"});
}

TEST(Xml, OfADuplicateAttributeTheLastOneStays) {
  EXPECT_EQ(json("<a b='1' c='2' b='3'/>"), R"({"a":{"@b":"3","@c":"2"}})");
}

TEST(Xml, FaultsHaveAPosition) {
  EXPECT_EQ(error("<a>\n <b>\xc3\xa9</c>\n</a>"),
            "line 2, column 8: no well-formed XML: Start-end tags mismatch");
  EXPECT_EQ(error("<a>\r\n&amp;&amp;\r\n<b x=1/></a>"),
            "line 3, column 6: no well-formed XML: Error parsing element attribute");
  EXPECT_EQ(error("<a><b>x</b>").substr(0, 9), "line 1, c");
  EXPECT_EQ(error(""), "line 1, column 1: no well-formed XML: No document element found");
  EXPECT_EQ(error("{\"a\":1}"), "line 1, column 7: no well-formed XML: No document element found");
  EXPECT_EQ(error("<a/>\n<b/>"), "line 2, column 2: a second root element");
  EXPECT_EQ(error("<a>\n\0</a>"s), "line 2, column 1: a NUL character");
}

TEST(Xml, DepthIsBounded) {
  EXPECT_EQ(json(nested(max_xml_depth)).substr(0, 12), R"({"a":{"a":[{)");
  EXPECT_NE(error(nested(max_xml_depth + 1)).find("nested deeper than 255 elements"), std::string::npos);
  EXPECT_NE(error(nested(1'000'000)).find("nested deeper"), std::string::npos);
  EXPECT_EQ(json("<a>" + nested(max_xml_depth - 1) + "<!-- -->" + nested(2) + "</a>").substr(0, 6),
            R"({"a":{)");
}

TEST(Xml, ManyNamesTakeNoLonger) {
  std::string body = "<r ";
  for (int i = 0; i < 100'000; ++i) body += "a" + std::to_string(i) + "='' ";
  body += ">";
  for (int i = 0; i < 100'000; ++i) body += "<e" + std::to_string(i) + "/>";
  const auto document = decode_xml(body + "</r>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root.members()[0].value.members().size(), 200'000U);
}

}  // namespace
}  // namespace decode
