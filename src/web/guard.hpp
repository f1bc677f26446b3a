// Who may read: the rules of a start (is this address safe to listen on?), and those of each request (is the
// Host ours, is the token right?). Pure and thread-safe.
//
//   const Guard guard = TRY(Guard::make(address, name, token, is_public));   // invalid_config
//   if (auto refusal = guard.check_host(host)) return *refusal;
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "web/address.hpp"
#include "web/message.hpp"

namespace web {

// Takes as long for the first wrong character as for the last; only the lengths can be told apart.
bool equal_in_constant_time(std::string_view left, std::string_view right);

class Guard {
 public:
  static constexpr std::size_t minimum_token = 16;  // shorter ones can be guessed

  // Beyond loopback: refused unless there is a token or everybody is welcome.
  static base::Result<Guard> make(const Address& address, std::string name, base::Secret token,
                                  bool is_public);

  // On loopback a page of another site could reach us through a name that it makes resolve to 127.0.0.1 (DNS
  // rebinding): only our own names are answered. `hosts`: every Host header of the request.
  std::optional<Response> check_host(const std::vector<std::string>& hosts) const;

  // `authorizations`: every Authorization header of the request.
  std::optional<Response> check_token(const std::vector<std::string>& authorizations) const;

 private:
  Guard() = default;
  std::vector<std::string> names_;  // lower case; empty: any
  base::Secret token_;
  bool needs_token_ = false;
};

}  // namespace web
