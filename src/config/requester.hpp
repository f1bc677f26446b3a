// What a collector asks, typed: the keys under `requester`, and those of a substream's parent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/types.hpp"
#include "expr/jmespath.hpp"
#include "resilience/backoff.hpp"

namespace config {

enum class HttpMethod { get, post, put };
std::string_view to_string(HttpMethod method);

struct Authenticator {
  enum class Type { bearer, basic, api_key, oauth2 };
  enum class Grant { client_credentials, password };
  Type type = Type::bearer;
  bool optional = false;
  base::Secret token;                       // bearer
  base::Secret username, password;          // basic; oauth2 with grant password
  std::string header, parameter;            // api_key: one of them
  base::Secret value;                       // api_key
  Grant grant = Grant::client_credentials;  // oauth2, from here on
  std::string token_url, scope;
  base::Secret client_id, client_secret, refresh_token;
};

struct RetryBackoff {
  enum class Type { exponential };
  Type type = Type::exponential;
  base::Duration base{}, cap{};
  std::int64_t max_attempts = 0;
  resilience::Jitter jitter = resilience::Jitter::equal;
};

// What an answer means, where the status alone does not say it. Of several conditions all must hold.
struct ResponseFilter {
  enum class Action { success, retry, fail, ignore, rate_limited, reset_pagination };
  std::vector<std::int64_t> http_codes;       // empty: every one
  std::string error_message_contains;         // empty: whatever the body says; case matters not
  std::optional<expr::Expression> predicate;  // on the decoded body
  Action action = Action::fail;
  std::optional<base::Code> failure_type;  // as the code that stands for it
  std::string error_message;               // for people, instead of ours
};

struct ErrorHandler {
  RetryBackoff backoff;
  std::vector<ResponseFilter> response_filters;  // the first that fits decides
  base::Duration max_retry_after{};
};

// A JSON body as it was written in YAML: templates in its scalars, 5 is a number and "5" a text.
struct BodyJson {
  enum class Kind { scalar, list, map };
  Kind kind = Kind::scalar;
  Templated scalar{};
  bool text = false;  // the scalar stood in quotes: it stays a text, unless it is one template
  std::vector<BodyJson> items{};
  std::vector<std::pair<std::string, BodyJson>> entries{};
};

struct Requester {
  Templated url_base, path;
  std::vector<std::string> allowed_hosts;
  HttpMethod http_method = HttpMethod::get;
  bool idempotent = false;  // a POST or PUT that may be repeated
  std::vector<std::pair<std::string, std::vector<Templated>>> request_parameters;
  std::vector<std::pair<std::string, Templated>> request_headers;
  std::optional<BodyJson> request_body_json;  // one of these three, or none
  std::optional<Templated> request_body_data;
  std::vector<std::pair<std::string, std::vector<Templated>>> request_body_form;
  std::optional<Authenticator> authenticator;
  ErrorHandler error_handler;
  base::Duration timeout{};
  bool http2 = false;
  std::uint64_t max_response_size = 0;
  enum class Conditional { automatic, off };
  Conditional conditional = Conditional::automatic;
};

}  // namespace config
