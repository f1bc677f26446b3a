#include "http/judgement.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "http/promised_body.hpp"
#include "http/rate_limit_headers.hpp"
#include "http/retry_after.hpp"
#include "http/url.hpp"

namespace http {
namespace {

using base::Code;

constexpr std::string_view not_repeated = "; not repeated, because the request may have been carried out";
constexpr std::size_t hint_bytes = 200, message_bytes = 500, searched_bytes = 4096;
// GitHub's documentation asks for this where an answer says only that there was a limit.
constexpr std::chrono::seconds unstated_wait{60};

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

// What stands at the end of a redirect that turned a POST into a GET speaks of that page; the POST itself was
// carried out.
bool is_own_answer(const Request& request, const Response& response) {
  return response.method.empty() || response.method == request.method;
}

// ---- limits (RT2, RT3)

// A web page that explains a ban is no API that speaks of its limits.
bool names_a_limit(const Response& response) {
  if (!instead_of_data(response).empty()) return false;
  std::string start = response.body.substr(0, searched_bytes);
  for (char& c : start)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  for (const char* words : {"rate limit", "quota exceeded", "too many requests"})
    if (start.find(words) != std::string::npos) return true;
  return false;
}

std::optional<base::Duration> asked_wait(const Response& response, base::WallTime now) {
  std::optional<base::Duration> longest = retry_after(response, now);
  if (longest) return longest;
  for (const LimitNote& note : limit_notes(response, now))
    if (is_exhausted(note) && note.reset_in)
      longest = std::max(longest.value_or(base::Duration{0}), *note.reset_in);
  return longest;
}

bool is_about_a_limit(const Response& response, base::WallTime now) {
  if (retry_after(response, now) || names_a_limit(response)) return true;
  const std::vector<LimitNote> notes = limit_notes(response, now);
  return std::any_of(notes.begin(), notes.end(), is_exhausted);
}

// 429 for what says the same in other words.
int meaning_of(const Response& response, base::WallTime now) {
  return response.status == 403 && is_about_a_limit(response, now) ? 429 : response.status;
}

void add_wait(Judgement& judgement, const Response& response, int meaning, base::WallTime now) {
  const Code code = judgement.error.code;
  const bool is_told = code == Code::rate_limited || code == Code::unavailable;
  if (judgement.verdict == Verdict::success || (judgement.verdict == Verdict::final && !is_told)) return;
  judgement.wait = asked_wait(response, now);
  if (!judgement.wait && response.status == 403 && meaning == 429) judgement.wait = unstated_wait;
  if (judgement.wait && is_told)
    judgement.error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(*judgement.wait);
}

// ---- the status

// RT1. 425, 429 and 503 say that the request was not carried out; the others may come from a gateway that
// gave up on a server that did.
bool is_retryable(int status, bool repeatable, bool own_answer) {
  if (status == 425 || status == 429 || status == 503) return repeatable || own_answer;
  return repeatable && (status == 408 || status == 500 || status == 502 || status == 504);
}

bool may_rule_retry(const Request& request, const Response& response) {
  if (may_repeat(request)) return true;
  const int status = response.status;
  if (!is_own_answer(request, response) || status == 408) return false;
  return status / 100 == 2 || status / 100 == 4 || status == 503;
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

std::string redirect_text(const Request& request, const Response& response) {
  const std::string* location = response.header("location");
  if (!location) return {};
  const auto target = resolve_url(response.url.empty() ? request.url : response.url, *location);
  const auto parts = target ? parse_url(*target) : target.error();
  if (!parts) return ": the redirect leads to an address that cannot be used";
  return fmt::format(": the redirect to {}://{} is not followed, because that is another origin",
                     parts->origin.scheme, host_label(*target));
}

// "api.example answered 404 Not Found"
std::string headline(const Request& request, const Response& response) {
  std::string text = fmt::format("{} answered {}", host_label(request.url), response.status);
  if (const std::string_view known = phrase(response.status); !known.empty()) text.append(" ").append(known);
  return text;
}

// What stands behind the headline: the words of whoever wrote the rule, else the server's.
std::string explanation(const Ruling& ruling, const Response& response) {
  if (!ruling.message.empty())
    return ": " + base::shorten(base::escape_control(ruling.message), message_bytes);
  const bool limit = ruling.action == Ruling::Action::rate_limited;
  return fmt::format(", {} by requester.error_handler.response_filters{}",
                     limit                                    ? "a rate limit"
                     : ruling.action == Ruling::Action::retry ? "to be tried again"
                                                              : "a failure",
                     hint(response));
}

// What a failure stands for where the rule does not say it. Of what may be tried again: something that
// passes.
Code code_of(const Ruling& ruling, int status) {
  if (ruling.action == Ruling::Action::rate_limited) return Code::rate_limited;
  if (ruling.code) return *ruling.code;
  const Code usual = code_of(status);
  if (ruling.action == Ruling::Action::fail) return usual;
  return usual == Code::timeout || usual == Code::rate_limited ? usual : Code::unavailable;
}

Judgement judge_by(const Ruling& ruling, const Request& request, const Response& response, int meaning) {
  using Action = Ruling::Action;
  const bool again = ruling.action == Action::retry || ruling.action == Action::rate_limited;
  if (!again && ruling.action != Action::fail) return {.ruling = ruling.action};
  const bool retry = again && may_rule_retry(request, response);
  std::string text = headline(request, response) + explanation(ruling, response);
  if (again && !retry) text += not_repeated;
  return {retry ? Verdict::retry : Verdict::final, base::Error{code_of(ruling, meaning), std::move(text)},
          fmt::format("filter_{}", to_string(ruling.action)), ruling.action};
}

// Of a 2xx: {} or what stands where the promised data should be, and its label.
std::pair<std::string_view, std::string_view> broken_promise(const Request& request,
                                                             const Response& response) {
  const bool other = request.expect == Request::Expect::by_type && is_called_other_than_json(response);
  switch (other ? Request::Expect::data : request.expect) {
    case Request::Expect::anything: break;
    case Request::Expect::by_type:
    case Request::Expect::json: return {instead_of_json(response), "no_json"};
    case Request::Expect::data: return {instead_of_data(response), "no_data"};
  }
  return {};
}

Judgement judge_answer(const Request& request, const Response& response, int meaning) {
  if (request.judge_answer)
    if (const std::optional<Ruling> ruling = request.judge_answer(response))
      return judge_by(*ruling, request, response, meaning);
  const int status = response.status;
  if (status == 304 && request.conditional) return {};
  if (status >= 200 && status < 300) {
    const auto [wrong, label] = broken_promise(request, response);
    if (wrong.empty()) return {};
    const bool retry = may_repeat(request);
    return {retry ? Verdict::retry : Verdict::final,
            base::error(Code::unavailable, "{} answered {} with {}{}", host_label(request.url), status, wrong,
                        retry ? "" : not_repeated),
            std::string(label)};
  }
  const bool retry = is_retryable(meaning, may_repeat(request), is_own_answer(request, response));
  std::string text = headline(request, response);
  if (meaning != status) text += ", a rate limit" + hint(response);
  if (status / 100 == 3) text += redirect_text(request, response);
  if (status / 100 == 4 && !retry && meaning == status) text += hint(response);
  if (!retry && is_retryable(meaning, true, true)) text += not_repeated;
  return {retry ? Verdict::retry : Verdict::final, base::Error{code_of(meaning), std::move(text)},
          fmt::format("status_{}", status)};
}

std::string_view usual_reason(const Outcome& outcome) {
  if (outcome.error.code == Code::timeout) return "timeout";
  return outcome.fate == Fate::not_sent ? "connect" : "reset";
}

}  // namespace

Judgement judge(const Request& request, const Outcome& outcome, base::WallTime now) {
  if (outcome.fate == Fate::answered) {
    const int meaning = meaning_of(outcome.response, now);
    Judgement judgement = judge_answer(request, outcome.response, meaning);
    add_wait(judgement, outcome.response, meaning, now);
    return judgement;
  }
  const std::string reason(outcome.reason.empty() ? usual_reason(outcome) : outcome.reason);
  switch (outcome.fate) {
    case Fate::answered: break;
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

}  // namespace http
