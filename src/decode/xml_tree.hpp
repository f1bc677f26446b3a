// What the decoders of XML formats share: parsing, and texts out of the tree. Internal to this folder;
// pugixml is only named here. The tree's texts stand in the Document's body and stay valid as long as that.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "decode/builder.hpp"
#include "decode/value.hpp"
#include "decode/xml.hpp"

namespace pugi {
class xml_document;
class xml_node;
}  // namespace pugi

namespace decode {

// The tree has one root element and is not deeper than max_xml_depth; `document` is opened.
base::Result<void> parse_xml(std::string body, const XmlOptions& options, Document& document,
                             pugi::xml_document& tree);

// Parses, and has `read` make the document's root of the one element that is not inside of another.
using TreeReader = std::function<base::Result<Value>(const pugi::xml_node& root, Builder& build)>;
base::Result<Document> decode_tree(std::string body, const XmlOptions& options, const TreeReader& read);

// The text directly inside of `node`; several pieces (around elements, comments, CDATA) are joined.
std::string_view direct_text(const pugi::xml_node& node, Builder& build);

// string or spoiled
Value text_value(std::string_view text, Builder& build);

// The Value of one element by the rules of decode_xml().
base::Result<Value> element_value(const pugi::xml_node& element, Builder& build);

// "title" of "dc:title".
std::string_view local_name(std::string_view name);

std::string_view trimmed(std::string_view text);  // without XML's blanks at both ends

}  // namespace decode
