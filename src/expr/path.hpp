// A dotted path into a record: `id`, `cve.lastModified`, `links[0].href`, "name with spaces". Part of
// JMESPath's grammar (jmespath.org/specification.html: identifiers, quoted identifiers, sub-expressions,
// index expressions). What is not there is null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "decode/value.hpp"

namespace expr {

struct PathFault {
  std::size_t column = 0;  // in bytes from 0
  std::string message;
};

class Path {
 public:
  static tl::expected<Path, PathFault> parse(std::string_view text);
  decode::Value evaluate(const decode::Value& value) const;
  const std::string& text() const { return text_; }

 private:
  struct Step {
    std::string name;
    std::int64_t index = 0;  // of a list, from its end if negative
    bool is_index = false;
  };
  std::string text_;
  std::vector<Step> steps_;
};

}  // namespace expr
