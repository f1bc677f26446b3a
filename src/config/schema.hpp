// JSON Schema (draft 2020-12) of what a descriptor table reads, for editors that complete and check YAML
// files. It sees keys, types and bounds; what depends on several keys (a paginator's type, the columns of a
// key) only `pulse validate` sees. Pure.
//
//   std::string text = json_schema(collector_table().keys(), "A collector of pulse");
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace config {

struct KeyInfo;
struct TypeInfo;

// The whole document, indented, with a line break at its end.
std::string json_schema(const std::vector<KeyInfo>& keys, std::string_view title);

// The parts of which TypeInfo::schema is made.
std::string schema_of(const TypeInfo& type);                  // a type that says nothing takes anything
std::string object_schema(const std::vector<KeyInfo>& keys);  // a map with these keys and no others
std::string or_variable(const std::string& schema);           // such a scalar, or a text that holds ${NAME}
std::string pattern_schema(std::string_view pattern);         // such a text, or one that holds ${NAME}
std::string choice_schema(const std::vector<std::string_view>& choices);

// Any single value.
inline constexpr const char* scalar_schema = R"({"type": ["string", "number", "boolean"]})";

}  // namespace config
