#include "decode/xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <unordered_map>
#include <vector>

#include "decode/encoding.hpp"
#include "decode/json_text.hpp"
#include "decode/xml_tree.hpp"

namespace decode {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

bool is_forbidden(std::uint32_t code) {
  return (code < 0x20 && is_control(static_cast<char>(code))) || (code >= 0xD800 && code < 0xE000) ||
         code == 0xFFFE || code == 0xFFFF || code > 0x10FFFF;
}

// The encoding="…" of an XML declaration, or "".
std::string declared_encoding(std::string_view body) {
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  if (!body.starts_with("<?xml")) return "";
  const std::string_view declaration = body.substr(0, std::min<std::size_t>(body.find("?>"), 256));
  const std::size_t name = declaration.find("encoding");
  if (name == std::string_view::npos) return "";
  const std::size_t open = declaration.find_first_of("\"'", name);
  if (open == std::string_view::npos) return "";
  const std::size_t close = declaration.find(declaration[open], open + 1);
  if (close == std::string_view::npos) return "";
  const std::string_view value = declaration.substr(open + 1, close - open - 1);
  // It is readable, so it is not UTF-16, whatever it says of itself.
  return value.starts_with("UTF-16") || value.starts_with("utf-16") ? "" : std::string(value);
}

// Is the reference at body[at] ("&#") to a character that cannot be in XML? What is no reference, is not.
bool is_forbidden_reference(std::string_view body, std::size_t at) {
  at += 2;
  const bool hex = at < body.size() && body[at] == 'x';
  if (hex) ++at;
  std::uint32_t code = 0;
  for (const std::size_t first = at; at < body.size(); ++at) {
    const char c = body[at];
    const char low = static_cast<char>(c | 0x20);
    if (c == ';') return at > first && is_forbidden(code);
    if (c >= '0' && c <= '9')
      code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(c - '0');
    else if (hex && low >= 'a' && low <= 'f')
      code = code * 16 + static_cast<std::uint32_t>(low - 'a' + 10);
    else
      return false;
    code = std::min<std::uint32_t>(code, 0x110000);
  }
  return false;
}

struct Survey {
  std::size_t nul = std::string::npos;
  std::size_t nodes = 0;  // at most this many
};

// Before pugixml, which replaces &#0; by a NUL and &#xD800; by a surrogate without a word: the '&' of such a
// reference becomes a control character, which spoils the text it is in.
Survey prepare(std::string& body) {
  constexpr std::string_view cdata = "<![CDATA[";
  Survey result;
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char c = body[at];
    if (c == '<') {
      result.nodes += 2;  // an element or its end, and text behind it
      if (body.compare(at, cdata.size(), cdata) == 0)
        at = std::min(body.find("]]>", at), body.size() - 1);  // a NUL inside is seen by pugixml as the end
    } else if (c == '=') {
      ++result.nodes;
    } else if (c == '&' && at + 1 < body.size() && body[at + 1] == '#') {
      if (is_forbidden_reference(body, at)) body[at] = '\x01';
    }
  }
  result.nul = body.find('\0');
  return result;
}

base::Error fault_at(std::string_view body, std::size_t offset, std::string_view why) {
  return base::error(base::Code::invalid_data, "{}: {}",
                     describe_position(body, std::min(offset, body.size())), why);
}

// Where the tree breaks what pugixml lets pass.
base::Result<void> check_shape(const pugi::xml_document& tree, std::string_view sent) {
  int depth = 0, roots = 0;
  for (pugi::xml_node node = tree.first_child(); node;) {
    const bool element = node.type() == pugi::node_element;
    const auto fault = [&](std::string_view why) {
      return fault_at(sent, static_cast<std::size_t>(node.offset_debug()), why);
    };
    if (element && depth == 0 && ++roots > 1) return fault("a second root element");
    if (node.first_child()) {
      if (++depth >= max_xml_depth)
        return fault(fmt::format("nested deeper than {} elements", max_xml_depth));
      node = node.first_child();
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      --depth;
      if (depth < 0) break;
    }
    node = depth < 0 ? pugi::xml_node() : node.next_sibling();
  }
  if (roots == 0) return fault_at(sent, sent.size(), "there is no element");
  return {};
}

// Elements to objects. Names are numbered, so that children find those of the same name in one step however
// many names there are.
class Walker {
 public:
  explicit Walker(Builder& build) : build_(build) {}

  base::Result<Value> element(const pugi::xml_node& node);

 private:
  struct Name {
    std::string_view key;
    std::size_t seen_by = 0;  // the last object that had it, and where
    std::size_t index = 0;
    bool bad = false;
  };
  using Names = std::unordered_map<std::string_view, Name>;
  struct Group {  // the children of one name
    std::string_view key;
    std::size_t count = 0;
    Value* next = nullptr;
  };

  Name& find(Names& names, std::string_view name, std::string_view prefix);
  bool attributes(const pugi::xml_node& node);
  bool count_children(const pugi::xml_node& node);

  Builder& build_;
  Names elements_, attributes_;
  std::size_t serial_ = 0;
  // Of the elements that are still open, outermost first:
  std::vector<Member> members_;
  std::vector<Group> groups_;
  std::vector<std::size_t> group_of_;  // of each child element
};

Walker::Name& Walker::find(Names& names, std::string_view name, std::string_view prefix) {
  const auto [found, added] = names.try_emplace(name);
  if (added) {
    found->second.bad = !is_utf8(name) || std::any_of(name.begin(), name.end(), is_control);
    found->second.key = prefix.empty() ? name : build_.keep(fmt::format("{}{}", prefix, name));
  }
  return found->second;
}

