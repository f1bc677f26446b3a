// The types of configuration values: each reads one node, says what is allowed, and never echoes what came
// from the environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "config/descriptor.hpp"
#include "config/schema.hpp"
#include "expr/jmespath.hpp"
#include "expr/template.hpp"

namespace config {

Type<std::string> text();        // any scalar
Type<std::string> name();        // [a-z0-9][a-z0-9-]{0,62}
Type<std::string> identifier();  // of a table or column: 1–63 characters, no control characters
Type<std::string> url();         // absolute http or https URL
Type<base::Secret> secret();
Type<bool> boolean();
Type<std::int64_t> integer(std::int64_t low, std::int64_t high);
Type<base::Duration> duration(base::Duration low, base::Duration high);
Type<std::uint64_t> size(std::uint64_t low, std::uint64_t high);
Type<expr::Expression> expression();
Type<std::string> regular_expression();  // in the syntax of RE2

// max_bad_rows and the like: "1%" of all, or a number of rows.
struct Share {
  double percent = 0;
  std::int64_t count = 0;
  bool is_percent = false;
  bool exceeded(std::int64_t bad, std::int64_t all) const;
};
Type<Share> share();

// The position of a byte of a scalar's text.
Mark inside(const Node& node, std::size_t column);
// The text of a scalar, or nullopt with a fault: unset variables, lists and maps are refused here for all
// types.
std::optional<std::string> scalar(const Node& node, Context& context, const std::string& allowed);
// `"text"` for a message, or its replacement when the text came from the environment.
std::string shown(const Node& node);

template <class E>
Type<E> one_of(std::vector<std::pair<std::string, E>> choices) {
  std::string list;
  for (const auto& choice : choices) list += (list.empty() ? "" : " | ") + choice.first;
  std::string allowed = "allowed: ";
  std::vector<std::string_view> names;
  for (const auto& choice : choices) {
    allowed += (names.empty() ? "" : ", ") + choice.first;
    names.push_back(choice.first);
  }
  return {{list, allowed, nullptr, {}, choice_schema(names)},
          [choices, allowed](const Node& node, Context& context) -> std::optional<E> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            for (const auto& choice : choices)
              if (choice.first == *text) return choice.second;
            context.fault(node.mark, shown(node) + " is none of the values", allowed);
            return std::nullopt;
          }};
}

template <class V>
Type<std::vector<V>> list_of(Type<V> type) {
  const std::string allowed = "write [a, b] or one \"- item\" a line";
  TypeInfo info{"list of " + type.info.name, allowed, type.info.keys, "[]",
                R"({"type": "array", "items": )" + schema_of(type.info) + '}'};
  return {info, [type, allowed](const Node& node, Context& context) -> std::optional<std::vector<V>> {
            if (node.kind != Node::Kind::sequence) {
              context.fault(node.mark, "is not a list", allowed);
              return std::nullopt;
            }
            std::vector<V> values;
            for (std::size_t i = 0; i < node.items.size(); ++i)
              context.below("[" + std::to_string(i) + "]", [&] {
                if (auto value = type.read(node.items[i], context)) values.push_back(std::move(*value));
                return 0;
              });
            return values.size() == node.items.size() ? std::optional(std::move(values)) : std::nullopt;
          }};
}

// A map with free keys, in the order written. `each` names one key in the reference: "<column>".
template <class V>
Type<std::vector<std::pair<std::string, V>>> map_of(Type<V> type, const std::string& each) {
  using Map = std::vector<std::pair<std::string, V>>;
  const std::string allowed = "write one \"" + each + ": value\" a line";
  TypeInfo info{"map " + each + " → " + type.info.name, allowed, type.info.keys, "." + each,
                R"({"type": "object", "additionalProperties": )" + schema_of(type.info) + '}'};
  return {info, [type, allowed](const Node& node, Context& context) -> std::optional<Map> {
            if (node.kind != Node::Kind::mapping) {
              context.fault(node.mark, "is not a map", allowed);
              return std::nullopt;
            }
            Map map;
            for (const Entry& entry : node.entries)
              context.below(entry.key, [&] {
                if (entry.value.kind == Node::Kind::null)
                  context.fault(entry.value.mark, "has no value", type.info.allowed);
                else if (auto value = type.read(entry.value, context))
                  map.emplace_back(entry.key, std::move(*value));
                return 0;
              });
            return map.size() == node.entries.size() ? std::optional(std::move(map)) : std::nullopt;
          }};
}

// What was written out, in which {{ … }} may stand, or what came from the environment, is taken as it is, and
// is a secret where it goes into a request.
struct Templated {
  std::optional<expr::Template> text;  // if it was written out
  base::Secret secret;                 // else
  bool is_secret() const { return !text; }
  const std::string& source() const { return text ? text->text() : secret.reveal(); }  // as it was written
};
Type<Templated> templated();
Type<Templated> templated_line();            // without line breaks
Type<std::vector<Templated>> one_or_many();  // a scalar, or a list of scalars

template <class T>
Type<T> nested(Table<T> table) {
  TypeInfo info{"map",
                "write its keys below, indented",
                std::make_shared<const std::vector<KeyInfo>>(table.keys()),
                {},
                object_schema(table.keys())};
  auto shared = std::make_shared<const Table<T>>(std::move(table));
  return {info, [shared](const Node& node, Context& context) { return shared->read(node, context); }};
}

// Reads V, and keeps it as an optional member.
template <class V>
Type<std::optional<V>> maybe(Type<V> type) {
  return {type.info, [type](const Node& node, Context& context) -> std::optional<std::optional<V>> {
            if (auto value = type.read(node, context)) return std::optional<V>(std::move(*value));
            return std::nullopt;
          }};
}

}  // namespace config
