#include "base/secret.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace base {
namespace {

// What is always the same in the base64 of a longer text that holds `plain` behind `before` bytes (mod 3), as
// in "user:password": the characters that depend on `plain` alone.
std::string base64_inside(std::string_view plain, std::size_t before) {
  const std::string encoded = base64(std::string(before, '\0').append(plain));
  const std::size_t first = (before * 8 + 5) / 6, last = (before + plain.size()) * 8 / 6;
  return encoded.substr(first, last - first);
}

// Percent-encoded as in a path, where many writers leave `/` alone.
std::string percent_encode_path(std::string_view plain) {
  std::string result;
  for (std::size_t done = 0; done <= plain.size();) {
    const std::size_t slash = std::min(plain.find('/', done), plain.size());
    result += percent_encode(plain.substr(done, slash - done));
    if (slash < plain.size()) result += '/';
    done = slash + 1;
  }
  return result;
}

// As JSON writers put it: `"` and `\` always behind a backslash, `/` only by some.
std::string json_escape(std::string_view plain, bool slashes) {
  std::string result;
  for (const char c : plain) {
    if (c == '"' || c == '\\' || (c == '/' && slashes)) result += '\\';
    result += c;
  }
  return result;
}

// "…toke…" → "…***…": shorten() may have cut a secret in two, and its beginning is no longer found as a
// whole.
void redact_before_ellipsis(std::string& text, const std::vector<std::string>& forms) {
  constexpr std::string_view ellipsis = "…";
  for (std::size_t at = 0; (at = text.find(ellipsis, at)) != std::string::npos; at += ellipsis.size()) {
    for (const std::string& form : forms) {
      std::size_t length = std::min(form.size() - 1, at);
      while (length >= Redactor::minimum_length && text.compare(at - length, length, form, 0, length) != 0)
        --length;
      if (length < Redactor::minimum_length) continue;
      text.replace(at - length, length, "***");
      at = at - length + 3;
    }
  }
}

}  // namespace

void Redactor::add(const Secret& secret) {
  const std::string& plain = secret.reveal();
  if (plain.size() < minimum_length) return;
  std::unique_lock lock(mutex_);
  for (std::string form : {plain, percent_encode(plain), percent_encode_path(plain), base64(plain),
                           base64_inside(plain, 0), base64_inside(plain, 1), base64_inside(plain, 2),
                           json_escape(plain, false), json_escape(plain, true)}) {
    if (form.size() < minimum_length) continue;
    if (std::find(forms_.begin(), forms_.end(), form) == forms_.end()) forms_.push_back(std::move(form));
  }
  std::stable_sort(forms_.begin(), forms_.end(), [](auto& a, auto& b) { return a.size() > b.size(); });
}

std::string Redactor::redact(std::string_view text) const {
  std::string result = redact_urls(text);
  std::shared_lock lock(mutex_);
  for (const std::string& form : forms_) {
    for (std::size_t at = 0; (at = result.find(form, at)) != std::string::npos; at += 3)
      result.replace(at, form.size(), "***");
  }
  redact_before_ellipsis(result, forms_);
  return result;
}

std::string redact_urls(std::string_view text) {
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string_view::npos;) {
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\r\n\"'<>", begin), text.size());
    // The last '@' before the path: passwords may hold a raw one.
    const std::size_t sign = text.substr(begin, end - begin).rfind('@');
    if (sign != std::string_view::npos) {
      result.append(text.substr(done, begin - done)).append("***");
      done = begin + sign;
    }
    at = end;
  }
  result.append(text.substr(done));
  return result;
}

}  // namespace base
