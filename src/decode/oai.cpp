#include "decode/oai.hpp"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <unordered_map>
#include <vector>

#include "decode/encoding.hpp"
#include "decode/json_text.hpp"
#include "decode/xml_tree.hpp"

namespace decode {
namespace {

using Node = pugi::xml_node;

Node child(const Node& node, std::string_view name) {
  return node.find_child([&](const Node& inner) {
    return inner.type() == pugi::node_element && local_name(inner.name()) == name;
  });
}

bool has_elements(const Node& node) {
  return !node.find_child([](const Node& inner) { return inner.type() == pugi::node_element; }).empty();
}

// A number as JSON writes it, else null.
Value number(const pugi::xml_attribute& attribute) {
  const std::string_view text = attribute.value();
  const char* const end = text.data() + text.size();
  return !text.empty() && end_of_number(text.data(), end) == end ? Value::number(text) : Value();
}

class Reader {
 public:
  explicit Reader(Builder& build) : build_(build) {}

  base::Result<Value> read(const Node& root);

 private:
  Value text(const Node& node) {
    return node ? text_value(trimmed(direct_text(node, build_)), build_) : Value();
  }
  base::Result<Value> metadata(const Node& node);
  base::Result<Value> record(const Node& node);
  Value answer(std::span<const Value> records, const Node& token);

  Builder& build_;
};

base::Result<Value> Reader::metadata(const Node& node) {
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<std::pair<std::string_view, std::vector<Value>>> groups;
  for (const Node& element : node.children()) {
    if (element.type() != pugi::node_element) continue;
    const std::string_view name = local_name(element.name());
    if (text_value(name, build_).kind() == Kind::spoiled) return build_.spoiled("a bad character in a name");
    const auto [place, added] = places.try_emplace(name, groups.size());
    if (added) groups.push_back({name, {}});
    groups[place->second].second.push_back(has_elements(element) ? TRY(element_value(element, build_))
                                                                 : text(element));
  }
  std::vector<Member> members;
  for (const auto& [name, values] : groups) members.push_back({name, build_.array(values)});
  return build_.object(members);
}

base::Result<Value> Reader::record(const Node& node) {
  if (auto error = build_.too_large()) return std::move(*error);
  const Node header = child(node, "header");
  std::vector<Value> sets;
  for (const Node& inner : header.children())
    if (local_name(inner.name()) == "setSpec") sets.push_back(text(inner));
  const bool deleted = std::string_view(header.attribute("status").value()) == "deleted";
  const Node format = child(node, "metadata").find_child([](const Node& inner) {
    return inner.type() == pugi::node_element;
  });
  const std::array members = {Member{"identifier", text(child(header, "identifier"))},
                              Member{"datestamp", text(child(header, "datestamp"))},
                              Member{"set_specs", build_.array(sets)},
                              Member{"deleted", Value::boolean(deleted)},
                              Member{"metadata", format ? TRY(metadata(format)) : Value()}};
  return build_.object(members);
}

Value Reader::answer(std::span<const Value> records, const Node& token) {
  Value text = this->text(token);
  if (text.kind() == Kind::string && text.text().empty()) text = {};
  const std::array members = {Member{"records", build_.array(records)}, Member{"resumption_token", text},
                              Member{"complete_list_size", number(token.attribute("completeListSize"))},
                              Member{"cursor", number(token.attribute("cursor"))}};
  return build_.object(members);
}

base::Result<Value> Reader::read(const Node& root) {
  if (local_name(root.name()) != "OAI-PMH")
    return base::error(base::Code::invalid_data, "no OAI-PMH: the root element is <{}>",
                       printable(root.name()));
  bool empty = false;
  for (const Node& error : root.children()) {
    if (local_name(error.name()) != "error") continue;
    const std::string_view code = error.attribute("code").value();
    empty = empty || code == "noRecordsMatch";
    if (code != "noRecordsMatch")
      return base::error(base::Code::invalid_data, "OAI-PMH error {}: {}", printable(code),
                         printable(trimmed(direct_text(error, build_)), 200));
  }
  if (empty) return answer({}, {});
  const Node list = child(root, "ListRecords");
  if (!list)
    return base::error(base::Code::invalid_data, "OAI-PMH: the answer has neither ListRecords nor an error");
  std::vector<Value> records;
  for (const Node& node : list.children())
    if (local_name(node.name()) == "record") records.push_back(TRY(record(node)));
  return answer(records, child(list, "resumptionToken"));
}

}  // namespace

base::Result<Document> decode_oai(std::string body, const XmlOptions& options) {
  return decode_tree(std::move(body), options,
                     [](const pugi::xml_node& root, Builder& build) { return Reader(build).read(root); });
}

}  // namespace decode
