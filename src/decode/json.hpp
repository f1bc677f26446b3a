// JSON (RFC 8259) → Document, by simdjson On-Demand. Whatever the bytes are, the outcome is one of: a
// Document; a Document in which single values are spoiled; or an Error{invalid_data} that names what is wrong
// and where (line and column, counted in characters from 1). Never a crash, never unbounded depth.
// Thread-safe.
//
// Spoiled values (Kind::spoiled): invalid UTF-8, a raw control character or a lone surrogate inside a string
// (also in a key: the whole object is then spoiled), NaN, Infinity and -Infinity where a value stands.
// simdjson refuses the whole body for one bad byte, so such a body is repaired (U+FFFD for each bad byte) and
// read again. Errors: anything else that the grammar forbids, a truncated or empty body, text after the
// value, UTF-16, nesting beyond max_depth, a body of 4 GiB or more. A UTF-8 byte order mark is skipped.
// Numbers keep their text; their size is not judged here.
//
//   Document document = TRY(decode_json(std::move(body)));
#pragma once

#include <string>

#include "base/result.hpp"
#include "decode/value.hpp"

namespace decode {

inline constexpr int max_depth = 512;

base::Result<Document> decode_json(std::string body);

}  // namespace decode
