#include "decode/oai.hpp"

#include "decode/testing.hpp"

namespace decode {
namespace {

std::string answer(std::string_view inside) {
  return R"(<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">)"
         R"(<responseDate>2025-11-21T00:00:00Z</responseDate><request verb="ListRecords">http://x</request>)" +
         std::string(inside) + "</OAI-PMH>";
}

TEST(Oai, Records) {
  const std::string body = answer(R"(<ListRecords>
    <record><header><identifier>oai:x:1</identifier><datestamp>2025-11-20</datestamp><setSpec>a</setSpec>
        <setSpec>b:c</setSpec></header>
      <metadata><oai_dc:dc xmlns:oai_dc="o" xmlns:dc="d"><dc:title> A &amp; B </dc:title><dc:creator>Ann</dc:creator>
        <dc:date>2025</dc:date><dc:creator>Bob</dc:creator><dc:type/></oai_dc:dc></metadata>
      <about><x>no</x></about></record>
    <record><header status="deleted"><identifier>oai:x:2</identifier><datestamp>2025-11-21</datestamp></header></record>
    <resumptionToken completeListSize="312" cursor="100" expirationDate="2025-11-22T00:00:00Z">t|2 </resumptionToken>
    </ListRecords>)");
  EXPECT_EQ(
      json_of(decode_oai(body)),
      R"({"records":[{"identifier":"oai:x:1","datestamp":"2025-11-20","set_specs":["a","b:c"],"deleted":false,)"
      R"("metadata":{"title":["A & B"],"creator":["Ann","Bob"],"date":["2025"],"type":[""]}},)"
      R"({"identifier":"oai:x:2","datestamp":"2025-11-21","set_specs":[],"deleted":true,"metadata":null}],)"
      R"("resumption_token":"t|2","complete_list_size":312,"cursor":100})");
}

TEST(Oai, OtherFormatsKeepTheirElements) {
  EXPECT_EQ(
      json_of(decode_oai(answer("<ListRecords><record><header/><metadata><arXiv><id>1</id><authors><author>"
                                "<keyname>K</keyname></author></authors></arXiv></metadata></record>"
                                "</ListRecords>"))),
      R"({"records":[{"identifier":null,"datestamp":null,"set_specs":[],"deleted":false,"metadata":{"id":["1"],)"
      R"("authors":[{"author":[{"keyname":[{"#text":"K"}]}]}]}}],"resumption_token":null,)"
      R"("complete_list_size":null,"cursor":null})");
}

TEST(Oai, TheLastPageHasAnEmptyToken) {
  EXPECT_EQ(json_of(decode_oai(
                answer("<ListRecords><resumptionToken completeListSize='x' cursor='7'/></ListRecords>"))),
            R"({"records":[],"resumption_token":null,"complete_list_size":null,"cursor":7})");
}

TEST(Oai, ErrorsOfTheProtocol) {
  EXPECT_EQ(json_of(decode_oai(answer("<error code='noRecordsMatch'>none</error>"))),
            R"({"records":[],"resumption_token":null,"complete_list_size":null,"cursor":null})");
  EXPECT_EQ(error_of(decode_oai(answer("<error code='badResumptionToken'>It\n expired</error>"))),
            "OAI-PMH error badResumptionToken: It\\n expired");
  EXPECT_EQ(error_of(decode_oai(answer("<Identify/>"))),
            "OAI-PMH: the answer has neither ListRecords nor an error");
  EXPECT_EQ(error_of(decode_oai("<html/>")), "no OAI-PMH: the root element is <html>");
  EXPECT_EQ(error_of(decode_oai("<OAI-PMH")).substr(0, 6), "line 1");
}

TEST(Oai, BadTextsSpoilTheirRecordOnly) {
  const auto document =
      decode_oai(answer("<ListRecords><record><header><identifier>\xff</identifier></header>"
                        "</record><record><header><identifier>2</identifier></header></record>"
                        "</ListRecords>"));
  ASSERT_TRUE(document);
  EXPECT_EQ(reasons_of(document).size(), 1U);
  EXPECT_EQ(find_spoiled(document->root.find("records")->items()[1]), nullptr);
}

}  // namespace
}  // namespace decode
