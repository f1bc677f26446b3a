#include "http/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"

namespace http {
namespace {

struct CurlFree {
  void operator()(char* text) const { curl_free(text); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Handle = std::unique_ptr<CURLU, CurlFree>;

// Nothing of a text that may hold a password, and never the query, where keys are found.
std::string shown(std::string_view url) {
  if (url.find('@') != std::string_view::npos) return "(not shown: it may hold a password)";
  return "\"" + base::shorten(base::escape_control(url.substr(0, url.find_first_of("?#"))), 100) + "\"";
}

base::Error bad_url(std::string_view url, std::string_view why) {
  return base::error(base::Code::invalid_config, "not a usable URL: {}: {}", shown(url), why);
}

// nullopt-like "" for a part the URL does not have.
base::Result<std::string> part(CURLU* handle, CURLUPart what, std::string_view url, unsigned flags = 0) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(handle, what, &text, flags);
  const std::unique_ptr<char, CurlFree> owner(text);
  if (code == CURLUE_NO_USER || code == CURLUE_NO_PASSWORD) return std::string();
  if (code != CURLUE_OK) return bad_url(url, curl_url_strerror(code));
  return std::string(text);
}

base::Result<Handle> parse(std::string_view url) {
  if (url.find('\0') != std::string_view::npos) return bad_url(url, "it holds a NUL byte");
  Handle handle(curl_url());
  if (!handle) return base::error(base::Code::internal, "out of memory");
  const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, std::string(url).c_str(), 0);
  if (code != CURLUE_OK) return bad_url(url, curl_url_strerror(code));
  return handle;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

void append_query(std::string& query, std::string_view more) {
  if (more.empty()) return;
  if (!query.empty() && query.back() != '&') query += '&';
  query += more;
}

// Cuts "…?query" off its text and gives the query.
std::string_view take_query(std::string_view& text) {
  text = text.substr(0, text.find('#'));
  const std::size_t mark = text.find('?');
  if (mark == std::string_view::npos) return {};
  const std::string_view query = text.substr(mark + 1);
  text = text.substr(0, mark);
  return query;
}

}  // namespace

base::Result<UrlParts> parse_url(std::string_view url) {
  const Handle handle = TRY(parse(url));
  UrlParts parts;
  parts.origin.scheme = lower(TRY(part(handle.get(), CURLUPART_SCHEME, url)));
  if (parts.origin.scheme != "http" && parts.origin.scheme != "https")
    return bad_url(url, "only http and https are spoken");
  parts.origin.host = lower(TRY(part(handle.get(), CURLUPART_HOST, url)));
  parts.origin.port = std::stoi(TRY(part(handle.get(), CURLUPART_PORT, url, CURLU_DEFAULT_PORT)));
  parts.user = TRY(part(handle.get(), CURLUPART_USER, url, CURLU_URLDECODE));
  parts.password = TRY(part(handle.get(), CURLUPART_PASSWORD, url, CURLU_URLDECODE));
  return parts;
}

std::string host_label(std::string_view url) {
  const auto parts = parse_url(url);
  if (!parts) return "?";
  const Origin& origin = parts->origin;
  const int usual = origin.scheme == "https" ? 443 : 80;
  return origin.port == usual ? origin.host : fmt::format("{}:{}", origin.host, origin.port);
}

std::string build_url(std::string_view base, std::string_view path,
                      const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string query(take_query(base));
  append_query(query, take_query(path));
  for (const auto& [name, value] : parameters)
    append_query(query, base::percent_encode(name) + "=" + base::percent_encode(value));

  std::string result(base);
  if (!path.empty()) {
    while (result.ends_with('/')) result.pop_back();
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    result.append("/").append(path);
  }
  if (!query.empty()) result.append("?").append(query);
  return result;
}

std::string form_encode(std::string_view text) {
  std::string result = base::percent_encode(text);
  for (std::size_t at = 0; (at = result.find("%20", at)) != std::string::npos; ++at)
    result.replace(at, 3, "+");
  return result;
}

std::string form_encode(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string result;
  for (const auto& [name, value] : parameters)
    result.append(result.empty() ? "" : "&").append(form_encode(name)).append("=").append(form_encode(value));
  return result;
}

base::Result<std::string> resolve_url(std::string_view base, std::string_view location) {
  const Handle handle = TRY(parse(base));
  if (location.find('\0') != std::string_view::npos) return bad_url(location, "it holds a NUL byte");
  // Servers send spaces and raw UTF-8 in Location; browsers encode them, and so does this.
  const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, std::string(location).c_str(),
                                      CURLU_URLENCODE | CURLU_ALLOW_SPACE);
  if (code != CURLUE_OK) return bad_url(location, curl_url_strerror(code));
  for (const CURLUPart unwanted : {CURLUPART_FRAGMENT, CURLUPART_USER, CURLUPART_PASSWORD})
    curl_url_set(handle.get(), unwanted, nullptr, 0);
  const std::string target = TRY(part(handle.get(), CURLUPART_URL, location));
  TRY(parse_url(target));
  return target;
}

}  // namespace http
