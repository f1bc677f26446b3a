#include "decode/feed.hpp"

#include "decode/resolve.hpp"
#include "decode/testing.hpp"

namespace decode {
namespace {

using namespace std::string_literals;

Document decoded(std::string body) {
  auto document = decode_feed(std::move(body));
  if (!document) {
    ADD_FAILURE() << document.error().message;
    return {};
  }
  return std::move(*document);
}

// One entry's field as JSON.
std::string field(const std::string& body, std::string_view key, std::size_t index = 0) {
  const Document document = decoded(body);
  const Value* entries = document.root.find("entries");
  if (entries == nullptr || entries->items().size() <= index) return "no entry";
  const Value* value = entries->items()[index].find(key);
  return value == nullptr ? "no field" : to_json(*value);
}

std::string rss_item(std::string_view item, std::string_view attributes = "") {
  return "<rss version='2.0' "s.append(attributes) + "><channel><link>https://x.org/blog/</link><item>" +
         std::string(item) + "</item></channel></rss>";
}
std::string atom_entry(std::string_view entry) {
  return "<feed xmlns='http://www.w3.org/2005/Atom'><link href='https://x.org/blog/'/><entry>" +
         std::string(entry) + "</entry></feed>";
}

TEST(Feed, Rss2) {
  const std::string body = R"(<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/">
 <channel>
  <title>A &amp; B</title>
  <atom:link href="https://x.org/feed.xml" rel="self" type="application/rss+xml"/>
  <link>https://x.org/</link>
  <lastBuildDate>Fri, 21 Nov 2025 10:30:02 +0000</lastBuildDate>
  <image><title>no</title><link>https://no.org/</link></image>
  <item>
   <title><![CDATA[ 1 < 2 ]]></title>
   <link>
     https://x.org/1?a=1&amp;b=2
   </link>
   <dc:creator><![CDATA[Ann]]></dc:creator><dc:creator>Bob</dc:creator>
   <pubDate>Thu, 20 Nov 2025 08:00:00 -0300</pubDate>
   <category>AI</category><category domain="d"><![CDATA[R&D]]></category>
   <guid isPermaLink="false">https://x.org/?p=1</guid>
   <description>&lt;p&gt;Short&lt;/p&gt;</description>
   <content:encoded><![CDATA[<p>Long</p>]]></content:encoded>
   <enclosure url="/1.mp3" length="1" type="audio/mpeg"/>
  </item>
  <item/>
 </channel>
</rss>)";
  EXPECT_EQ(
      json_of(decode_feed(body)),
      R"({"feed":{"title":"A & B","link":"https://x.org/","updated":"Fri, 21 Nov 2025 10:30:02 +0000"},"entries":[)"
      R"({"id":"https://x.org/?p=1","title":"1 < 2","link":"https://x.org/1?a=1&b=2","links":[)"
      R"({"href":"https://x.org/1?a=1&b=2","rel":"alternate","type":null},)"
      R"({"href":"https://x.org/1.mp3","rel":"enclosure","type":"audio/mpeg"}],)"
      R"("published":"Thu, 20 Nov 2025 08:00:00 -0300","updated":null,"summary":"<p>Short</p>",)"
      R"("content":"<p>Long</p>","authors":["Ann","Bob"],"categories":["AI","R&D"]},)"
      R"({"id":null,"title":null,"link":null,"links":[],"published":null,"updated":null,"summary":null,)"
      R"("content":null,"authors":[],"categories":[]}]})");
}

TEST(Feed, Atom) {
  const std::string body = R"(<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://x.org/a/">
  <title type="text">T</title><id>urn:f</id><updated>2025-11-21T00:00:00Z</updated>
  <link rel="self" href="feed"/><link href="../"/>
  <entry>
    <id>http://arxiv.org/abs/1</id><published>2025-11-20T00:00:00Z</published>
    <updated>2025-11-21T00:00:00Z</updated><title>One
    two</title><summary>S</summary>
    <author><name>Ann</name><email>a@x.org</email></author><author><email>b@x.org</email></author>
    <link href="p.pdf" rel="related" type="application/pdf" title="pdf"/>
    <link href="1" rel="alternate" type="text/html"/>
    <category term="cs.AI" scheme="s"/><category term="cs.LG"/>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>a &amp; <b>b</b></p></div></content>
  </entry>
</feed>)";
  EXPECT_EQ(
      json_of(decode_feed(body)),
      R"({"feed":{"title":"T","link":"https://x.org/","updated":"2025-11-21T00:00:00Z"},"entries":[)"
      R"({"id":"http://arxiv.org/abs/1","title":"One\n    two","link":"https://x.org/a/1","links":[)"
      R"({"href":"https://x.org/a/p.pdf","rel":"related","type":"application/pdf"},)"
      R"({"href":"https://x.org/a/1","rel":"alternate","type":"text/html"}],)"
      R"("published":"2025-11-20T00:00:00Z","updated":"2025-11-21T00:00:00Z","summary":"S",)"
      R"("content":"<p>a &amp; <b>b</b></p>","authors":["Ann","b@x.org"],"categories":["cs.AI","cs.LG"]}]})");
}

