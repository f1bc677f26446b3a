#include "http/budget_key.hpp"

#include <algorithm>

#include "http/url.hpp"

namespace http {
namespace {

constexpr std::size_t max_limits = 64;  // of a request

const std::string& name_of(const RateLimit& limit) {
  return limit.resource.empty() ? limit.match_path : limit.resource;
}

// A path rule knows best, the longest first; then the API; then a limit that names its resource and no path.
std::string resource_of(const Request& request, const std::string& path, const std::string& learned) {
  const RateLimit* longest = nullptr;
  const RateLimit* named = nullptr;
  for (const RateLimit& it : request.rate_limits) {
    if (it.match_path.empty()) {
      if (!named && !it.resource.empty()) named = &it;
    } else if (path.starts_with(it.match_path) &&
               (!longest || it.match_path.size() > longest->match_path.size())) {
      longest = &it;
    }
  }
  if (longest) return name_of(*longest);
  if (!learned.empty()) return learned;
  return named ? named->resource : std::string();
}

}  // namespace

std::string describe(const BudgetKey& key) {
  return key.resource.empty() ? key.host : key.host + " (" + key.resource + ")";
}

std::string path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t slash = url.find('/');
  return slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
}

std::string first_segment(std::string_view url) {
  const std::string path = path_of(url);
  return path.substr(0, path.find('/', 1));
}

std::vector<BudgetPart> budgets_of(const Request& request, const std::string& learned) {
  const std::string host = host_label(request.url), path = path_of(request.url);
  const std::string own = resource_of(request, path, learned);
  std::vector<BudgetPart> parts{{{host, request.credential, ""}}};
  if (!own.empty()) parts.push_back({{host, request.credential, own}});
  const auto part = [&](const std::string& resource) -> BudgetPart& {
    for (BudgetPart& it : parts)
      if (it.key.resource == resource) return it;
    return *parts.insert(parts.end() - 1, BudgetPart{.key = {host, request.credential, resource}});
  };
  for (std::size_t i = 0; i < std::min(request.rate_limits.size(), max_limits); ++i) {
    const RateLimit& it = request.rate_limits[i];
    if (it.calls < 1 || it.per <= base::Duration{0}) continue;
    const bool applies =
        it.match_path.empty() ? it.resource.empty() || it.resource == own : path.starts_with(it.match_path);
    if (applies) part(name_of(it)).windows.push_back({it.calls, it.per});
  }
  return parts;
}

}  // namespace http
