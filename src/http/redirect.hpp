// Where a redirect leads and what may go with it (RT14). Pure; libcurl is never told to follow anything
// itself.
//
// Same origin: with credentials. A host of request.allowed_hosts: without, and they do not come back later.
// Any other: not followed; nor is a listed one that would get a secret body. Refused outright: https → http,
// and a private or loopback address named by a public host.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"
#include "http/url.hpp"

namespace http {

// The request as it goes out in one hop of a chain of redirects.
struct Hop {
  std::string method;
  std::string url;  // the real one, without user information and secret parameters: fit for texts and answers
  Origin origin;
  bool with_body = true;
  bool with_credentials = true;
};

base::Result<Hop> first_hop(
    const Request& request);  // invalid_config: the URL, the method or a header is no good

// nullopt: the answer stands (no redirect, or one that is not followed: judge() calls that endpoint_gone).
// An error: refused.
base::Result<std::optional<Hop>> next_hop(const Request& request, const Hop& hop, const Response& answer);

// With secrets in them: for the wire only.
std::string outgoing_url(const Request& request, const Hop& hop);
std::vector<Header> outgoing_headers(const Request& request, const Hop& hop);

// Authorization, Cookie, X-Api-Key … and Host: what another origin never gets.
bool is_credential_header(std::string_view name);

// 127.0.0.1, 10.1.2.3, [::1], [fd00::1], localhost … as parse_url() spells hosts.
bool is_private_host(std::string_view host);

}  // namespace http
