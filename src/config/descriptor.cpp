#include "config/descriptor.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "base/check.hpp"
#include "base/text.hpp"

namespace config {
namespace {

std::string escape_cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

void write_rows(const std::vector<KeyInfo>& keys, const std::string& prefix, std::string& out) {
  for (const KeyInfo& key : keys) {
    const std::string path = prefix + key.name;
    const std::string fallback = key.required               ? "required"
                                 : key.default_text.empty() ? "–"
                                                            : fmt::format("`{}`", key.default_text);
    out += fmt::format("| `{}` | {} | {} | {} |\n", path, escape_cell(key.type.name), escape_cell(fallback),
                       escape_cell(key.meaning) + (key.inert ? " **No effect yet.**" : ""));
    if (key.type.keys) write_rows(*key.type.keys, path + key.type.each + ".", out);
  }
}

}  // namespace

void Context::fault(const Mark& mark, std::string message, std::string remedy) {
  faults_.add({file_, mark, path_, std::move(message), std::move(remedy)});
}

void Context::warn(const Mark& mark, std::string message) {
  warnings_.add({file_, mark, path_, std::move(message), {}});
}

void Context::fault_at(const Mark& mark, std::string_view key, std::string message, std::string remedy) {
  below(key, [&] {
    fault(mark, std::move(message), std::move(remedy));
    return 0;
  });
}

std::string unknown_key_remedy(std::string_view key, const std::vector<KeyInfo>& keys) {
  std::vector<std::string_view> names;
  for (const KeyInfo& info : keys) names.push_back(info.name);
  if (const std::string_view close = base::nearest(key, names); !close.empty())
    return fmt::format("did you mean \"{}\"?", close);
  return fmt::format("allowed: {}", fmt::join(names, ", "));
}

bool check_mapping(const Node& node, Context& context) {
  if (node.kind == Node::Kind::mapping) return true;
  if (node.kind == Node::Kind::null && context.path().empty())
    context.fault(node.mark, "the file is empty", "write key: value lines");
  else
    context.fault(node.mark, "is not a map of keys", "write key: value lines, indented");
  return false;
}

// Parsed once in the program's life: a file leaves most keys out, and there may be ten thousand files.
Node default_node(const std::string& text) {
  static std::mutex mutex;
  static std::map<std::string, Node, std::less<>> known;
  const std::lock_guard lock(mutex);
  auto found = known.find(text);
  if (found == known.end()) {
    Faults faults;
    auto node = parse_yaml(text, "default", faults);
    CHECK(node && faults.empty(), "a default in a descriptor table must be YAML");
    found = known.emplace(text, std::move(*node)).first;
  }
  return found->second;
}

std::string write_reference(const std::vector<KeyInfo>& keys) {
  std::string out = "| key | type | default | meaning |\n|---|---|---|---|\n";
  write_rows(keys, "", out);
  return out;
}

}  // namespace config
