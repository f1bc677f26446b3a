// For tests of decoders: the outcome as one text. Only in *_test.cpp.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/result.hpp"
#include "decode/value.hpp"

namespace decode {

inline void collect_reasons(const Value& value, std::vector<std::string>& reasons) {
  if (value.kind() == Kind::spoiled) reasons.emplace_back(value.text());
  for (const Value& item : value.items()) collect_reasons(item, reasons);
  for (const Member& member : value.members()) collect_reasons(member.value, reasons);
}

// JSON; a spoiled value is "\ufffd".
inline std::string json_of(const base::Result<Document>& document) {
  return document ? to_json(document->root) : "error: " + document.error().message;
}

// Why values are spoiled, in order. Checks that they are counted.
inline std::vector<std::string> reasons_of(const base::Result<Document>& document) {
  std::vector<std::string> reasons;
  if (!document) return {"error: " + document.error().message};
  collect_reasons(document->root, reasons);
  EXPECT_EQ(reasons.empty(), document->spoiled == 0);
  return reasons;
}

inline std::string error_of(const base::Result<Document>& document,
                            base::Code code = base::Code::invalid_data) {
  if (document) return "accepted: " + to_json(document->root);
  EXPECT_EQ(document.error().code, code);
  return document.error().message;
}

}  // namespace decode
