// Access tokens by OAuth 2.0 (RFC 6749): asked for when first needed, kept until shortly before they expire,
// renewed with the refresh token where there is one.
//
//   OAuth2 oauth2(client, engine, clock, &redactor);
//   base::Secret token = TRY(oauth2.token(options, stop));
//   request.secret_headers.push_back({"Authorization", bearer_credentials(token)});
//   …answered 401: oauth2.invalidate(token), and once more.
//
// Thread-safe: of several callers one asks, the others wait for its answer (each no longer than its own
// deadline and stop allow). What the token server refuses is Code::permission, with its own words; no message
// holds a secret. Tokens live in this object only: nothing is stored.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "http/engine.hpp"

namespace http {

struct OAuth2Client {
  enum class Grant { client_credentials, password };
  std::string token_url{};
  Grant grant = Grant::client_credentials;
  base::Secret client_id{}, client_secret{};  // without a client_secret the client is a public one
  base::Secret username{}, password{};        // of Grant::password
  base::Secret refresh_token{};               // tried before the grant, with which it was won
  std::string scope{};
};

class OAuth2 {
 public:
  // Everything given must outlive this object. The redactor learns of every token.
  OAuth2(OAuth2Client client, Engine& engine, base::Clock& clock, base::Redactor* redactor = nullptr);
  ~OAuth2();

  // `options` are those of the request for the token, if one is needed.
  base::Result<base::Secret> token(const FetchOptions& options, std::stop_token stop);

  // The server refused this token, so the next caller gets another one. A newer one stays.
  void invalidate(const base::Secret& refused);

 private:
  struct Flight;
  bool wait(Flight& flight, std::unique_lock<std::mutex>& lock, base::SteadyTime deadline,
            const std::stop_token& stop);

  const OAuth2Client client_;
  Engine& engine_;
  base::Clock& clock_;
  base::Redactor* redactor_;

  std::mutex mutex_;
  std::shared_ptr<Flight> flight_;  // the request under way
  base::Secret token_, refresh_token_;
  std::optional<base::SteadyTime> expires_;  // of token_; nullopt: when it is refused
};

}  // namespace http
