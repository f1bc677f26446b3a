#include "expr/regex.hpp"

#include <re2/re2.h>

#include <vector>

namespace expr {

struct Regex::Engine {
  Engine(re2::StringPiece text, const re2::RE2::Options& options) : pattern(text, options) {}
  re2::RE2 pattern;
};

Regex::Regex(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex::~Regex() = default;

tl::expected<Regex, std::string> Regex::compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto engine = std::make_unique<Engine>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!engine->pattern.ok()) return tl::unexpected(engine->pattern.error());
  return Regex(std::move(engine));
}

int Regex::groups() const { return engine_->pattern.NumberOfCapturingGroups(); }

bool Regex::matches_whole(std::string_view text) const {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), engine_->pattern);
}

std::optional<std::string_view> Regex::extract(std::string_view text, int group) const {
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(group) + 1);
  const re2::StringPiece piece(text.data(), text.size());
  if (!engine_->pattern.Match(piece, 0, text.size(), re2::RE2::UNANCHORED, found.data(), group + 1) ||
      found.back().data() == nullptr)
    return std::nullopt;
  return std::string_view(found.back().data(), found.back().size());
}

}  // namespace expr
