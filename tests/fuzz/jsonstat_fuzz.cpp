// Any bytes as JSON-stat: rows of the same keys, or an error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "decode/jsonstat.hpp"
#include "tree.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = decode::decode_jsonstat({reinterpret_cast<const char*>(data), size});
  fuzz::check_tree(document);
  if (!document) return 0;
  const std::span<const decode::Value> rows = document->root.items();
  for (const decode::Value& row : rows) {
    CHECK(row.members().size() == rows[0].members().size(), "every row has the same keys");
    CHECK(row.find("value") != nullptr && !row.find("value")->is_null(), "every row has a value");
  }
  return 0;
}
