// What one attempt means for the request: done, to be repeated, or failed for good (RT1, RT2). Pure.
//
// "Not sent" is always repeated; "sent, unknown" only for idempotent requests; of the answered ones 408, 425,
// 429, 500, 502, 503, 504 are repeated if idempotent, only 425, 429, 503 otherwise; everything else is final.
//
// A 403 that is about a rate limit counts as 429 (RT2): one with Retry-After, with a limit of which nothing
// remains, or with a body that names one. Any other, and 401, waits for a person.
//
// Request::judge_answer comes first. Its "retry" and "rate_limited" repeat a request that is not idempotent
// after those three, and after a 2xx or 4xx (but 408): such an answer is the server's own word, and whoever
// wrote the rule says that it did nothing. A 5xx may come from a gateway, so there the rule does not help.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

namespace http {

enum class Verdict { success, retry, final };

// 2xx = success, and so is 304 if the request was conditional. Final: 401, 403 → permission; 404, 410, a
// redirect that was not followed → endpoint_gone; other 4xx → invalid_config; see judgement.cpp.
struct Judgement {
  Verdict verdict = Verdict::success;
  base::Error error{};   // unless success; names host and status, no secret
  std::string reason{};  // short label for metrics: "status_503", "timeout", "connect", "dns", "tls",
                         // "reset", "no_json", "no_data", "filter_retry" …
  std::optional<Ruling::Action> ruling{};
  // Of what may pass: how long the other side asks to wait, by Retry-After (RT3), else until what is used up
  // comes back. Also stands in `error` if its code is rate_limited or unavailable.
  std::optional<base::Duration> wait{};
};
// `now` is when the answer came: for servers that name an instant, but not the time by their own clock.
Judgement judge(const Request& request, const Outcome& outcome, base::WallTime now);

}  // namespace http
