// Bodies to UTF-8. Pure functions.
//
//   if (!known_encoding(name)) …                     // when a collector file is read
//   TRY(to_utf8(body, "windows-1252"));
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace decode {

// utf-8, us-ascii, utf-16, utf-16le, utf-16be, latin-1, iso-8859-1 … -16, windows-1250 … -1258 (also cp1252),
// in any case. latin-1 and iso-8859-1 are read as windows-1252, as browsers do: what differs are control
// characters that nobody means.
bool known_encoding(std::string_view name);

// Replaces `body` by the same text in UTF-8, without a byte order mark. A mark of UTF-8 or UTF-16 decides
// whatever `encoding` says. A byte that the encoding does not define becomes 0xff, which is no UTF-8 and so
// spoils its value; the bytes of a UTF-8 body are left as they are. Error: invalid_config for an unknown
// encoding.
base::Result<void> to_utf8(std::string& body, std::string_view encoding);

bool is_utf8(std::string_view text);  // fast

// For messages: always UTF-8, one line, not too long.
std::string printable(std::string_view text, std::size_t most = 40);

}  // namespace decode
