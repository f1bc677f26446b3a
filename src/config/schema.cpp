#include "config/schema.hpp"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "config/descriptor.hpp"
#include "decode/json.hpp"

namespace config {
namespace {

std::string json_text(std::string_view text) { return decode::to_json(decode::Value::string(text)); }

std::string described(const KeyInfo& key) {
  std::string text = json_text(key.inert ? key.meaning + " No effect yet." : key.meaning);
  std::string result = fmt::format(R"({{"description": {})", text);
  if (!key.default_text.empty())
    result += fmt::format(R"(, "default": {})", to_json(default_node(key.default_text)));
  const std::string schema = schema_of(key.type);
  const std::string_view members = std::string_view(schema).substr(1);
  return result + (members == "}" ? "}" : fmt::format(", {}", members));
}

}  // namespace

std::string schema_of(const TypeInfo& type) {
  if (!type.schema.empty()) return type.schema;
  return type.keys && type.each.empty() ? object_schema(*type.keys) : "{}";
}

std::string object_schema(const std::vector<KeyInfo>& keys) {
  std::string properties, required;
  for (const KeyInfo& key : keys) {
    properties +=
        fmt::format("{}{}: {}", properties.empty() ? "" : ", ", json_text(key.name), described(key));
    if (key.required) required += (required.empty() ? "" : ", ") + json_text(key.name);
  }
  return fmt::format(R"({{"type": "object", "properties": {{{}}}{}, "additionalProperties": false}})",
                     properties, required.empty() ? "" : fmt::format(R"(, "required": [{}])", required));
}

std::string or_variable(const std::string& schema) {
  return fmt::format(R"({{"anyOf": [{}, {{"$ref": "#/$defs/variable"}}]}})", schema);
}

std::string pattern_schema(std::string_view pattern) {
  return or_variable(fmt::format(R"({{"type": "string", "pattern": {}}})", json_text(pattern)));
}

// `false` and `true` without quotes are no texts in YAML.
std::string choice_schema(const std::vector<std::string_view>& choices) {
  std::string list;
  for (const std::string_view choice : choices) {
    list += (list.empty() ? "" : ", ") + json_text(choice);
    if (choice == "true" || choice == "false") list += fmt::format(", {}", choice);
  }
  return or_variable(fmt::format(R"({{"enum": [{}]}})", list));
}

std::string json_schema(const std::vector<KeyInfo>& keys, std::string_view title) {
  const std::string text = fmt::format(
      R"({{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": {}, {}, "$defs": {{"variable": )"
      R"({{"description": "Holds ${{NAME}}, which is replaced from the environment.", "type": "string", )"
      R"("pattern": "\\$\\{{[A-Za-z_][A-Za-z0-9_]*\\}}"}}}}}})",
      json_text(title), [&] {
        std::string object = object_schema(keys);
        return object.substr(1, object.size() - 2);
      }());
  return nlohmann::ordered_json::parse(text).dump(2) + '\n';
}

}  // namespace config
