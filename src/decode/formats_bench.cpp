// Each format with generated records of ten columns: bytes and rows a second.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <zlib.h>

#include <iterator>
#include <string>

#include "decode/csv.hpp"
#include "decode/feed.hpp"
#include "decode/gzip.hpp"
#include "decode/jsonl.hpp"
#include "decode/jsonstat.hpp"
#include "decode/oai.hpp"
#include "decode/xml.hpp"

namespace {

// head + `count` times record(i) + tail
template <class Record>
std::string body(std::string head, std::int64_t count, std::string_view tail, Record record) {
  for (std::int64_t i = 0; i < count; ++i) record(std::back_inserter(head), i);
  return head.append(tail);
}

std::string csv(std::int64_t count) {
  return body("id,name,country,lat,lon,active,updated_at,price,note,text\n", count, "", [](auto out, auto i) {
    fmt::format_to(
        out,
        "{},Station {},NO,{}.{:06},-{}.5,{},2025-11-21T10:{:02}:{:02}Z,{}.10,,\"caf\u00e9, n\u00ba {}\"\n", i,
        i % 977, i % 90, i % 1'000'000, i % 180, i % 3 == 0, i / 60 % 60, i % 60, i % 5000, i);
  });
}

std::string jsonl(std::int64_t count) {
  return body("", count, "", [](auto out, auto i) {
    fmt::format_to(out,
                   R"({{"id":{},"name":"Station {}","country":"NO","lat":{}.{:06},"lon":-{}.5,"active":{},)"
                   R"("updated_at":"2025-11-21T10:{:02}:{:02}Z","price":{}.10,"note":null,)"
                   R"("text":"caf\u00e9 n\u00ba {}"}})"
                   "\n",
                   i, i % 977, i % 90, i % 1'000'000, i % 180, i % 3 == 0, i / 60 % 60, i % 60, i % 5000, i);
  });
}

std::string xml(std::int64_t count) {
  return body("<rows>", count, "</rows>", [](auto out, auto i) {
    fmt::format_to(
        out,
        "<row id=\"{}\"><name>Station {}</name><country>NO</country><lat>{}.{:06}</lat><lon>-{}.5</lon>"
        "<active>{}</active><updated_at>2025-11-21T10:{:02}:{:02}Z</updated_at><price>{}.10</price>"
        "<note/><text>caf\u00e9 &amp; n\u00ba {}</text></row>\n",
        i, i % 977, i % 90, i % 1'000'000, i % 180, i % 3 == 0, i / 60 % 60, i % 60, i % 5000, i);
  });
}

std::string feed(std::int64_t count) {
  return body(
      "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><link>https://x.org</link>",
      count, "</channel></rss>", [](auto out, auto i) {
        fmt::format_to(out,
                       "<item><guid isPermaLink=\"false\">{}</guid><title>Story {} &amp; more</title>"
                       "<link>/story/{}</link><dc:creator>Ann</dc:creator><category>AI</category>"
                       "<pubDate>Thu, 20 Nov 2025 08:00:00 +0000</pubDate>"
                       "<description><![CDATA[<p>What happened in story {}</p>]]></description></item>\n",
                       i, i, i, i);
      });
}

std::string oai(std::int64_t count) {
  return body("<OAI-PMH><ListRecords>", count, "</ListRecords></OAI-PMH>", [](auto out, auto i) {
    fmt::format_to(out,
                   "<record><header><identifier>oai:x:{}</identifier><datestamp>2025-11-20</datestamp>"
                   "<setSpec>a</setSpec></header><metadata><oai_dc:dc><dc:title>Title {}</dc:title>"
                   "<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><dc:date>2025</dc:date>"
                   "</oai_dc:dc></metadata></record>\n",
                   i, i);
  });
}

std::string jsonstat(std::int64_t count) {
  std::string index = body("", count / 10, "",
                           [](auto out, auto i) { fmt::format_to(out, "{}\"c{}\"", i == 0 ? "" : ",", i); });
  const std::string head = fmt::format(
      R"({{"class":"dataset","id":["geo","time"],"size":[{},10],"dimension":{{"geo":{{"category":{{"index":[{}]}}}},)"
      R"("time":{{"category":{{"index":["0","1","2","3","4","5","6","7","8","9"]}}}}}},"value":[)",
      count / 10, index);
  return body(head, count / 10 * 10, "]}", [](auto out, auto i) {
    fmt::format_to(out, "{}{}.{:02}", i == 0 ? "" : ",", i % 5000, i % 100);
  });
}

template <auto make, auto decoder>
void decode(benchmark::State& state) {
  const std::string sent = make(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    std::string copy = sent;
    state.ResumeTiming();
    const auto document = decoder(std::move(copy));
    if (!document) return state.SkipWithError(document.error().message.c_str());
    benchmark::DoNotOptimize(document->root.items().size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(sent.size()));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void gunzip(benchmark::State& state) {
  const std::string text = csv(state.range(0));
  std::string packed(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  for (auto _ : state) {
    const auto result = decode::gunzip(packed, text.size());
    if (!result) return state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result->data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

constexpr auto csv_decoder = [](std::string body) { return decode::decode_csv(std::move(body)); };
constexpr auto xml_decoder = [](std::string body) { return decode::decode_xml(std::move(body)); };
constexpr auto feed_decoder = [](std::string body) { return decode::decode_feed(std::move(body)); };
constexpr auto oai_decoder = [](std::string body) { return decode::decode_oai(std::move(body)); };
constexpr auto jsonstat_decoder = [](std::string body) { return decode::decode_jsonstat(std::move(body)); };

BENCHMARK(decode<csv, csv_decoder>)->Name("csv")->Arg(100)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(decode<jsonl, decode::decode_jsonl>)
    ->Name("jsonl")
    ->Arg(100)
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(decode<xml, xml_decoder>)->Name("xml")->Arg(100)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(decode<feed, feed_decoder>)->Name("feed")->Arg(100)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(decode<oai, oai_decoder>)->Name("oai")->Arg(100)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(decode<jsonstat, jsonstat_decoder>)
    ->Name("jsonstat")
    ->Arg(100)
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(gunzip)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
