// A YAML document as a tree with positions, and what happens to it before anything is read from it: ${NAME}
// is replaced, overrides are applied. Duplicate keys, several documents, unknown tags and cyclic or exploding
// aliases are faults.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.hpp"

namespace config {

struct Entry;

struct Node {
  enum class Kind { null, scalar, sequence, mapping };
  Node();  // null
  Node(Kind kind, Mark mark, std::string text = {});

  Kind kind = Kind::null;
  std::string text;               // of a scalar
  bool quoted = false;            // "true" is text, true is a boolean
  bool expanded = false;          // ${NAME} was replaced already; a value that holds "${" is never read again
  bool from_environment = false;  // the text holds a ${NAME}: never shown in a fault
  std::string missing;            // the ${NAME} that is not set
  Mark mark;
  std::vector<Node> items;     // of a sequence
  std::vector<Entry> entries;  // of a mapping, in the order written

  const Node* find(std::string_view key) const;
  // The node at requester.timeout or fields[0].path, or its nearest ancestor that exists: where a fault about
  // it belongs.
  const Node& nearest(std::string_view path) const;
};

struct Entry {
  std::string key;
  Mark mark{};
  Node value;
};

inline constexpr std::size_t max_file_size = 1 << 20;
inline constexpr std::size_t max_nodes = 20'000;  // keys and values, those that aliases repeat included
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // some editors write it: skipped

// `file` is the name used in faults. nullopt if the text is no YAML at all; an empty document is a null node.
std::optional<Node> parse_yaml(std::string_view text, const std::string& file, Faults& faults);

// The value of an environment variable, or nullopt.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// ${NAME} in scalars, after parsing, so that a value can never change the structure; $$ is $. Unset names are
// left in Node::missing.
void expand_environment(Node& node, const Environment& environment, const std::string& file, Faults& faults);

// For values that come from elsewhere than the file they are judged in: `origin` replaces their positions.
void set_origin(Node& node, const std::string& origin);

bool has_missing(const Node& node);  // here or anywhere below

// As JSON: what stands in quotes is a text, and so is what is no JSON (0042, NO, 2024-01-01).
std::string to_json(const Node& node);

// Sets a value by its path, creating maps on the way: requester.timeout, fields.title.path, list[0].
void set_path(Node& root, std::string_view path, Node value, const std::string& file, Faults& faults);

// "path.to.key[0]=<YAML>", as --set takes it. Nothing on a fault.
struct Override {
  std::string path;
  Node value;
};
std::optional<Override> parse_override(std::string_view text, Faults& faults);

}  // namespace config