TEST(Feed, Rdf) {
  const std::string body = R"(<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns="http://purl.org/rss/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/">
  <channel rdf:about="https://x.org/rss"><title>T</title><link>https://x.org/</link>
    <d:date>2025-11-21</d:date><items><rdf:Seq><rdf:li resource="u"/></rdf:Seq></items></channel>
  <item rdf:about="https://x.org/1"><title>One</title><link>1</link><d:date>2025-11-20</d:date>
    <d:creator>Ann</d:creator><d:subject>AI</d:subject></item></rdf:RDF>)";
  EXPECT_EQ(
      json_of(decode_feed(body)),
      R"({"feed":{"title":"T","link":"https://x.org/","updated":"2025-11-21"},"entries":[)"
      R"({"id":"https://x.org/1","title":"One","link":"https://x.org/1","links":[)"
      R"({"href":"https://x.org/1","rel":"alternate","type":null}],"published":"2025-11-20","updated":null,)"
      R"("summary":null,"content":null,"authors":["Ann"],"categories":["AI"]}]})");
}

TEST(Feed, OldRssHasNoNamespacesAndADtd) {
  const std::string body =
      "<!DOCTYPE rss PUBLIC '-//Netscape//DTD RSS 0.91//EN' 'http://my.netscape.com/rss-0.91.dtd'>"
      "<rss version='0.91'><channel><title>T</title><item><title>caf&eacute;</title></item></channel></rss>";
  EXPECT_EQ(field(body, "title"), "\"caf&eacute;\"");
}

TEST(Feed, NamespacesCountNotPrefixes) {
  EXPECT_EQ(
      field(rss_item("<x:creator>Ann</x:creator>", "xmlns:x='http://purl.org/dc/elements/1.1/'"), "authors"),
      R"(["Ann"])");
  EXPECT_EQ(field(rss_item("<media:title>no</media:title><title>T</title><link>/1</link>"
                           "<link xmlns='http://www.w3.org/2005/Atom' rel='replies' href='/r'/>"),
                  "links"),
            R"([{"href":"https://x.org/1","rel":"alternate","type":null},)"
            R"({"href":"https://x.org/r","rel":"replies","type":null}])");
  EXPECT_EQ(field(rss_item("<title xmlns='urn:other'>no</title><title>T</title>"), "title"), "\"T\"");
  EXPECT_EQ(
      field("<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:id>1</a:id></a:entry></a:feed>", "id"),
      "\"1\"");
}

TEST(Feed, LinksAreResolved) {
  EXPECT_EQ(field(rss_item("<link>a/b?c#d</link>"), "link"), "\"https://x.org/blog/a/b?c#d\"");
  EXPECT_EQ(field(rss_item("<link>/a</link>", "xml:base='https://y.org/z/'"), "link"), "\"https://y.org/a\"");
  EXPECT_EQ(field(atom_entry("<link xml:base='c/' href='d'/>"), "link"), "\"https://x.org/blog/c/d\"");
  EXPECT_EQ(field(rss_item("<guid>https://x.org/1</guid>"), "link"), "\"https://x.org/1\"");
  EXPECT_EQ(field(rss_item("<guid isPermaLink='false'>https://x.org/1</guid>"), "link"), "null");
  EXPECT_EQ(field(rss_item("<guid>17</guid>"), "link"), "null");
  EXPECT_EQ(field(rss_item("<link/><guid>17</guid>"), "links"), "[]");
}

TEST(Feed, MarkupThatIsNotEscapedIsKept) {
  EXPECT_EQ(field(rss_item("<description>See <b>this</b></description>"), "summary"), R"("See <b>this</b>")");
}

TEST(Feed, BadTextsSpoilTheirEntryOnly) {
  const auto document = decode_feed(
      "<rss><channel><item><title>x\xff</title></item><item><title>y</title></item></channel></rss>");
  ASSERT_TRUE(document);
  EXPECT_EQ(reasons_of(document).size(), 1U);
  const std::span<const Value> entries = document->root.find("entries")->items();
  EXPECT_NE(find_spoiled(entries[0]), nullptr);
  EXPECT_EQ(find_spoiled(entries[1]), nullptr);
}

TEST(Feed, Encodings) {
  EXPECT_EQ(field("<?xml version='1.0' encoding='iso-8859-1'?>" + rss_item("<title>\xe9</title>"), "title"),
            "\"é\"");
}

TEST(Feed, OtherDocumentsAreRefused) {
  EXPECT_EQ(error_of(decode_feed("<html><body/></html>")),
            "no feed: the root element is <html>, not <rss>, <rdf:RDF> or <feed>");
  EXPECT_EQ(error_of(decode_feed("<feed xmlns='urn:other'/>")),
            "no feed: the root element is <feed>, not <rss>, <rdf:RDF> or <feed>");
  EXPECT_EQ(error_of(decode_feed("<rss><channel>")).substr(0, 6), "line 1");
  EXPECT_EQ(json_of(decode_feed("<rss/>")),
            R"({"feed":{"title":null,"link":null,"updated":null},"entries":[]})");
}

// RFC 3986, section 5.4.
TEST(Resolve, ExamplesOfTheRfc) {
  const std::pair<const char*, const char*> examples[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
  };
  for (const auto& [link, expected] : examples)
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", link), expected) << link;
  EXPECT_EQ(resolve("http://a", "g"), "http://a/g");
  EXPECT_EQ(resolve("http://a?q", "g"), "http://a/g");
  EXPECT_EQ(resolve("", "g"), "g");
  EXPECT_EQ(resolve("/b/", "g"), "g");
}

}  // namespace
}  // namespace decode
