#include "store/sql_text.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace store {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

std::size_t end_of(std::string_view sql, std::string_view closing, std::size_t from) {
  const std::size_t found = sql.find(closing, from);
  return found == std::string_view::npos ? sql.size() : found + closing.size();
}

bool comment_starts(std::string_view sql, std::size_t at) {
  return sql.substr(at, 2) == "--" || sql.substr(at, 2) == "/*";
}

// The end of the comment, text or quoted name that starts here; `at` if none does. A doubled quote is the end
// of one and the start of the next, which comes to the same.
std::size_t skip_opaque(std::string_view sql, std::size_t at) {
  if (sql[at] == '\'' || sql[at] == '"') return end_of(sql, sql.substr(at, 1), at + 1);
  if (sql.substr(at, 2) == "--") return end_of(sql, "\n", at);
  if (sql.substr(at, 2) == "/*") return end_of(sql, "*/", at + 2);
  return at;
}

}  // namespace

std::string replace_words(std::string_view sql, std::span<const Word> words) {
  std::string result;
  for (std::size_t at = 0; at < sql.size();) {
    if (const std::size_t end = skip_opaque(sql, at); end != at) {
      result += sql.substr(at, end - at);
      at = end;
      continue;
    }
    const auto word =
        std::ranges::find_if(words, [&](const Word& w) { return sql.substr(at).starts_with(w.placeholder); });
    if (word == words.end()) {
      result += sql[at++];
    } else {
      result += word->text;
      at += word->placeholder.size();
    }
  }
  return result;
}

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements(1);
  for (std::size_t at = 0; at < sql.size();) {
    std::string& statement = statements.back();
    if (const std::size_t end = skip_opaque(sql, at); end != at) {
      if (comment_starts(sql, at))
        statement += '\n';
      else
        statement += sql.substr(at, end - at);
      at = end;
    } else if (sql[at] == ';') {
      statements.emplace_back();
      ++at;
    } else {
      statement += sql[at++];
    }
  }
  std::erase_if(statements, [](const std::string& text) { return std::ranges::all_of(text, is_space); });
  return statements;
}

std::string excerpt(std::string_view sql) {
  std::string folded;
  for (const char c : sql) {
    if (!is_space(c))
      folded += c;
    else if (!folded.empty() && folded.back() != ' ')
      folded += ' ';
    if (folded.size() > 120) break;
  }
  if (folded.ends_with(' ')) folded.pop_back();
  return base::shorten(folded, 120);
}

}  // namespace store