// False: a name is bad.
bool Walker::attributes(const pugi::xml_node& node) {
  const std::size_t base = members_.size(), serial = ++serial_;
  for (auto attribute = node.first_attribute(); attribute; attribute = attribute.next_attribute()) {
    Name& name = find(attributes_, attribute.name(), "@");
    if (name.bad) return false;
    const Value value = text_value(attribute.value(), build_);
    if (name.seen_by == serial) {  // pugixml lets it pass; the last one wins, as in JSON
      members_[base + name.index].value = value;
      continue;
    }
    name.seen_by = serial;
    name.index = members_.size() - base;
    members_.push_back({name.key, value});
  }
  return true;
}

// Likewise.
bool Walker::count_children(const pugi::xml_node& node) {
  const std::size_t base = groups_.size(), serial = ++serial_;
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    if (child.type() != pugi::node_element) continue;
    Name& name = find(elements_, child.name(), "");
    if (name.bad) return false;
    if (name.seen_by != serial) {
      name.seen_by = serial;
      name.index = groups_.size() - base;
      groups_.push_back({name.key});
    }
    ++groups_[base + name.index].count;
    group_of_.push_back(base + name.index);
  }
  return true;
}

base::Result<Value> Walker::element(const pugi::xml_node& node) {
  if (auto error = build_.too_large()) return std::move(*error);
  const std::size_t members = members_.size(), groups = groups_.size(), children = group_of_.size();
  const auto close = [&](Value value) {
    members_.resize(members);
    groups_.resize(groups);
    group_of_.resize(children);
    return value;
  };
  if (!attributes(node) || !count_children(node))
    return close(build_.spoiled("a character that XML forbids, or invalid UTF-8, in a name"));
  const std::string_view text = direct_text(node, build_);
  if (text.find_first_not_of(blanks) != std::string_view::npos)
    members_.push_back({"#text", text_value(text, build_)});
  for (std::size_t i = groups; i < groups_.size(); ++i) {
    Group& group = groups_[i];
    group.next = build_.allocate<Value>(group.count);
    members_.push_back({group.key, Value::array({group.next, group.count})});
  }
  std::size_t index = children;
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    if (child.type() != pugi::node_element) continue;
    const Value value = TRY(element(child));
    *groups_[group_of_[index++]].next++ = value;
  }
  return close(build_.object(std::span(members_).subspan(members)));
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

std::string_view local_name(std::string_view name) { return name.substr(name.find(':') + 1); }

std::string_view direct_text(const pugi::xml_node& node, Builder& build) {
  std::string_view first;
  std::string joined;
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    if (child.type() != pugi::node_pcdata && child.type() != pugi::node_cdata) continue;
    const std::string_view piece = child.value();
    if (first.empty()) {
      first = piece;
      continue;
    }
    if (joined.empty()) joined = first;
    joined += piece;
  }
  return joined.empty() ? first : build.keep(joined);
}

Value text_value(std::string_view text, Builder& build) {
  bool ascii = true, control = false;
  for (const char c : text) {
    ascii &= static_cast<unsigned char>(c) < 0x80;
    control |= is_control(c);
  }
  if (control) return build.spoiled("a character that XML forbids, or a reference to one");
  if (ascii) return Value::string(text);
  if (!is_utf8(text)) return build.spoiled("invalid in its encoding (UTF-8 unless told otherwise)");
  return Value::string(text);
}

base::Result<Value> element_value(const pugi::xml_node& element, Builder& build) {
  return Walker(build).element(element);
}

base::Result<void> parse_xml(std::string body, const XmlOptions& options, Document& document,
                             pugi::xml_document& tree) {
  std::string encoding = options.encoding.empty() ? declared_encoding(body) : options.encoding;
  if (encoding.empty()) encoding = "utf-8";
  auto opened = open_document(std::move(body), encoding);
  if (!opened) {  // whoever sent it is at fault, unless the options are
    if (options.encoding.empty()) opened.error().code = base::Code::invalid_data;
    return std::move(opened.error());
  }
  document = std::move(*opened);
  const Survey survey = prepare(document.body);
  if (survey.nul != std::string::npos) return fault_at(document.body, survey.nul, "a NUL character");
  constexpr std::size_t node_size = 64;
  if (survey.nodes > options.max_tree / node_size)
    return base::error(base::Code::invalid_data,
                       "the body has up to {} elements, texts and attributes; {} are too many", survey.nodes,
                       options.max_tree / node_size);

  const std::string sent = document.body;  // parsing in place overwrites it, and errors need positions
  const pugi::xml_parse_result result = tree.load_buffer_inplace(document.body.data(), document.body.size(),
                                                                 pugi::parse_default, pugi::encoding_utf8);
  if (result.status == pugi::status_out_of_memory)
    return base::error(base::Code::internal, "out of memory while reading XML");
  if (!result)
    return fault_at(sent, static_cast<std::size_t>(std::max<std::ptrdiff_t>(result.offset, 0)),
                    fmt::format("no well-formed XML: {}", result.description()));
  return check_shape(tree, sent);
}

base::Result<Document> decode_tree(std::string body, const XmlOptions& options, const TreeReader& read) {
  Document document;
  pugi::xml_document tree;
  TRY(parse_xml(std::move(body), options, document, tree));
  Builder build(document, options.max_tree);
  document.root = TRY(read(tree.document_element(), build));
  return document;
}

base::Result<Document> decode_xml(std::string body, const XmlOptions& options) {
  return decode_tree(std::move(body), options,
                     [](const pugi::xml_node& root, Builder& build) -> base::Result<Value> {
                       const Value value = TRY(element_value(root, build));
                       if (value.kind() == Kind::spoiled) return value;
                       if (!is_utf8(root.name())) return build.spoiled("invalid UTF-8 in the root's name");
                       const Member member{root.name(), value};
                       return build.object({&member, 1});
                     });
}

}  // namespace decode
