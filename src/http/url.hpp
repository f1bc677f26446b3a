// URLs (RFC 3986), by libcurl's parser: the same one that will open the connection, so that a check here and
// the request cannot disagree.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace http {

// Scheme, host in lower case and port: the unit credentials belong to (RT14).
struct Origin {
  std::string scheme, host;
  int port = 0;
  bool operator==(const Origin&) const = default;
};

struct UrlParts {
  Origin origin;
  std::string user, password;  // decoded; empty if the URL has none
};

// "host", or "host:port" where the port is not the scheme's own: for messages and metric labels. "?" for what
// is no URL.
std::string host_label(std::string_view url);

base::Result<UrlParts> parse_url(
    std::string_view url);  // http and https only; invalid_config otherwise, without echoing secrets

// Base and path with exactly one '/' between them; then the queries both may have; then the parameters,
// percent-encoded as name=value&…. The path is taken as it is.
std::string build_url(std::string_view base, std::string_view path,
                      const std::vector<std::pair<std::string, std::string>>& parameters);

// application/x-www-form-urlencoded: a body, or the parts of one (a space becomes '+').
std::string form_encode(std::string_view text);
std::string form_encode(const std::vector<std::pair<std::string, std::string>>& parameters);

// Where a Location header leads, seen from `base`; without fragment and user information.
base::Result<std::string> resolve_url(std::string_view base, std::string_view location);

}  // namespace http
