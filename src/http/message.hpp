// What goes out and what comes back. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
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

// What an answer means to whoever asked, where the status alone does not say it (judgement.hpp).
struct Ruling {
  enum class Action {
    success,           // it counts, whatever its status
    retry,             // answered, retryable: by the backoff, as far as the request may be repeated
    fail,              // final at once
    ignore,            // it counts as an answer without records
    rate_limited,      // like `retry`; when the attempts are used up, the code is rate_limited
    reset_pagination,  // it counts, and the page set begins anew
  };
  Action action = Action::fail;
  std::optional<base::Code> code{};  // of `fail` and `retry`; else what the status stands for
  std::string message{};             // for people; else what the body says
};
std::string_view to_string(Ruling::Action action);

struct Response;
using AnswerJudge = std::function<std::optional<Ruling>(const Response&)>;

// How often an API may be asked, as a collector declares it: requests in any window of this length.
struct RateLimit {
  std::int64_t calls = 0;
  base::Duration per{};
  std::string resource{};    // which of the API's budgets; "": match_path, else all of the host
  std::string match_path{};  // only requests whose path begins with it; "": all
};

struct Request {
  std::string method = "GET";
  std::string url;  // absolute; parameters already encoded, except the secret ones below
  std::vector<Header> headers{};
  std::string body{};
  std::string content_type{};   // of the body, unless `headers` names one
  bool body_is_secret = false;  // it goes to the origin of `url` only: a redirect elsewhere is not followed

  // Credentials: sent to the origin of `url` only, never after a redirect to another one (RT14).
  std::vector<SecretHeader> secret_headers{};
  std::vector<SecretHeader> secret_parameters{};  // percent-encoded and appended to the URL's query

  // For budgets (budgets.hpp): what tells credentials apart and is no secret, "" without any; and the limits
  // of this request's collector.
  std::string credential{};
  std::vector<RateLimit> rate_limits{};
  // What an answer says of spent budgets holds no longer (RT3); zero: it is not taken notice of.
  base::Duration max_retry_after{std::chrono::hours{24}};

  // With `json`, a body that is empty, a web page, or broken off at its end is no answer, whatever the status
  // says: it is tried again (RT1). With `data` (XML, CSV, JSON lines …) an empty one or a web page.
  // With `by_type`, JSON unless the content type names another format.
  enum class Expect { anything, json, data, by_type };
  Expect expect = Expect::anything;
  // Asked about every answered attempt before the status and the body are judged; on the caller's thread,
  // must not throw. nullopt: the usual judgement.
  AnswerJudge judge_answer{};
  bool conditional = false;  // it carries If-None-Match or If-Modified-Since: 304 is a good answer
  bool idempotent = true;    // may be repeated when its fate is unknown (RT1); GET and HEAD are
  // May be sent again any time later, on nobody's behalf, to see whether its host is back (RT9). Not what
  // sets something that has been set anew since, or waits long for its answer.
  bool may_be_canary = true;
  // Other hosts ("host" or "host:port") a redirect may lead to, without credentials.
  std::vector<std::string> allowed_hosts{};
  std::chrono::milliseconds timeout{30'000};    // of one attempt
  std::uint64_t max_response_size = 64u << 20;  // decoded bytes (CO13)
  int max_redirects = 10;
  bool http2 = false;  // over TLS, if the server speaks it; else HTTP/1.1
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
  std::string method{};  // that was answered; "" = the request's. GET after a redirect made a POST into it
  std::optional<Ruling::Action> ruling{};  // of Request::judge_answer, if it had one
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
