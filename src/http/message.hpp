// What goes out and what comes back. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace http {

struct Header {
  std::string name, value;
};
struct SecretHeader {
  std::string name;
  base::Secret value;
};

struct Request {
  std::string method = "GET";
  std::string url;  // absolute; parameters already encoded, except the secret ones below
  std::vector<Header> headers{};
  std::string body{};

  // Credentials: sent to the origin of `url` only, never after a redirect to another one (RT14).
  std::vector<SecretHeader> secret_headers{};
  std::vector<SecretHeader> secret_parameters{};  // percent-encoded and appended to the URL's query

  // With `json`, a body that is empty, a web page, or broken off at its end is no answer, whatever the status
  // says: it is tried again (RT1).
  enum class Expect { anything, json };
  Expect expect = Expect::anything;
  bool idempotent = true;  // may be repeated when its fate is unknown (RT1); GET and HEAD are
  // Other hosts ("host" or "host:port") a redirect may lead to, without credentials.
  std::vector<std::string> allowed_hosts{};
  std::chrono::milliseconds timeout{30'000};    // of one attempt
  std::uint64_t max_response_size = 64u << 20;  // decoded bytes (CO13)
  int max_redirects = 10;
};

// GET and HEAD whatever `idempotent` says.
bool may_repeat(const Request& request);

struct Response {
  int status = 0;
  std::vector<Header> headers{};     // of the final response, names in lower case
  std::string body{};                // decoded (gzip, deflate)
  std::string url{};                 // after redirects, without credentials
  std::uint64_t received_bytes = 0;  // of the body, as it came over the wire
  base::Duration elapsed{};
  const std::string* header(std::string_view lower_case_name) const;
};

// What became of one attempt (RT1). The fate decides what may be repeated; `error` says it to a person,
// without secrets.
enum class Fate {
  not_sent,      // DNS, connect, TLS: nobody saw the request; always safe to repeat
  sent_unknown,  // it left, and no whole answer came back: timeout, reset, truncated body
  answered,      // a status line and a whole body
  refused,    // our own limits or rules: body too large, redirect not followed, bad URL; repeating does not
              // help
  cancelled,  // the stop token fired
};

struct Outcome {
  Fate fate = Fate::not_sent;
  Response response{};   // of Fate::answered
  base::Error error{};   // of every other fate: "host: what happened"
  std::string reason{};  // of every other fate: a short label for metrics: "dns", "connect", "tls",
                         // "timeout", "reset" …
};

}  // namespace http
