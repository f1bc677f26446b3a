// One table describes a map of the configuration: it reads it, finds its faults, and documents it. A row
// added here is at once accepted, validated, offered in "did you mean", and printed by write_reference().
//
//   Table<Backoff> backoff() {
//     Table<Backoff> table;
//     table.key("base", &Backoff::base, duration(1s, 1h), defaults("2s"), "The first delay.");
//     table.key("cap", &Backoff::cap, duration(1s, 24h), defaults("32s"), "No delay is longer.");
//     return table;
//   }
//
// Types (types.hpp) read one node into one value. Everything here is immutable after construction and may be
// shared by threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.hpp"
#include "config/node.hpp"
#include "expr/template.hpp"

namespace config {

// Where a reader is and where its faults go.
class Context {
 public:
  Context(std::string file, Faults& faults) : file_(std::move(file)), faults_(faults) {}
  void fault(const Mark& mark, std::string message, std::string remedy = {});  // about the current key
  void warn(const Mark& mark, std::string message);
  void fault_at(const Mark& mark, std::string_view key, std::string message, std::string remedy = {});
  // Reads something below the key `name`, so that faults name requester.timeout.
  template <class Reader>
  auto below(std::string_view name, Reader reader) {
    const std::size_t length = path_.size();
    if (!path_.empty() && !name.starts_with('[')) path_ += '.';
    path_ += name;
    auto result = reader();
    path_.resize(length);
    return result;
  }
  const std::string& path() const { return path_; }
  const std::string& file() const { return file_; }
  Faults& faults() { return faults_; }
  Faults& warnings() { return warnings_; }
  // The names that templates may use here.
  expr::TemplateScope& scope() { return scope_; }
  // The names that a destination's database may have here.
  std::vector<std::string>& databases() { return databases_; }
  // How people know the settings of this program.
  std::string& settings_name() { return settings_name_; }

 private:
  std::string file_;
  Faults& faults_;
  Faults warnings_;
  expr::TemplateScope scope_;
  std::vector<std::string> databases_{"store"};
  std::string settings_name_ = "pulse.yaml";
  std::string path_;
};

struct KeyInfo;

struct TypeInfo {
  std::string name;                                  // duration
  std::string allowed;                               // write 30s, 15m, 1h …
  std::shared_ptr<const std::vector<KeyInfo>> keys;  // of a map with a table of its own
  std::string each;      // for a map or list of such maps: how one of them is called in a path, "<column>"
  std::string schema{};  // JSON Schema of a value: see schema.hpp
};

struct KeyInfo {
  std::string name;
  TypeInfo type;
  bool required = false;
  std::string default_text;
  std::string meaning;
  bool inert = false;
};

template <class V>
struct Type {
  TypeInfo info;
  // nullopt: a fault was added. Never called for a null node unless the type says so.
  std::function<std::optional<V>(const Node&, Context&)> read;
};

struct Presence {
  bool required = false;
  std::string default_text{};
  bool inert = false;  // understood and judged, but nothing follows from it yet
};
inline Presence required() { return {true}; }
inline Presence optional() { return {}; }
inline Presence defaults(std::string text) { return {false, std::move(text)}; }
inline Presence inert(const Presence& presence) { return {presence.required, presence.default_text, true}; }

std::string unknown_key_remedy(std::string_view key, const std::vector<KeyInfo>& keys);
bool check_mapping(const Node& node, Context& context);
Node default_node(const std::string& text);

template <class T>
class Table {
 public:
  template <class Member, class V>
  Table& key(std::string name, Member T::*member, Type<V> type, const Presence& presence,
             std::string meaning) {
    return key_to(
        std::move(name), [member](T& into, V&& value) { into.*member = std::move(value); }, std::move(type),
        presence, std::move(meaning));
  }

  // For a value that fills several members.
  template <class Set, class V>
  Table& key_to(std::string name, Set set, Type<V> type, const Presence& presence, std::string meaning) {
    keys_.push_back(
        {name, type.info, presence.required, presence.default_text, std::move(meaning), presence.inert});
    readers_.push_back([set, type, presence](const Node* node, T& into, Context& context) {
      const Node fallback = node == nullptr ? default_node(presence.default_text) : Node{};
      if (auto value = type.read(node == nullptr ? fallback : *node, context)) set(into, std::move(*value));
    });
    return *this;
  }

  // A rule over several keys; gets the map's node for positions.
  Table& rule(std::function<void(const T&, const Node&, Context&)> rule) {
    rules_.push_back(std::move(rule));
    return *this;
  }

  std::optional<T> read(const Node& node, Context& context) const {
    const std::size_t before = context.faults().size();
    if (!check_mapping(node, context)) return std::nullopt;
    T value{};
    for (const Entry& entry : node.entries)
      if (index_of(entry.key) == keys_.size())
        context.below(entry.key, [&] {
          context.fault(entry.mark, "unknown key", unknown_key_remedy(entry.key, keys_));
          return 0;
        });
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const Node* found = node.find(keys_[i].name);
      context.below(keys_[i].name, [&] {
        if (found != nullptr && keys_[i].inert) context.warn(found->mark, "has no effect yet");
        if (found != nullptr && found->kind == Node::Kind::null)
          context.fault(found->mark, "has no value", keys_[i].type.allowed);
        else if (found != nullptr || !keys_[i].default_text.empty())
          readers_[i](found, value, context);
        else if (keys_[i].required)
          context.fault(node.mark, "is missing", keys_[i].type.allowed);
        return 0;
      });
    }
    if (context.faults().size() == before)
      for (const auto& rule : rules_) rule(value, node, context);
    return context.faults().size() == before ? std::optional(std::move(value)) : std::nullopt;
  }

  const std::vector<KeyInfo>& keys() const { return keys_; }

 private:
  std::size_t index_of(std::string_view name) const {
    std::size_t i = 0;
    while (i < keys_.size() && keys_[i].name != name) ++i;
    return i;
  }

  std::vector<KeyInfo> keys_;
  std::vector<std::function<void(const Node*, T&, Context&)>> readers_;
  std::vector<std::function<void(const T&, const Node&, Context&)>> rules_;
};

// The reference as a Markdown table, one row a key, nested keys as dotted paths.
std::string write_reference(const std::vector<KeyInfo>& keys);

}  // namespace config
