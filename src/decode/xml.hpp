// XML 1.0 → a tree of Values. An element is an object: "@name" for each attribute, "#text" for the text
// directly inside (absent if that is only blanks), and for each name of a child element an array of all of
// that name, in order. Names keep their prefix. The root holds the one element that is not inside of another:
//
//   <rss version="2.0"><channel><title>A &amp; B</title></channel></rss>
//   {"rss": {"@version": "2.0", "channel": [{"title": [{"#text": "A & B"}]}]}}
//
//   Document document = TRY(decode_xml(std::move(body)));
//
// The encoding is that of a byte order mark, else of the options, else of the XML declaration, else UTF-8.
// The five entities and character references are replaced; a DTD is skipped, so its entities stay as they are
// written and nothing is ever loaded. Comments and processing instructions are skipped. Thread-safe.
//
// Spoiled: a text, an attribute, or (in a name) an element with a byte that the encoding does not define or
// with a character that XML forbids. Errors, with line and column: whatever is no well-formed XML, a NUL,
// elements nested deeper than max_xml_depth (two Values a level: this keeps to max_depth of json.hpp).
#pragma once

#include <string>

#include "base/result.hpp"
#include "decode/limits.hpp"
#include "decode/value.hpp"

namespace decode {

inline constexpr int max_xml_depth = 255;

struct XmlOptions {
  std::string encoding{};  // "": what the declaration says; see known_encoding()
  std::size_t max_tree = decode::max_tree;
};

base::Result<Document> decode_xml(std::string body, const XmlOptions& options = {});

}  // namespace decode
