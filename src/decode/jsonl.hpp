// JSON Lines (one JSON value a line; also called NDJSON) → an array of them. Each line is read by the rules
// of json.hpp. A line that is no JSON, as the last one of a body that was cut off, is a spoiled record whose
// reason names line and column; the others are unharmed. Blank lines are skipped. Thread-safe.
//
//   Document document = TRY(decode_jsonl(std::move(body)));
#pragma once

#include <string>

#include "base/result.hpp"
#include "decode/value.hpp"

namespace decode {

base::Result<Document> decode_jsonl(std::string body);

}  // namespace decode
