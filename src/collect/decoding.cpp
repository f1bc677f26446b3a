#include "collect/decoding.hpp"

#include <algorithm>

#include "decode/csv.hpp"
#include "decode/feed.hpp"
#include "decode/gzip.hpp"
#include "decode/json.hpp"
#include "decode/jsonl.hpp"
#include "decode/jsonstat.hpp"
#include "decode/oai.hpp"
#include "decode/xml.hpp"

namespace collect {
namespace {

using Type = config::Decoder::Type;
using base::Result;

struct MediaType {
  std::string_view name;
  Type type;
};
constexpr MediaType media_types[] = {
    {"text/csv", Type::csv},
    {"application/csv", Type::csv},
    {"application/x-ndjson", Type::jsonl},
    {"application/jsonl", Type::jsonl},
    {"application/json-lines", Type::jsonl},
    {"application/rss+xml", Type::feed},
    {"application/atom+xml", Type::feed},
    {"application/rdf+xml", Type::feed},
    {"application/xml", Type::xml},
    {"text/xml", Type::xml},
};

// JSON, unless the content type names something else that we can read.
Type type_of(const http::Response& response) {
  const std::string* header = response.header("content-type");
  if (header == nullptr) return Type::json;
  std::string media(header->substr(0, header->find(';')));
  media.erase(media.find_last_not_of(" \t") + 1);
  std::transform(media.begin(), media.end(), media.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const MediaType& it : media_types)
    if (it.name == media) return it.type;
  return Type::json;
}

decode::CsvOptions csv_options(const config::Decoder& decoder) {
  decode::CsvOptions options{.delimiter = decoder.delimiter,
                             .header = decoder.header,
                             .skip_rows = static_cast<std::size_t>(decoder.skip_rows),
                             .null_values = decoder.null_values};
  if (!decoder.encoding.empty()) options.encoding = decoder.encoding;
  return options;
}

Result<decode::Document> decode_as(Type type, const config::Decoder& decoder, std::string body) {
  const decode::XmlOptions xml{.encoding = decoder.encoding};
  switch (type) {
    case Type::jsonl: return decode::decode_jsonl(std::move(body));
    case Type::csv: return decode::decode_csv(std::move(body), csv_options(decoder));
    case Type::xml: return decode::decode_xml(std::move(body), xml);
    case Type::feed: return decode::decode_feed(std::move(body), xml);
    case Type::jsonstat: return decode::decode_jsonstat(std::move(body));
    case Type::oai: return decode::decode_oai(std::move(body), xml);
    case Type::automatic:
    case Type::json: break;
  }
  return decode::decode_json(std::move(body));
}

}  // namespace

Result<Decoded> decode_answer(const config::Decoder& decoder, http::Response& response,
                              std::uint64_t max_size) {
  const Type type = decoder.type == Type::automatic ? type_of(response) : decoder.type;
  std::string body =
      TRY_WITH(decode::gunzip(std::move(response.body), max_size), "the answer of {}", response.url);
  auto document = TRY_WITH(decode_as(type, decoder, std::move(body)), "the answer of {}", response.url);
  return Decoded{std::move(document), type};
}

http::Request::Expect expectation(const config::Decoder& decoder) {
  using Expect = http::Request::Expect;
  switch (decoder.type) {
    case Type::automatic: return Expect::by_type;
    case Type::json:
    case Type::jsonstat: return Expect::json;
    default: return Expect::data;
  }
}

}  // namespace collect
