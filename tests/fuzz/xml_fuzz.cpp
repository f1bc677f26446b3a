// Any bytes as XML, and as the formats that are made of it: sound trees or errors.
#include <cstddef>
#include <cstdint>
#include <string>

#include "decode/feed.hpp"
#include "decode/oai.hpp"
#include "decode/xml.hpp"
#include "tree.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto tree = decode::decode_xml(body);
  const auto feed = decode::decode_feed(body);
  const auto oai = decode::decode_oai(body);
  fuzz::check_tree(tree);
  fuzz::check_tree(feed);
  fuzz::check_tree(oai);
  CHECK(tree.has_value() || (!feed.has_value() && !oai.has_value()), "what is no XML is no feed");
  return 0;
}
