#include "web/guard.hpp"

#include <algorithm>

namespace web {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// "[::1]:8787" → "::1", "localhost:8787" → "localhost"; "" when something else stands there.
std::string name_of(std::string_view host) {
  std::string_view name = host, rest;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == host.npos) return {};
    name = host.substr(1, end - 1);
    rest = host.substr(end + 1);
  } else if (const std::size_t colon = host.find(':'); colon != host.npos) {
    name = host.substr(0, colon);
    rest = host.substr(colon);
  }
  const bool port = rest.empty() ||
                    (rest.size() >= 2 && rest.size() <= 6 && rest[0] == ':' &&
                     std::all_of(rest.begin() + 1, rest.end(), [](char c) { return c >= '0' && c <= '9'; }));
  return port ? lower(name) : std::string();
}

base::Result<void> check_token_text(const base::Secret& token) {
  const std::string& text = token.reveal();
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return base::error(base::Code::invalid_config,
                       "listen.token contains a space or a character beyond ASCII, which a header cannot "
                       "carry; use letters and digits, for example from: openssl rand -hex 24");
  if (text.size() < Guard::minimum_token)
    return base::error(
        base::Code::invalid_config,
        "listen.token has only {} characters and could be guessed; use {} or more, for example "
        "from: openssl rand -hex 24",
        text.size(), Guard::minimum_token);
  return {};
}

}  // namespace

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  // Volatile: the compiler may not leave the loop early.
  volatile unsigned char difference = left.size() == right.size() ? 0 : 1;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const char other = right.empty() ? '\0' : right[i % right.size()];
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(left[i] ^ other));
  }
  return difference == 0;
}

base::Result<Guard> Guard::make(const Address& address, std::string name, base::Secret token,
                                bool is_public) {
  const bool loopback = is_loopback(address);
  if (!loopback && !is_public && token.empty())
    return base::error(base::Code::invalid_config,
                       "listen.address {}: other machines could read everything here; set listen.token, or "
                       "listen.public: true if they may, or listen on 127.0.0.1",
                       to_string(address));
  if (!token.empty()) TRY(check_token_text(token));

  Guard guard;
  guard.needs_token_ = !loopback && !is_public;
  guard.token_ = std::move(token);
  if (loopback) {
    guard.names_ = {"localhost", "127.0.0.1", "::1", lower(address.host)};
    if (!name.empty()) guard.names_.push_back(lower(name));
  }
  return guard;
}

std::optional<Response> Guard::check_host(const std::vector<std::string>& hosts) const {
  if (hosts.size() != 1) return plain(400, "the request needs exactly one Host header");
  if (names_.empty()) return std::nullopt;
  const std::string name = name_of(hosts.front());
  if (!name.empty() && std::find(names_.begin(), names_.end(), name) != names_.end()) return std::nullopt;
  return plain(421, "this server does not answer to that name: use localhost, or set listen.name to it");
}

std::optional<Response> Guard::check_token(const std::vector<std::string>& authorizations) const {
  if (!needs_token_) return std::nullopt;
  static constexpr std::string_view scheme = "bearer ";
  if (authorizations.size() == 1) {
    const std::string_view sent = authorizations.front();
    if (lower(sent.substr(0, scheme.size())) == scheme &&
        equal_in_constant_time(sent.substr(scheme.size()), token_.reveal()))
      return std::nullopt;
  }
  Response response = plain(401, "a token is needed: send the header Authorization: Bearer TOKEN");
  response.challenge = "Bearer";
  return response;
}

}  // namespace web
