#include "config/collector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/fingerprint.hpp"
#include "config/tables.hpp"

namespace config {
namespace {

const Table<Collector>& table() {
  static const Table<Collector> instance = collector_table();
  return instance;
}

// Of an address, the parts in which credentials stand: what is before '@', and what is behind '?'.
Node secret_parts(const Node& url) {
  const std::string& text = url.text;
  const std::size_t scheme = text.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", begin), text.size());
  const std::size_t at = text.substr(begin, end - begin).rfind('@');
  Node parts = url;
  parts.text = at == std::string::npos ? "" : text.substr(begin, at);
  parts.text += text.substr(std::min(text.find('?', begin), text.size()));
  return parts;
}

// The collector's own requester, and those of its routers' parents.
void collect_requesters(Node& node, std::vector<Node*>& list) {
  for (Entry& entry : node.entries) {
    if (entry.key == "requester") list.push_back(&entry.value);
    if (entry.key == "partition_router" || entry.key == "parent") collect_requesters(entry.value, list);
    if (entry.key == "of")
      for (Node& part : entry.value.items) collect_requesters(part, list);
  }
}

// What a file takes from the environment.
struct Borrowed {
  std::set<std::string> names;
  std::map<std::string, std::string> values;  // but for what stands in authenticators alone
  std::vector<base::Secret> secrets;
};

// What a request takes from the environment is a secret wherever it stands, but for the address of the API,
// which people must be able to read.
void expand_requester(Node& requester, const Environment& credentials, const Environment& remembering,
                      const std::string& file, Faults& faults) {
  for (Entry& entry : requester.entries) {
    if (entry.key == "authenticator") {
      expand_environment(entry.value, credentials, file, faults);
    } else if (entry.key != "url_base") {
      expand_environment(entry.value, remembering, file, faults);
    } else {
      Faults ignored;  // found again when the address itself is expanded
      Node parts = secret_parts(entry.value);
      expand_environment(parts, remembering, file, ignored);
    }
  }
}

// Credentials that are optional and not set: the collector runs without them.
void drop_optional_authenticator(Node& requester) {
  const Node* authenticator = requester.find("authenticator");
  if (authenticator == nullptr || !has_missing(*authenticator)) return;
  const Node* is_optional = authenticator->find("optional");
  if (is_optional == nullptr || is_optional->text != "true") return;
  std::erase_if(requester.entries, [](const Entry& entry) { return entry.key == "authenticator"; });
}

// Replaces ${NAME} everywhere. A new key is no new definition: what was left open goes on with it, and a
// fingerprint need not tell anything about it.
Borrowed expand(Node& node, const Environment& environment, const std::string& file, Faults& faults) {
  Borrowed borrowed;
  const Environment noting = [&](std::string_view name) {
    borrowed.names.emplace(name);
    auto value = environment(name);
    if (value) borrowed.values.emplace(name, *value);
    return value;
  };
  const Environment credentials = [&](std::string_view name) {
    borrowed.names.emplace(name);
    auto value = environment(name);
    if (value) borrowed.secrets.emplace_back(*value);
    return value;
  };
  const Environment remembering = [&](std::string_view name) {
    noting(name);
    return credentials(name);
  };
  std::vector<Node*> requesters;
  collect_requesters(node, requesters);
  for (Node* requester : requesters) expand_requester(*requester, credentials, remembering, file, faults);
  expand_environment(node, noting, file, faults);
  for (Node* requester : requesters) drop_optional_authenticator(*requester);
  return borrowed;
}

// All of it, one spelling a value.
void append_text(const Node& node, std::string& text) {
  text += node.quoted ? '"' + node.text + '"' : node.text;
  if (!node.items.empty()) text += '[';
  for (const Node& item : node.items) {
    append_text(item, text);
    text += ',';
  }
  if (!node.entries.empty()) text += '{';
  for (const Entry& entry : node.entries) {
    text += entry.key + ':';
    append_text(entry.value, text);
    text += ',';
  }
}

}  // namespace

std::string_view to_string(HttpMethod method) {
  switch (method) {
    case HttpMethod::get: return "GET";
    case HttpMethod::post: return "POST";
    case HttpMethod::put: return "PUT";
  }
  return "GET";
}

std::optional<CollectorSource> parse_collector(std::string text, const std::string& file, Faults& faults) {
  auto node = parse_yaml(text, file, faults);
  if (!node) return std::nullopt;
  const Node* name = node->find("name");
  std::string found =
      name != nullptr && !name->text.empty() ? name->text : std::filesystem::path(file).stem().string();
  return CollectorSource{file, std::move(found), std::move(*node), std::move(text)};
}

std::optional<Collector> read_collector(CollectorSource source, const std::vector<Override>& overrides,
                                        const Environment& environment, Faults& faults,
                                        const std::vector<std::string>& databases) {
  const std::size_t before = faults.size();
  std::string definition = source.text;
  for (const Override& override : overrides) {
    set_path(source.node, override.path, override.value, source.file, faults);
    definition += '\n' + override.path + '=';
    append_text(override.value, definition);
  }
  Borrowed borrowed = expand(source.node, environment, source.file, faults);
  for (const auto& [variable, value] : borrowed.values)
    definition += fmt::format("\n{}={}:{}", variable, value.size(), value);
  Context context(source.file, faults);
  context.scope() = scope_of(source.node);
  context.databases() = databases;
  auto collector = table().read(source.node, context);
  if (!collector || faults.size() != before) return std::nullopt;
  collector->file = source.file;
  collector->variables.assign(borrowed.names.begin(), borrowed.names.end());
  collector->warnings = context.warnings();
  if (collector->incremental_sync)
    collector->incremental_sync->mark = source.node.find("incremental_sync")->mark;
  if (source.node.find("allow_empty") == nullptr && collector->incremental_sync)
    collector->allow_empty.within = std::chrono::days{7};  // a quiet night is normal (CO7)
  collector->definition = base::fingerprint(definition);
  collector->secrets = std::move(borrowed.secrets);
  for (Field& field : collector->fields) {
    const auto& key = collector->destination.primary_key;
    field.is_key = std::find(key.begin(), key.end(), field.column) != key.end();
  }
  return collector;
}

std::string collector_reference() { return write_reference(table().keys()); }
std::string collector_schema() { return json_schema(table().keys(), "A collector of pulse"); }

}  // namespace config
