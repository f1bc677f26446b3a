#include "http/policy.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.hpp"
#include "base/text.hpp"
#include "http/url.hpp"

namespace http {
namespace {

using base::Code;

constexpr std::string_view not_repeated = "; not repeated, because the request may have been carried out";
constexpr std::size_t hint_bytes = 200;

// RFC 9110, section 15, and RFC 6585.
std::string_view phrase(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 45> phrases{{
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {300, "Multiple Choices"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {305, "Use Proxy"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {402, "Payment Required"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {407, "Proxy Authentication Required"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {425, "Too Early"},
      {426, "Upgrade Required"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {451, "Unavailable For Legal Reasons"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  }};
  const auto found = std::find_if(phrases.begin(), phrases.end(), [&](auto& p) { return p.first == status; });
  return found == phrases.end() ? std::string_view{} : found->second;
}

Code code_of(int status) {
  switch (status) {
    case 401:
    case 403: return Code::permission;
    case 404:
    case 410: return Code::endpoint_gone;
    case 408: return Code::timeout;
    case 425: return Code::unavailable;
    case 429: return Code::rate_limited;
    case 304: return Code::invalid_data;  // nobody asked conditionally
    default: break;
  }
  switch (status / 100) {
    case 3: return Code::endpoint_gone;
    case 4: return Code::invalid_config;
    case 5: return Code::unavailable;
    default: return Code::invalid_data;  // 1xx as the last word, 0, 999
  }
}

// RT1. 425, 429 and 503 say that the request was not carried out; the others may come from a gateway that
// gave up on a server that did.
bool is_retryable(int status, bool repeatable) {
  if (status == 425 || status == 429 || status == 503) return true;
  return repeatable && (status == 408 || status == 500 || status == 502 || status == 504);
}

// What an API says about a refused request is often the whole answer ("unknown field: dat"). HTML says
// nothing in its first 200 characters.
std::string hint(const Response& response) {
  const std::string* type = response.header("content-type");
  if (type && type->find("html") != std::string::npos) return {};
  std::string_view body = response.body;
  body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
  body = body.substr(0, body.find_last_not_of(" \t\r\n") + 1);
  const std::string start = base::shorten(body, hint_bytes);
  if (start.empty() || start.find('\0') != std::string::npos || base::valid_utf8_length(start) < start.size())
    return {};
  return ": " + base::shorten(base::escape_control(start), hint_bytes);
}

// Whether brackets or a string are still open at the end. Where the last bracket fits the first there is no
// need to look inside: what is wrong then, the decoder says better.
bool breaks_off(std::string_view json) {
  const char first = json.front(), last = json.back();
  if ((first != '{' && first != '[') || last == (first == '{' ? '}' : ']')) return false;
  std::size_t open = 0;
  bool text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (text && c == '\\')
      ++i;
    else if (c == '"')
      text = !text;
    else if (!text && (c == '{' || c == '['))
      ++open;
    else if (!text && (c == '}' || c == ']') && open > 0)
      --open;
  }
  return text || open > 0;
}

// Maintenance pages and captive portals come with status 200, and a server that dies may end its answer
// cleanly.
std::string_view instead_of_json(const Response& response) {
  constexpr std::string_view blank = " \t\r\n";
  std::string_view body = response.body;
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  body.remove_prefix(std::min(body.find_first_not_of(blank), body.size()));
  if (body.empty()) return "an empty body";
  const std::string* type = response.header("content-type");
  if (body.front() == '<' ||
      (type && type->find("text/html") != std::string::npos && body.front() != '{' && body.front() != '['))
    return "a web page instead of JSON";
  if (breaks_off(body.substr(0, body.find_last_not_of(blank) + 1))) return "JSON that breaks off";
  return {};
}

std::string redirect_text(const Request& request, const Response& response) {
  const std::string* location = response.header("location");
  if (!location) return {};
  const auto target = resolve_url(response.url.empty() ? request.url : response.url, *location);
  const auto parts = target ? parse_url(*target) : target.error();
  if (!parts) return ": the redirect leads to an address that cannot be used";
  return fmt::format(": the redirect to {}://{} is not followed, because that is another origin",
                     parts->origin.scheme, host_label(*target));
}

Judgement judge_answer(const Request& request, const Response& response) {
  const int status = response.status;
  const bool repeatable = may_repeat(request);
  if (status >= 200 && status < 300) {
    const std::string_view wrong = request.expect == Request::Expect::json ? instead_of_json(response) : "";
    if (wrong.empty()) return {};
    return {repeatable ? Verdict::retry : Verdict::final,
            base::error(Code::unavailable, "{} answered {} with {}", host_label(request.url), status, wrong),
            "no_json"};
  }
  const bool retry = is_retryable(status, repeatable);
  std::string text = fmt::format("{} answered {}", host_label(request.url), status);
  if (const std::string_view known = phrase(status); !known.empty()) text.append(" ").append(known);
  if (status / 100 == 3) text += redirect_text(request, response);
  if (status / 100 == 4 && !retry) text += hint(response);
  if (!retry && is_retryable(status, true)) text += not_repeated;
  return {retry ? Verdict::retry : Verdict::final, base::Error{code_of(status), std::move(text)},
          fmt::format("status_{}", status)};
}

std::string_view usual_reason(const Outcome& outcome) {
  if (outcome.error.code == Code::timeout) return "timeout";
  return outcome.fate == Fate::not_sent ? "connect" : "reset";
}

// "example.org answered 503" and "example.org: connection refused" → what follows the host.
std::string_view without_host(std::string_view message, std::string_view host) {
  if (!message.starts_with(host)) return message;
  const std::string_view rest = message.substr(host.size());
  if (rest.starts_with(": ")) return rest.substr(2);
  return rest.starts_with(" ") ? rest.substr(1) : message;
}

}  // namespace

Judgement judge(const Request& request, const Outcome& outcome) {
  const std::string reason(outcome.reason.empty() ? usual_reason(outcome) : outcome.reason);
  switch (outcome.fate) {
    case Fate::answered: return judge_answer(request, outcome.response);
    case Fate::cancelled: return {Verdict::final, outcome.error, "cancelled"};
    case Fate::refused: return {Verdict::final, outcome.error, "refused"};
    case Fate::not_sent: return {Verdict::retry, outcome.error, reason};
    case Fate::sent_unknown: break;
  }
  if (may_repeat(request)) return {Verdict::retry, outcome.error, reason};
  Judgement judgement{Verdict::final, outcome.error, reason};
  judgement.error.message += not_repeated;
  return judgement;
}

Policy::Policy(const Request& request, RetryPolicy policy, base::SteadyTime deadline, base::Rng& rng)
    : request_(request), policy_(policy), deadline_(deadline), rng_(rng), host_(host_label(request.url)) {}

std::string Policy::last_cause() const {
  return error_ ? std::string(without_host(error_->message, host_)) : std::string();
}

// One error for the whole request (R1). `why` says what ended the retries, if the last cause alone did not.
Action Policy::finish(std::string_view why, base::SteadyTime now) {
  if (attempts_ > 1 || !why.empty())
    error_->message = fmt::format("{}: gave up after {} {} in {}{}: {}", host_, attempts_,
                                  attempts_ == 1 ? "attempt" : "attempts",
                                  base::format_duration(now - started_), why, last_cause());
  return Done{};
}

Action Policy::send(base::SteadyTime now) {
  if (now >= deadline_) {
    if (!error_) error_ = base::error(Code::timeout, "{}: no time was left to send the request", host_);
    return attempts_ == 0 ? Action{Done{}} : finish(", because the deadline has passed", now);
  }
  ++attempts_;
  return Send{};
}

Action Policy::step(Event event, base::SteadyTime now) {
  if (std::holds_alternative<Stopped>(event)) {
    error_ = base::error(Code::cancelled, "{}: cancelled", host_);
    return Done{};
  }
  if (std::holds_alternative<Start>(event)) started_ = now;
  auto* attempted = std::get_if<Attempted>(&event);
  if (!attempted) return send(now);

  Judgement judgement = judge(request_, attempted->outcome);
  last_reason_ = std::move(judgement.reason);
  if (judgement.verdict == Verdict::success) {
    response_ = std::move(attempted->outcome.response);
    return Done{};
  }
  error_ = std::move(judgement.error);
  if (error_->code == Code::cancelled) return Done{};
  if (judgement.verdict == Verdict::final || attempts_ >= policy_.max_attempts) return finish("", now);

  const auto retry = static_cast<unsigned>(attempts_ - 1);
  previous_delay_ = policy_.backoff.delay(retry, previous_delay_, rng_);
  if (previous_delay_ >= deadline_ - now) {
    const std::string why = fmt::format(", because the deadline comes before the next one, due in {}",
                                        base::format_duration(previous_delay_));
    return finish(why, now);
  }
  return WaitUntil{now + previous_delay_};
}

base::Result<Response> Policy::result() {
  CHECK(response_ || error_, "asked for the result before Done");
  if (response_) return std::move(*response_);
  return *error_;
}

}  // namespace http
