#include "decode/feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <unordered_map>
#include <vector>

#include "decode/encoding.hpp"
#include "decode/resolve.hpp"
#include "decode/xml_tree.hpp"

namespace decode {
namespace {

using Node = pugi::xml_node;

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> namespaces{{
    {"http://www.w3.org/2005/Atom", "atom:"},
    {"http://purl.org/atom/ns#", "atom:"},
    {"http://purl.org/dc/elements/1.1/", "dc:"},
    {"http://purl.org/dc/terms/", "dcterms:"},
    {"http://purl.org/rss/1.0/modules/content/", "content:"},
    {"http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf:"},
    {"http://purl.org/rss/1.0/", ""},
    {"http://my.netscape.com/rdf/simple/0.9/", ""},
    {"http://channel.netscape.com/rdf/simple/0.9/", ""},
    {"http://backend.userland.com/RSS2", ""},
}};

// What an entry is made of, in the order of the output.
enum Field { id, title, link, links, published, updated, summary, content, authors, categories, field_count };
constexpr std::array<std::string_view, field_count> field_names = {
    "id", "title", "link", "links", "published", "updated", "summary", "content", "authors", "categories"};

// By the element's name in its canonical prefix; in Atom, "atom:" is taken off before.
const std::unordered_map<std::string_view, Field> rss_fields = {
    {"guid", id},
    {"title", title},
    {"link", links},
    {"atom:link", links},
    {"enclosure", links},
    {"pubDate", published},
    {"dc:date", published},
    {"dcterms:issued", published},
    {"atom:published", published},
    {"atom:updated", updated},
    {"dcterms:modified", updated},
    {"description", summary},
    {"content:encoded", content},
    {"author", authors},
    {"dc:creator", authors},
    {"category", categories},
    {"dc:subject", categories},
};
const std::unordered_map<std::string_view, Field> atom_fields = {
    {"id", id},
    {"title", title},
    {"link", links},
    {"published", published},
    {"issued", published},
    {"updated", updated},
    {"modified", updated},
    {"summary", summary},
    {"content", content},
    {"author", authors},
    {"category", categories},
    {"dc:creator", authors},
    {"dc:subject", categories},
};

bool has_elements(const Node& node) {
  for (const Node& child : node.children())
    if (child.type() == pugi::node_element) return true;
  return false;
}

class Reader {
 public:
  explicit Reader(Builder& build) : build_(build) {}

  base::Result<Value> read(const Node& root);

 private:
  std::string name(const Node& node) const;
  std::string_view text(const Node& node);
  Value value(const Node& node) { return text_value(text(node), build_); }
  Value resolved(const Node& node, std::string_view link);
  std::string base_of(Node node) const;
  std::string_view href(const Node& node);
  bool is_alternate(const Node& node) const;
  Value link_value(const Node& node);
  Value author(const Node& node);
  base::Result<Value> entry(const Node& node);
  void add(Field field, const Node& node);
  Value feed(const Node& node);

  Builder& build_;
  bool atom_ = false;
  Node root_;
  std::string feed_link_;  // what relative links are relative to without xml:base
  std::unordered_map<std::string, std::string> prefixes_;  // of the root: as written → canonical

