// For tests of types and tables: one value from a YAML text, and its faults. ${SET} is replaced by "hunter2".
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "config/types.hpp"

namespace config {

template <class V>
std::optional<V> read_value(const Type<V>& type, const std::string& text, std::string& faults_text) {
  Faults faults;
  auto node = parse_yaml(text, "f.yaml", faults);
  std::optional<V> value;
  if (node) {
    expand_environment(
        *node,
        [](std::string_view name) {
          return name == "SET" ? std::optional<std::string>("hunter2") : std::nullopt;
        },
        "f.yaml", faults);
    Context context("f.yaml", faults);
    value = type.read(*node, context);
  }
  faults_text = faults.text();
  return value;
}

template <class V>
std::string faults_of(const Type<V>& type, const std::string& text) {
  std::string faults;
  const bool accepted = read_value(type, text, faults).has_value();
  if (accepted && faults.empty()) return "";
  EXPECT_FALSE(faults.empty()) << text;
  return faults;
}

template <class V>
V good(const Type<V>& type, const std::string& text) {
  std::string faults;
  auto value = read_value(type, text, faults);
  EXPECT_TRUE(value && faults.empty()) << text << "\n" << faults;
  return value ? std::move(*value) : V{};
}

}  // namespace config
