// Any bytes: decode_json() gives a Document or an error that names a position, and what it accepts survives
// being written and read again.
//
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc tests/fuzz/json_fuzz.cpp
//     src/decode/{json,json_text,value}.cpp src/base/{text,check,result}.cpp -lsimdjson -lfmt -o json_fuzz
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "decode/json.hpp"
#include "decode/json_text.hpp"

namespace {

using decode::Kind;

std::size_t walk(const decode::Document& document, const decode::Value& value) {
  std::size_t spoiled = value.kind() == Kind::spoiled ? 1 : 0;
  if (value.offset() != decode::Value::no_offset) {
    const std::string raw = document.raw(value);
    CHECK(raw.starts_with('{') && raw.ends_with('}'), "raw() is an object's text");
  }
  for (const decode::Value& item : value.items()) spoiled += walk(document, item);
  for (const decode::Member& member : value.members()) {
    CHECK(value.find(member.key) == &member.value, "keys are unique");
    spoiled += walk(document, member.value);
  }
  return spoiled;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string body(reinterpret_cast<const char*>(data), size);
  const auto document = decode::decode_json(body);
  if (body.starts_with("\xef\xbb\xbf")) body.erase(0, 3);
  const bool faulty = decode::find_fault(body).has_value();
  CHECK(document.has_value() != faulty, "both readers judge alike");
  if (!document) {
    CHECK(document.error().code == base::Code::invalid_data, "an error of the data");
    CHECK(document.error().message.starts_with("line "), "an error has a position");
    return 0;
  }
  const std::size_t spoiled = walk(*document, document->root);
  CHECK(spoiled <= document->spoiled, "every spoiled value is counted");
  CHECK((decode::find_spoiled(document->root) != nullptr) == (spoiled > 0), "find_spoiled() finds it");
  const std::string json = to_json(document->root);
  const auto again = decode::decode_json(json);
  CHECK(again.has_value() && again->spoiled == 0 && again->duplicate_keys == 0, "to_json() is clean JSON");
  CHECK(spoiled > 0 || to_json(again->root) == json, "written and read again is the same");
  return 0;
}
