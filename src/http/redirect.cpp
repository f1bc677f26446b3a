#include "http/redirect.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/text.hpp"

namespace http {
namespace {

using base::Code;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

bool is_token(std::string_view text) {  // RFC 9110, section 5.6.2
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c));
  });
}

bool is_field_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool is_private_v4(std::uint32_t address) {
  struct Net {
    std::uint32_t address;
    int bits;
  };
  // "This network", private (RFC 1918), shared (RFC 6598), loopback, link-local, multicast and above.
  static constexpr std::array nets{Net{0x00000000, 8},  Net{0x0A000000, 8},  Net{0xAC100000, 12},
                                   Net{0xC0A80000, 16}, Net{0x64400000, 10}, Net{0x7F000000, 8},
                                   Net{0xA9FE0000, 16}, Net{0xE0000000, 3}};
  return std::any_of(nets.begin(), nets.end(),
                     [&](const Net& net) { return (address ^ net.address) >> (32 - net.bits) == 0; });
}

bool is_private_v6(const std::array<unsigned char, 16>& a) {
  const auto zeros =
      std::find_if(a.begin(), a.end(), [](unsigned char byte) { return byte != 0; }) - a.begin();
  const bool mapped = zeros == 10 && a[10] == 0xFF && a[11] == 0xFF;
  const bool nat64 = a[0] == 0 && a[1] == 0x64 && a[2] == 0xFF && a[3] == 0x9B;
  if (mapped || nat64 || zeros >= 12)  // an IPv4 address in the last four bytes; ::1 and :: are among them
    return is_private_v4(std::uint32_t{a[12]} << 24 | std::uint32_t{a[13]} << 16 | std::uint32_t{a[14]} << 8 |
                         a[15]);
  return (a[0] & 0xFE) == 0xFC || (a[0] == 0xFE && (a[1] & 0x80) != 0) || a[0] == 0xFF;
}

bool is_allowed(const Request& request, const Origin& target) {
  const std::string with_port = fmt::format("{}:{}", target.host, target.port);
  return std::any_of(request.allowed_hosts.begin(), request.allowed_hosts.end(),
                     [&](const std::string& host) {
                       const std::string lowered = lower(host);
                       return lowered == target.host || lowered == with_port;
                     });
}

// Servers repeat our query in Location; a secret in it must neither travel on nor show up in the answer's
// URL.
std::string without_secret_parameters(const Request& request, const std::string& url) {
  const std::size_t mark = url.find('?');
  if (mark == std::string::npos || request.secret_parameters.empty()) return url;
  std::string kept;
  std::string_view rest = std::string_view(url).substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string_view name = pair.substr(0, pair.find('='));
    const bool secret = std::any_of(
        request.secret_parameters.begin(), request.secret_parameters.end(),
        [&](const SecretHeader& p) { return name == p.name || name == base::percent_encode(p.name); });
    if (!secret) kept.append(kept.empty() ? "?" : "&").append(pair);
  }
  return url.substr(0, mark) + kept;
}

// What belongs to a body and goes with it (RFC 9110, section 15.4).
bool is_content_header(std::string_view name) {
  const std::string lowered = lower(name);
  return lowered.starts_with("content-") || lowered == "transfer-encoding" || lowered == "digest" ||
         lowered == "repr-digest" || lowered == "last-modified";
}

base::Error bad_header(const Request& request, std::string_view name) {
  return base::error(Code::invalid_config, "{}: the header \"{}\" has a character that HTTP does not allow",
                     host_label(request.url), base::escape_control(name));
}

}  // namespace

// Headers that carry credentials under the many names APIs give them, and Host, which belongs to the first
// host only.
bool is_credential_header(std::string_view name) {
  const std::string lowered = lower(name);
  if (lowered == "host") return true;
  for (const char* word :
       {"auth", "cookie", "token", "key", "secret", "password", "session", "credential", "signature"})
    if (lowered.find(word) != std::string::npos) return true;
  return false;
}

bool is_private_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string text(host);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return is_private_v6(bytes);
  in_addr v4{};
  return inet_pton(AF_INET, text.c_str(), &v4) == 1 && is_private_v4(ntohl(v4.s_addr));
}

base::Result<Hop> first_hop(const Request& request) {
  Hop hop{.method = request.method, .url = {}, .origin = TRY(parse_url(request.url)).origin};
  hop.url = TRY(resolve_url(request.url, request.url));
  if (!is_token(request.method))
    return base::error(Code::invalid_config, "{}: not an HTTP method: \"{}\"", host_label(request.url),
                       base::escape_control(request.method));
  for (const Header& header : request.headers)
    if (!is_token(header.name) || !is_field_value(header.value)) return bad_header(request, header.name);
  if (!is_field_value(request.content_type)) return bad_header(request, "Content-Type");
  for (const SecretHeader& header : request.secret_headers)
    if (!is_token(header.name) || !is_field_value(header.value.reveal()))
      return bad_header(request, header.name);
  return hop;
}

base::Result<std::optional<Hop>> next_hop(const Request& request, const Hop& hop, const Response& answer) {
  const int status = answer.status;
  const std::string* location = answer.header("location");
  const bool redirects = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  if (!redirects || !location) return std::nullopt;
  const auto target = resolve_url(hop.url, *location);
  if (!target) return std::nullopt;

  Hop next = hop;
  next.url = without_secret_parameters(request, *target);
  next.origin = TRY(parse_url(next.url)).origin;
  const std::string host = host_label(request.url);
  if (hop.origin.scheme == "https" && next.origin.scheme == "http")
    return base::error(Code::endpoint_gone, "{}: refused a redirect from https to plain http (to {})", host,
                       host_label(next.url));
  if (!is_private_host(hop.origin.host) && is_private_host(next.origin.host))
    return base::error(Code::endpoint_gone,
                       "{}: refused a redirect from a public host to the private address {}", host,
                       host_label(next.url));
  if (next.origin != hop.origin) {
    const bool home = next.origin == TRY(parse_url(request.url)).origin;
    if (!home && !is_allowed(request, next.origin)) return std::nullopt;
    next.with_credentials = false;
  }
  // What browsers do (Fetch standard, HTTP-redirect fetch, step 12).
  const bool see_other = status == 303 && hop.method != "GET" && hop.method != "HEAD";
  if (see_other || ((status == 301 || status == 302) && hop.method == "POST")) {
    next.method = "GET";
    next.with_body = false;
  }
  if (!next.with_credentials && next.with_body && request.body_is_secret) return std::nullopt;
  return std::optional<Hop>(std::move(next));
}

std::string outgoing_url(const Request& request, const Hop& hop) {
  if (!hop.with_credentials) return hop.url;
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const SecretHeader& parameter : request.secret_parameters)
    parameters.emplace_back(parameter.name, parameter.value.reveal());
  return build_url(hop.url, "", parameters);
}

std::vector<Header> outgoing_headers(const Request& request, const Hop& hop) {
  std::vector<Header> result;
  for (const Header& header : request.headers) {
    if (!hop.with_credentials && is_credential_header(header.name)) continue;
    if (!hop.with_body && is_content_header(header.name)) continue;
    result.push_back(header);
  }
  if (hop.with_credentials)
    for (const SecretHeader& header : request.secret_headers)
      result.push_back({header.name, header.value.reveal()});
  return result;
}

}  // namespace http
