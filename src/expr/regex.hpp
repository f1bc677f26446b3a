// Regular expressions in the syntax of RE2: time linear in the text, memory bounded, whatever the pattern
// and the text are (std::regex recurses on the text's length). Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace expr {

class Regex {
 public:
  static tl::expected<Regex, std::string> compile(std::string_view pattern);
  Regex(Regex&&) noexcept;
  ~Regex();

  int groups() const;
  bool matches_whole(std::string_view text) const;
  // What the group (0: all) holds in the first match; nullopt: no match, or the group took no part in it.
  std::optional<std::string_view> extract(std::string_view text, int group) const;

 private:
  struct Engine;
  explicit Regex(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace expr
