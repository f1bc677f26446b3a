#include "decode/resolve.hpp"

#include <algorithm>

namespace decode {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_scheme_char(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

// "https:" or "".
std::string_view scheme(std::string_view url) {
  if (url.empty() || !is_letter(url[0])) return {};
  std::size_t end = 1;
  while (end < url.size() && is_scheme_char(url[end])) ++end;
  return end < url.size() && url[end] == ':' ? url.substr(0, end + 1) : std::string_view();
}

// "/a/./b/../c" → "/a/c"
std::string without_dots(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const std::size_t end = path.find('/', 1);
    const std::string_view segment = path.substr(0, end);
    const bool last = end == std::string_view::npos;
    path = last ? std::string_view() : path.substr(end);
    if (segment == "/..") {
      const std::size_t parent = result.rfind('/');
      result.resize(parent == std::string::npos ? 0 : parent);
    } else if (segment != "/.") {
      result += segment;
      continue;
    }
    if (last) result += '/';
  }
  return result;
}

}  // namespace

std::string resolve(std::string_view base, std::string_view link) {
  const std::string_view base_scheme = scheme(base);
  if (!scheme(link).empty() || base_scheme.empty()) return std::string(link);
  base = base.substr(0, base.find('#'));
  std::string_view rest = base.substr(base_scheme.size());
  if (!rest.starts_with("//")) return std::string(link);  // mailto: and such have no relatives
  const auto after = [&](std::string_view start, std::string_view end) {
    return std::string(base_scheme).append(start).append(end);
  };
  if (link.starts_with("//")) return after("", link);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?", 2));
  if (link.empty() || link[0] == '#') return std::string(base).append(link);
  const std::string_view base_path =
      rest.substr(authority.size(), rest.find('?', authority.size()) - authority.size());
  if (link[0] == '?') return after(authority, base_path).append(link);

  const std::size_t path_end = std::min(link.find_first_of("?#"), link.size());
  std::string path(link.substr(0, path_end));
  if (path[0] != '/') {
    const std::size_t folder = base_path.rfind('/');
    path.insert(0,
                folder == std::string_view::npos ? std::string_view("/") : base_path.substr(0, folder + 1));
  }
  return after(authority, without_dots(path)).append(link.substr(path_end));
}

}  // namespace decode
