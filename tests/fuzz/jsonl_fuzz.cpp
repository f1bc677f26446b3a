// Any bytes as JSON Lines: always as many records as lines that are not blank, each as JSON reads that line.
#include <cstddef>
#include <cstdint>
#include <string>

#include "decode/jsonl.hpp"
#include "tree.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto document = decode::decode_jsonl(body);
  if (body.starts_with("\xff\xfe") || body.starts_with("\xfe\xff")) return 0;  // becomes UTF-8 first
  CHECK(document.has_value(), "no line is a fault of the whole");
  fuzz::check_tree(document);
  std::size_t next = 0;
  for (std::size_t begin = body.starts_with("\xef\xbb\xbf") ? 3 : 0, end = 0; begin < body.size();
       begin = end + 1) {
    end = std::min(body.find('\n', begin), body.size());
    const std::string line = body.substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const decode::Value& record = document->root.items()[next++];
    const auto alone = decode::decode_json(line);
    CHECK(to_json(record) == (alone ? to_json(alone->root) : "\"\\ufffd\""), "a line is read as if alone");
    if (alone && alone->spoiled == 0 && !line.starts_with("\xef\xbb\xbf"))
      CHECK(document->raw(record) == alone->raw(alone->root), "so is its text");
  }
  CHECK(next == document->root.items().size(), "one record a line");
  return 0;
}
