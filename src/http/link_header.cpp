#include "http/link_header.hpp"

#include <algorithm>
#include <utility>

#include "http/response_head.hpp"
#include "http/url.hpp"

namespace http {
namespace {

constexpr std::string_view blank = " \t\r\n";

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

struct Link {
  std::string_view target;
  std::optional<std::string> rel{}, anchor{};
};

// RFC 8288, appendix B.2 and B.3, on one header's value.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  // The next link; nullopt at the end. What is no link is skipped up to the next comma.
  std::optional<Link> next() {
    for (;;) {
      skip(" \t\r\n,");
      if (rest_.empty()) return std::nullopt;
      if (rest_.front() != '<') {
        skip_until(",");
        continue;
      }
      const std::size_t end = rest_.find('>');
      if (end == std::string_view::npos) return std::nullopt;
      Link link{.target = trimmed(rest_.substr(1, end - 1))};
      rest_.remove_prefix(end + 1);
      for (skip_until(";,"); take(';'); skip_until(";,")) parameter(link);
      return link;
    }
  }

 private:
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_until(std::string_view characters) {
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(characters));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  // Over junk; what it holds in quotes does not end it.
  void skip_until(std::string_view characters) {
    while (!rest_.empty() && characters.find(rest_.front()) == std::string_view::npos)
      if (take('"'))
        quoted();
      else
        rest_.remove_prefix(1);
  }

  // Behind the opening quote.
  std::string quoted() {
    std::string text;
    while (!rest_.empty() && !take('"')) {
      if (take('\\') && rest_.empty()) break;
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return text;
  }

  // Behind the ';'. Of a parameter given twice the first counts.
  void parameter(Link& link) {
    skip(blank);
    const std::string_view name = trimmed(take_until("=;,"));
    std::string value;
    if (take('=')) {
      skip(blank);
      value = take('"') ? quoted() : std::string(trimmed(take_until(";,")));
    }
    for (const auto& [known, place] : {std::pair{"rel", &link.rel}, {"anchor", &link.anchor}})
      if (same_word(name, known) && !*place) *place = value;
  }

  std::string_view rest_;
};

bool has_word(std::string_view words, std::string_view word) {
  while (!(words = trimmed(words)).empty()) {
    const std::string_view first = words.substr(0, words.find_first_of(blank));
    if (same_word(first, word)) return true;
    words.remove_prefix(first.size());
  }
  return false;
}

}  // namespace

std::optional<std::string> link_target(const Response& response, std::string_view rel) {
  const auto resolved = [&](std::string_view target) {
    return resolve_url(response.url.empty() ? target : response.url, target);
  };
  for (const Header& header : response.headers) {
    if (header.name != "link") continue;
    Parser parser(header.value);
    while (const std::optional<Link> link = parser.next()) {
      if (!link->rel || !has_word(*link->rel, rel) || link->target.empty()) continue;
      if (link->anchor && !link->anchor->empty()) {
        const auto context = resolved(*link->anchor), page = resolved(response.url);
        if (!context || !page || *context != *page) continue;
      }
      if (auto target = resolved(link->target)) return *target;
    }
  }
  return std::nullopt;
}

}  // namespace http
