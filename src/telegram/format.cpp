#include "telegram/format.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "telegram/html.hpp"

namespace telegram {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

// RFC 3629.
void append_utf8(char32_t code, std::string& text) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | (code >> 12));
    tail(6), tail(0);
  } else {
    text += static_cast<char>(0xf0 | (code >> 18));
    tail(12), tail(6), tail(0);
  }
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

}  // namespace

std::string escape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const html::Character next = html::character_at(text, at);
    const bool line_break = next.code == '\n' || next.code == '\r';
    if (!next.valid || (is_control(next.code) && !line_break))
      result += replacement;
    else if (next.code == '&')
      result += "&amp;";
    else if (next.code == '<')
      result += "&lt;";
    else if (next.code == '>')
      result += "&gt;";
    else
      result += text.substr(at, next.bytes);
    at += next.bytes;
  }
  return result;
}

std::string bold(std::string_view text) { return "<b>" + escape(text) + "</b>"; }
std::string italic(std::string_view text) { return "<i>" + escape(text) + "</i>"; }

std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (std::size_t at = 0; at < text.size();) {
    const html::Character next = html::character_at(text, at);
    units += next.units();
    at += next.bytes;
  }
  return units;
}

std::string shorten(std::string_view text, std::size_t units) {
  if (utf16_length(text) <= units) return std::string(text);
  if (units == 0) return {};
  std::size_t kept = 0, used = 0;
  html::Joiner joiner;
  for (std::size_t at = 0; at < text.size();) {
    const html::Character next = html::character_at(text, at);
    if (!joiner.joins(next.code)) kept = at;
    if (used + next.units() > units - 1) break;
    used += next.units();
    at += next.bytes;
  }
  return std::string(text.substr(0, kept)) + "…";
}

std::string plain(std::string_view html) {
  std::string text;
  for (const html::Token& token : html::tokens(html)) {
    if (!token.is_text()) continue;
    if (token.raw.size() > 1 && token.raw.front() == '&')
      append_utf8(token.code, text);
    else
      text += token.raw;
  }
  return text;
}

std::size_t visible_length(std::string_view html) {
  std::size_t units = 0;
  for (const html::Token& token : html::tokens(html)) units += token.units;
  return units;
}

// ---- pages

namespace {

using html::Token;
using Tokens = std::vector<Token>;

std::string_view name_of(std::string_view tag) {
  tag.remove_prefix(tag.starts_with("</") ? 2 : 1);
  return tag.substr(0,
                    tag.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"));
}

class Pages {
 public:
  Pages(Tokens tokens, std::size_t limit) : tokens_(std::move(tokens)), limit_(limit) {
    for (std::size_t i = 0; i < tokens_.size(); ++i)
      if (tokens_[i].is_text()) text_.push_back(i);
  }

  std::vector<std::string> split() {
    std::vector<std::string> pages;
    std::string blank;
    for (std::size_t from = 0, text = 0; from < tokens_.size();) {
      text = cut(text);
      const std::size_t to = end_of_page(text);
      auto [page, is_blank] = write(from, to);
      if (!is_blank)
        pages.push_back(std::move(page));
      else if (blank.empty())
        blank = std::move(page);
      from = to;
    }
    if (pages.empty()) pages.push_back(std::move(blank));
    return pages;
  }

 private:
  const Token& letter(std::size_t i) const { return tokens_[text_[i]]; }
  bool is_break(std::size_t i) const { return i < text_.size() && letter(i).code == '\n'; }

  // How good it is to cut before the i-th letter: 3 between sections, 2 between lines, 1 between characters.
  int quality(std::size_t i) const {
    const bool before = is_break(i - 1), after = is_break(i);
    if ((before && after) || (after && is_break(i + 1)) || (before && i > 1 && is_break(i - 2))) return 3;
    if (before || after) return 2;
    return letter(i).joined ? 0 : 1;
  }

  // The letter that the page after the one that begins with `from` begins with.
  std::size_t cut(std::size_t from) const {
    std::size_t units = 0, best[4] = {from, from, from, from}, i = from;
    bool blank = true;
    for (; i < text_.size(); ++i) {
      if (i > from) best[blank ? 0 : quality(i)] = i;
      if (units + letter(i).units > limit_) break;
      units += letter(i).units;
      blank = blank && letter(i).is_space();
    }
    if (i == text_.size()) return i;
    for (const int quality : {3, 2, 1})
      if (best[quality] > from) return best[quality];
    return std::max(best[0], from + 1);
  }

  // Tags that close what is open belong to the page that ends, those that open something to the next one.
  std::size_t end_of_page(std::size_t next_letter) const {
    if (next_letter == text_.size()) return tokens_.size();
    std::size_t end = next_letter == 0 ? 0 : text_[next_letter - 1] + 1;
    while (tokens_[end].kind == Token::Kind::close) ++end;
    return end;
  }

  std::pair<std::string, bool> write(std::size_t from, std::size_t to) {
    std::string page;
    bool blank = true;
    for (const std::string_view tag : open_) page += tag;
    for (std::size_t i = from; i < to; ++i) {
      const Token& token = tokens_[i];
      page += token.raw;
      if (token.kind == Token::Kind::open) open_.push_back(token.raw);
      if (token.kind == Token::Kind::close && !open_.empty() && name_of(open_.back()) == name_of(token.raw))
        open_.pop_back();
      if (token.is_text()) blank = blank && token.is_space();
    }
    for (auto tag = open_.rbegin(); tag != open_.rend(); ++tag)
      page.append("</").append(name_of(*tag)).append(">");
    return {std::move(page), blank};
  }

  const Tokens tokens_;
  const std::size_t limit_;
  std::vector<std::size_t> text_;  // the tokens that are letters
  std::vector<std::string_view> open_;
};

}  // namespace

std::vector<std::string> split_pages(std::string_view html, std::size_t limit) {
  return Pages(html::tokens(html), std::max<std::size_t>(limit, 2)).split();
}

}  // namespace telegram
