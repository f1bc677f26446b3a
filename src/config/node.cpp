#include "config/node.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

#include "base/decimal.hpp"
#include "decode/value.hpp"

namespace config {
namespace {

std::string json_text(std::string_view text) { return decode::to_json(decode::Value::string(text)); }

// One step of a.b[0]: a name, or an index.
struct Step {
  std::string_view name;
  std::optional<std::size_t> index;
};

std::optional<std::vector<Step>> parse_path(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    if (path.front() == '[') {
      const std::size_t close = path.find(']');
      if (close == std::string_view::npos) return std::nullopt;
      std::size_t index = 0;
      const auto parsed = std::from_chars(path.data() + 1, path.data() + close, index);
      if (parsed.ec != std::errc{} || parsed.ptr != path.data() + close || index > 1000) return std::nullopt;
      steps.push_back({{}, index});
      path.remove_prefix(close + 1);
    } else {
      if (!steps.empty()) {
        if (path.front() != '.') return std::nullopt;
        path.remove_prefix(1);
      }
      const std::size_t length = std::min(path.find_first_of(".["), path.size());
      if (length == 0) return std::nullopt;
      steps.push_back({path.substr(0, length), std::nullopt});
      path.remove_prefix(length);
    }
  }
  if (steps.empty()) return std::nullopt;
  return steps;
}

bool is_name(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front()))) return false;
  for (const unsigned char c : text)
    if (!std::isalnum(c) && c != '_') return false;
  return true;
}

void expand_scalar(Node& node, const Environment& environment, const std::string& file, Faults& faults) {
  std::string result;
  std::string_view rest = node.text;
  for (std::size_t at; (at = rest.find('$')) != std::string_view::npos;) {
    result.append(rest.substr(0, at));
    rest.remove_prefix(at + 1);
    if (rest.starts_with('$')) {
      result += '$';
      rest.remove_prefix(1);
    } else if (rest.starts_with('{')) {
      const std::size_t close = rest.find('}');
      const std::string_view name = rest.substr(1, close == std::string_view::npos ? close : close - 1);
      if (close == std::string_view::npos || !is_name(name)) {
        faults.add({file, node.mark, "", "\"${\" is not followed by a variable's name and \"}\"",
                    "write ${NAME}, or $${ for the characters themselves"});
        return;
      }
      rest.remove_prefix(close + 1);
      if (const auto value = environment(name)) {
        result += *value;
        node.from_environment = true;
      } else {
        node.missing = name;
      }
    } else {
      result += '$';
    }
  }
  const bool is_template = node.text.find("{{") != std::string::npos;
  node.text = result.append(rest);
  if (is_template && (node.from_environment || !node.missing.empty()))
    faults.add(
        {file, node.mark, "", "holds both ${…} and {{ … }}",
         "what comes from the environment is taken as it is: give each a key or parameter of its own"});
}

}  // namespace

Node::Node() = default;
Node::Node(Kind kind, Mark mark, std::string text)
    : kind(kind), text(std::move(text)), mark(std::move(mark)) {}

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

const Node& Node::nearest(std::string_view path) const {
  const auto steps = parse_path(path);
  const Node* node = this;
  if (!steps) return *node;
  for (const Step& step : *steps) {
    const Node* next = step.index ? (*step.index < node->items.size() ? &node->items[*step.index] : nullptr)
                                  : node->find(step.name);
    if (next == nullptr) break;
    node = next;
  }
  return *node;
}

void expand_environment(Node& node, const Environment& environment, const std::string& file, Faults& faults) {
  if (node.kind == Node::Kind::scalar && !node.expanded) expand_scalar(node, environment, file, faults);
  node.expanded = true;
  for (Node& item : node.items) expand_environment(item, environment, file, faults);
  for (Entry& entry : node.entries) expand_environment(entry.value, environment, file, faults);
}

bool has_missing(const Node& node) {
  if (!node.missing.empty()) return true;
  for (const Node& item : node.items)
    if (has_missing(item)) return true;
  for (const Entry& entry : node.entries)
    if (has_missing(entry.value)) return true;
  return false;
}

void set_path(Node& root, std::string_view path, Node value, const std::string& file, Faults& faults) {
  const auto refuse = [&](std::string message, std::string remedy) {
    faults.add({file, value.mark, std::string(path), std::move(message), std::move(remedy)});
  };
  const auto steps = parse_path(path);
  if (!steps) return refuse("is not a path to a key", "write it as requester.timeout or list[0]");
  Node* node = &root;
  for (const Step& step : *steps) {
    if (step.index) {
      if (node->kind == Node::Kind::null) node->kind = Node::Kind::sequence;
      if (node->kind != Node::Kind::sequence || *step.index > node->items.size())
        return refuse(fmt::format("has no place [{}]", *step.index),
                      "an index may be at most the length of the list, which appends to it");
      if (*step.index == node->items.size()) node->items.emplace_back(Node::Kind::null, value.mark);
      node = &node->items[*step.index];
    } else {
      if (node->kind == Node::Kind::null) node->kind = Node::Kind::mapping;
      if (node->kind != Node::Kind::mapping)
        return refuse(fmt::format("\"{}\" stands below something that is not a map", step.name),
                      "name a key of a map");
      Node* next = const_cast<Node*>(node->find(step.name));
      if (next == nullptr) {
        node->entries.push_back({std::string(step.name), value.mark, Node(Node::Kind::null, value.mark)});
        next = &node->entries.back().value;
      }
      node = next;
    }
  }
  *node = std::move(value);
}

void set_origin(Node& node, const std::string& origin) {
  node.mark.origin = origin;
  for (Node& item : node.items) set_origin(item, origin);
  for (Entry& entry : node.entries) {
    entry.mark.origin = origin;
    set_origin(entry.value, origin);
  }
}

std::optional<Override> parse_override(std::string_view text, Faults& faults) {
  const std::size_t equals = text.find('=');
  const std::string path(text.substr(0, equals));
  const std::string origin = "--set " + path;
  if (equals == std::string_view::npos || !parse_path(path)) {
    faults.add({"",
                {0, 0, "--set " + std::string(text)},
                "",
                "is not an override",
                "write --set requester.timeout=10s"});
    return std::nullopt;
  }
  Faults yaml_faults;
  auto value = parse_yaml(text.substr(equals + 1), "", yaml_faults);
  for (Fault fault : yaml_faults.sorted()) {
    fault.mark.origin = origin;
    faults.add(std::move(fault));
  }
  if (!value) return std::nullopt;
  set_origin(*value, origin);
  return Override{path, std::move(*value)};
}

std::string to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::scalar: {
      const bool word = node.text == "true" || node.text == "false" || node.text == "null";
      const bool bare = !node.quoted && !node.from_environment;
      if (bare && (word || base::plain_decimal(node.text))) return node.text;
      return json_text(node.text);
    }
    case Node::Kind::sequence: {
      std::string list;
      for (const Node& item : node.items) list += (list.empty() ? "" : ",") + to_json(item);
      return '[' + list + ']';
    }
    case Node::Kind::mapping: {
      std::string map;
      for (const Entry& entry : node.entries)
        map += (map.empty() ? "" : ",") + json_text(entry.key) + ':' + to_json(entry.value);
      return '{' + map + '}';
    }
  }
  return "null";
}

}  // namespace config
