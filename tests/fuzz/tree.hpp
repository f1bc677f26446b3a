// What holds for every decoded Document, whatever the format.
#pragma once

#include "base/check.hpp"
#include "decode/json.hpp"

namespace fuzz {

inline std::size_t count_spoiled(const decode::Value& value) {
  std::size_t spoiled = value.kind() == decode::Kind::spoiled ? 1 : 0;
  for (const decode::Value& item : value.items()) spoiled += count_spoiled(item);
  for (const decode::Member& member : value.members()) {
    CHECK(value.find(member.key) == &member.value, "keys are unique");
    spoiled += count_spoiled(member.value);
  }
  return spoiled;
}

inline void check_tree(const base::Result<decode::Document>& document) {
  if (!document) {
    CHECK(document.error().code == base::Code::invalid_data, "an error of the data");
    const decode::Value message = decode::Value::string(document.error().message);
    CHECK(decode::decode_json(to_json(message))->spoiled == 0,
          "a message is UTF-8 without control characters");
    return;
  }
  const std::size_t spoiled = count_spoiled(document->root);
  CHECK(spoiled == 0 || document->spoiled > 0, "spoiled values are announced");
  const std::string json = to_json(document->root);
  const auto again = decode::decode_json(json);
  CHECK(again.has_value(), "the tree is not too deep for JSON");
  CHECK(again->spoiled == 0 && again->duplicate_keys == 0, "texts are UTF-8, keys unique");
  CHECK(spoiled > 0 || to_json(again->root) == json, "written and read again is the same");
}

}  // namespace fuzz