  std::array<Value, field_count> fields_;  // of the entry being read
  std::array<std::vector<Value>, field_count> lists_;
};

// With the prefix that this file uses for the element's namespace, whatever the feed calls it.
std::string Reader::name(const Node& node) const {
  const std::string_view written = node.name();
  const std::string_view local = local_name(written);
  const std::string prefix(written.substr(0, written.size() - local.size()));
  const std::string declaration =
      prefix.empty() ? "xmlns" : fmt::format("xmlns:{}", prefix.substr(0, prefix.size() - 1));
  std::string canonical = prefix;
  if (const auto found = prefixes_.find(declaration); found != prefixes_.end()) canonical = found->second;
  if (const pugi::xml_attribute own = node.attribute(declaration.c_str())) {
    const auto* const known = std::find_if(namespaces.begin(), namespaces.end(),
                                           [&](const auto& entry) { return entry.first == own.value(); });
    canonical = known == namespaces.end() ? "?" + prefix : std::string(known->second);
  }
  if (atom_ && canonical == "atom:") canonical.clear();
  return canonical.append(local);
}

// Text, or markup where a feed puts elements instead of escaping them.
std::string_view Reader::text(const Node& node) {
  if (!has_elements(node)) return trimmed(direct_text(node, build_));
  struct Writer : pugi::xml_writer {
    std::string out;
    void write(const void* data, std::size_t size) override {
      out.append(static_cast<const char*>(data), size);
    }
  } writer;
  const bool xhtml = std::string_view(node.attribute("type").value()) == "xhtml";
  const Node div =
      xhtml ? node.find_child([](const Node& n) { return n.type() == pugi::node_element; }) : node;
  for (const Node& child : div.children()) child.print(writer, "", pugi::format_raw, pugi::encoding_utf8);
  return build_.keep(trimmed(writer.out));
}

// xml:base of the elements around, the inner ones relative to the outer.
std::string Reader::base_of(Node node) const {
  std::vector<std::string_view> bases;
  for (; node; node = node.parent())
    if (const pugi::xml_attribute base = node.attribute("xml:base")) bases.emplace_back(base.value());
  std::string result = feed_link_;
  for (; !bases.empty(); bases.pop_back()) result = resolve(result, bases.back());
  return result;
}

Value Reader::resolved(const Node& node, std::string_view link) {
  constexpr std::size_t longest = 8192;  // nobody's link; keeps what a hostile feed can make of one in bounds
  if (link.size() > longest) return text_value(link, build_);
  const std::string base = base_of(node);
  if (base.size() > longest) return text_value(link, build_);
  return text_value(build_.keep(resolve(base, link)), build_);
}

std::string_view Reader::href(const Node& node) {
  for (const char* attribute : {"href", "url"})
    if (const pugi::xml_attribute found = node.attribute(attribute)) return trimmed(found.value());
  return text(node);
}

bool Reader::is_alternate(const Node& node) const {
  const std::string_view rel = node.attribute("rel").value();
  return (rel.empty() || rel == "alternate") && local_name(node.name()) != "enclosure";
}

Value Reader::link_value(const Node& node) {
  const auto attribute = [&](const char* name) {
    const pugi::xml_attribute found = node.attribute(name);
    return found ? text_value(found.value(), build_) : Value();
  };
  Value rel = attribute("rel");
  if (rel.is_null()) rel = Value::string(is_alternate(node) ? "alternate" : "enclosure");
  const std::array members = {Member{"href", resolved(node, href(node))}, Member{"rel", rel},
                              Member{"type", attribute("type")}};
  return build_.object(members);
}

Value Reader::author(const Node& node) {
  if (!has_elements(node)) return value(node);
  Value email;
  for (const Node& child : node.children()) {
    const std::string_view part = local_name(child.name());
    if (part == "name" && !text(child).empty()) return value(child);
    if (part == "email") email = value(child);
  }
  return email;
}

void Reader::add(Field field, const Node& node) {
  if (field == links) {
    if (href(node).empty()) return;
    const Value added = link_value(node);
    lists_[links].push_back(added);
    if (fields_[link].is_null() && is_alternate(node)) fields_[link] = *added.find("href");
  } else if (field == authors || field == categories) {
    const pugi::xml_attribute term = node.attribute("term");
    Value added = field == authors ? author(node)
                  : term           ? text_value(trimmed(term.value()), build_)
                                   : value(node);
    const bool blank = added.is_null() || (added.kind() == Kind::string && added.text().empty());
    if (!blank) lists_[field].push_back(added);
  } else if (fields_[field].is_null()) {
    const Value added = value(node);
    if (added.kind() == Kind::spoiled || !added.text().empty()) fields_[field] = added;
  }
}

base::Result<Value> Reader::entry(const Node& node) {
  fields_.fill({});
  for (auto& list : lists_) list.clear();
  const auto& known = atom_ ? atom_fields : rss_fields;
  Value permalink;
  for (const Node& child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    const std::string element = name(child);
    const auto found = known.find(element);
    if (found == known.end()) continue;
    add(found->second, child);
    if (auto error = build_.too_large()) return std::move(*error);
    const bool promised = element == "guid" && child.attribute("isPermaLink").as_bool(true);
    if (promised && text(child).find("://") != std::string_view::npos)
      permalink = resolved(child, text(child));
  }
  if (const pugi::xml_attribute about = node.attribute("rdf:about"); about && fields_[id].is_null())
    fields_[id] = text_value(trimmed(about.value()), build_);
  if (fields_[link].is_null()) fields_[link] = permalink;
  std::array<Member, field_count> members;
  for (std::size_t i = 0; i < field_count; ++i) members[i] = {field_names[i], fields_[i]};
  for (const Field list : {links, authors, categories}) members[list].value = build_.array(lists_[list]);
  return build_.object(members);
}

// `node`: the channel, or Atom's root.
Value Reader::feed(const Node& node) {
  Value title, link, updated, built;
  for (const Node& child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    const std::string element = name(child);
    if (element == "title" && title.is_null()) title = value(child);
    const bool is_link = element == "link" || element == "atom:link";
    if (is_link && link.is_null() && is_alternate(child) && !href(child).empty())
      link = resolved(child, href(child));
    if (element == "updated" || element == "modified" || element == "atom:updated" ||
        element == "lastBuildDate")
      updated = value(child);
    if (element == "pubDate" || element == "dc:date") built = value(child);
  }
  if (updated.is_null()) updated = built;
  if (link.kind() == Kind::string) feed_link_ = link.text();
  const std::array members = {Member{"title", title}, Member{"link", link}, Member{"updated", updated}};
  return build_.object(members);
}

base::Result<Value> Reader::read(const Node& root) {
  for (const pugi::xml_attribute& attribute : root.attributes()) {
    const std::string_view key = attribute.name();
    if (key != "xmlns" && !key.starts_with("xmlns:")) continue;
    for (const auto& [uri, prefix] : namespaces)
      if (uri == attribute.value()) prefixes_[std::string(key)] = prefix;
  }
  const std::string kind = name(root);
  atom_ = kind == "atom:feed" || kind == "feed";
  const bool rdf = kind == "rdf:RDF";
  if (!atom_ && !rdf && kind != "rss")
    return base::error(base::Code::invalid_data,
                       "no feed: the root element is <{}>, not <rss>, <rdf:RDF> or <feed>",
                       printable(root.name()));
  Node channel = root;
  if (!atom_) channel = root.find_child([&](const Node& node) { return name(node) == "channel"; });
  const Value about = feed(channel);

  std::vector<Value> entries;
  for (const Node& holder : {channel, root}) {
    for (const Node& child : holder.children())
      if (child.type() == pugi::node_element && name(child) == (atom_ ? "entry" : "item"))
        entries.push_back(TRY(entry(child)));
    if (channel == root) break;  // RSS 1.0 and 0.90 have their items beside the channel
  }
  const std::array members = {Member{"feed", about}, Member{"entries", build_.array(entries)}};
  return build_.object(members);
}

}  // namespace

base::Result<Document> decode_feed(std::string body, const XmlOptions& options) {
  return decode_tree(std::move(body), options,
                     [](const pugi::xml_node& root, Builder& build) { return Reader(build).read(root); });
}

}  // namespace decode
