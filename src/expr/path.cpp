#include "expr/path.hpp"

#include <charconv>

namespace expr {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

tl::expected<Path, PathFault> Path::parse(std::string_view text) {
  Path path;
  path.text_ = text;
  std::size_t at = 0;
  const auto fault = [&](const char* message) { return tl::unexpected(PathFault{at, message}); };
  if (text.empty()) return fault("it is empty");
  while (at < text.size()) {
    if (text[at] == '[') {
      const std::size_t close = text.find(']', at);
      Step step;
      step.is_index = true;
      const char* const last = text.data() + (close == std::string_view::npos ? text.size() : close);
      const auto [end, error] = std::from_chars(text.data() + at + 1, last, step.index);
      if (close == std::string_view::npos || error != std::errc{} || end != last)
        return fault("between [ and ] stands a whole number");
      at = close + 1;
      path.steps_.push_back(std::move(step));
      continue;
    }
    if (!path.steps_.empty()) {
      if (text[at] != '.') return fault("here a dot or the end is expected");
      ++at;
    }
    Step step;
    if (at < text.size() && text[at] == '"') {
      const std::size_t close = text.find('"', at + 1);
      if (close == std::string_view::npos) return fault("the quote is not closed");
      step.name = text.substr(at + 1, close - at - 1);
      if (step.name.find('\\') != std::string::npos)
        return fault("escapes in quoted names are not supported");
      at = close + 1;
    } else {
      const std::size_t begin = at;
      if (at == text.size() || !is_letter(text[at])) return fault("here a name is expected");
      while (at < text.size() && (is_letter(text[at]) || is_digit(text[at]))) ++at;
      step.name = text.substr(begin, at - begin);
    }
    path.steps_.push_back(std::move(step));
  }
  return path;
}

decode::Value Path::evaluate(const decode::Value& value) const {
  decode::Value current = value;
  for (const Step& step : steps_) {
    if (!step.is_index) {
      const decode::Value* member =
          current.kind() == decode::Kind::object ? current.find(step.name) : nullptr;
      if (member == nullptr) return {};
      current = *member;
    } else {
      if (current.kind() != decode::Kind::array) return {};
      const auto items = current.items();
      const std::int64_t index =
          step.index < 0 ? static_cast<std::int64_t>(items.size()) + step.index : step.index;
      if (index < 0 || index >= static_cast<std::int64_t>(items.size())) return {};
      current = items[static_cast<std::size_t>(index)];
    }
  }
  return current;
}

}  // namespace expr
