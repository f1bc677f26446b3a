// CSV (RFC 4180) → an array of objects, header → text. Thread-safe.
//
// Cells are text as sent, also empty ones; nothing is trimmed. A column without a name is called by its
// position ("c3" is the third), and so are all without a header. Lines end with LF, CRLF or CR; blank ones
// are skipped; a quote inside of an unquoted cell is a character like others.
//
// What spoils its record only: more or fewer cells than the header has, text behind a closing quote, a NUL, a
// byte that the encoding does not define. Errors: an empty body where a header is expected, a column named
// twice, a quote that is never closed, options that cannot be (invalid_config). Memory: the body, in which
// the cells stay, and 40 bytes a cell up to max_tree.
//
//   Document document = TRY(decode_csv(std::move(body), {.delimiter = ';', .encoding = "latin-1"}));
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "decode/limits.hpp"
#include "decode/value.hpp"

namespace decode {

struct CsvOptions {
  char delimiter = ',';
  bool header = true;                      // the first row names the columns
  std::string encoding = "utf-8";          // see known_encoding(); a byte order mark wins
  std::size_t skip_rows = 0;               // lines before the header, whatever is in them
  std::vector<std::string> null_values{};  // cells with exactly this text are null, quoted or not
  std::size_t max_tree = decode::max_tree;
};

base::Result<Document> decode_csv(std::string body, const CsvOptions& options = {});

}  // namespace decode
