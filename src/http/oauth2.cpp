#include "http/oauth2.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "http/authorization.hpp"
#include "http/url.hpp"

namespace http {
namespace {

using base::Code;
using base::Secret;
using nlohmann::json;
using std::chrono::seconds;

constexpr std::uint64_t max_answer = 256u << 10;
constexpr seconds longest_life = std::chrono::hours{24 * 365};
constexpr seconds most_spare{60};  // a token is renewed this long before its end, or a tenth of its life
constexpr std::size_t words_bytes = 300;

struct Answer {
  Secret token, refresh_token;
  std::optional<seconds> lifetime;
};

struct Asked {
  base::Result<Answer> answer;
  std::string refusal{};  // RFC 6749, section 5.2: "invalid_grant" …
};

const std::string* text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

json parse_object(const std::string& body) {
  json parsed = json::parse(body, nullptr, /*allow_exceptions=*/false);
  return parsed.is_object() ? parsed : json::object();
}

std::string advice(std::string_view refusal) {
  if (refusal == "invalid_client" || refusal == "unauthorized_client")
    return "; check client_id and client_secret in requester.authenticator";
  if (refusal == "invalid_grant")
    return "; check username, password and refresh_token in requester.authenticator";
  if (refusal == "invalid_scope") return "; check scope in requester.authenticator";
  if (refusal == "unsupported_grant_type") return "; check grant in requester.authenticator";
  return "; check requester.authenticator";
}

// Some servers refuse with status 200. What passes by itself is left to the usual judgement of the status.
std::optional<Ruling> judge_refusal(const Response& response, std::string& refusal) {
  refusal.clear();
  const int status = response.status;
  const bool passes = status == 408 || status == 425 || status == 429;
  if (passes || (status / 100 != 2 && status / 100 != 4)) return std::nullopt;
  const json object = parse_object(response.body);
  const std::string* error = text_at(object, "error");
  if (!error || error->empty()) return std::nullopt;
  refusal = *error;
  std::string words = *error;
  if (const std::string* description = text_at(object, "error_description"); description)
    words.append(" (").append(*description).append(")");
  words = base::shorten(words, words_bytes);
  if (refusal == "temporarily_unavailable" || refusal == "server_error")
    return Ruling{Ruling::Action::retry, Code::unavailable, words};
  return Ruling{Ruling::Action::fail, Code::permission, words + advice(refusal)};
}

// A number, or one in quotes. nullopt: not said.
std::optional<seconds> lifetime_in(const json& object) {
  const auto found = object.find("expires_in");
  if (found == object.end()) return std::nullopt;
  double value = 0;
  if (found->is_number()) {
    value = found->get<double>();
  } else if (const auto* text = found->get_ptr<const std::string*>()) {
    const char* const end = text->data() + text->size();
    const auto [stop, fault] = std::from_chars(text->data(), end, value);
    if (fault != std::errc{} || stop != end) return std::nullopt;
  } else {
    return std::nullopt;
  }
  const auto most = static_cast<double>(longest_life.count());
  return seconds{static_cast<std::int64_t>(value > 0 ? std::min(value, most) : 0)};
}

bool is_bearer(std::string_view type) {
  constexpr std::string_view bearer = "bearer";
  return std::equal(type.begin(), type.end(), bearer.begin(), bearer.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

// RFC 6749, appendix A: printable ASCII. Anything else would not fit into a header.
bool is_token_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

base::Result<Answer> read_answer(const Response& response, const std::string& host) {
  const json object = parse_object(response.body);
  const std::string* token = text_at(object, "access_token");
  if (!token || !is_token_text(*token))
    return base::error(Code::invalid_data,
                       "{} answered {} without a usable access_token; check that "
                       "requester.authenticator.token_url is the token endpoint",
                       host, response.status);
  if (const std::string* type = text_at(object, "token_type"); type && !is_bearer(*type))
    return base::error(Code::invalid_data,
                       "{} gives tokens of the type \"{}\", and only bearer tokens can be used", host,
                       base::shorten(base::escape_control(*type), 40));
  Answer answer{.token = Secret(*token), .refresh_token = {}, .lifetime = lifetime_in(object)};
  if (const std::string* refresh = text_at(object, "refresh_token")) answer.refresh_token = Secret(*refresh);
  return answer;
}

// Section 2.3.1: both are form-encoded before they are joined.
Secret client_credentials(const OAuth2Client& client) {
  return basic_credentials(Secret(form_encode(client.client_id.reveal())),
                           Secret(form_encode(client.client_secret.reveal())));
}

Request make_request(const OAuth2Client& client, const Secret& refresh_token) {
  std::vector<std::pair<std::string, std::string>> form;
  if (!refresh_token.empty()) {
    form = {{"grant_type", "refresh_token"}, {"refresh_token", refresh_token.reveal()}};
  } else if (client.grant == OAuth2Client::Grant::password) {
    form = {{"grant_type", "password"},
            {"username", client.username.reveal()},
            {"password", client.password.reveal()}};
  } else {
    form = {{"grant_type", "client_credentials"}};
  }
  if (!client.scope.empty() && refresh_token.empty()) form.emplace_back("scope", client.scope);

  Request request{.method = "POST", .url = client.token_url, .headers = {{"Accept", "application/json"}}};
  if (!client.client_secret.empty())
    request.secret_headers.push_back({"Authorization", client_credentials(client)});
  else if (!client.client_id.empty())
    form.emplace_back("client_id", client.client_id.reveal());
  request.body = form_encode(form);
  request.content_type = "application/x-www-form-urlencoded";
  request.body_is_secret = true;
  request.expect = Request::Expect::json;
  request.idempotent = true;  // a token more does no harm
  request.max_response_size = max_answer;
  return request;
}

// One request; with the refresh token if there is one, else by the grant.
Asked ask(const OAuth2Client& client, const Secret& refresh_token, Engine& engine,
          const FetchOptions& options, const std::stop_token& stop) {
  Request request = make_request(client, refresh_token);
  Asked asked{.answer = base::Error{}};
  request.judge_answer = [&](const Response& response) { return judge_refusal(response, asked.refusal); };
  const auto response = engine.fetch(request, options, stop);
  asked.answer = response ? read_answer(*response, host_label(client.token_url)) : response.error();
  if (!asked.answer) {  // servers repeat in their refusals what they were sent
    base::Redactor redactor;
    for (const Secret& secret : {client.client_secret, client.password, refresh_token}) redactor.add(secret);
    asked.answer.error().message = redactor.redact(asked.answer.error().message);
  }
  return asked;
}

bool has_grant(const OAuth2Client& client) {
  return client.grant == OAuth2Client::Grant::password ? !client.username.empty()
                                                       : !client.client_secret.empty();
}

// A refresh token ends one day (section 6); the grant it was won with still works then.
base::Result<Answer> renew(const OAuth2Client& client, const Secret& refresh_token, Engine& engine,
                           const FetchOptions& options, const std::stop_token& stop) {
  Asked asked = ask(client, refresh_token, engine, options, stop);
  if (asked.answer) {
    if (asked.answer->refresh_token.empty()) asked.answer->refresh_token = refresh_token;
    return asked.answer;
  }
  if (refresh_token.empty() || asked.refusal != "invalid_grant" || !has_grant(client)) return asked.answer;
  Asked by_grant = ask(client, {}, engine, options, stop);
  if (!by_grant.answer)
    by_grant.answer.error().message +=
        "; before that the refresh token was refused: " + asked.answer.error().message;
  return by_grant.answer;
}

}  // namespace

struct OAuth2::Flight {
  std::condition_variable_any landed;
  std::optional<base::Result<Secret>> result;
};

OAuth2::OAuth2(OAuth2Client client, Engine& engine, base::Clock& clock, base::Redactor* redactor)
    : client_(std::move(client)),
      engine_(engine),
      clock_(clock),
      redactor_(redactor),
      refresh_token_(client_.refresh_token) {
  if (!redactor_) return;
  for (const Secret& secret : {client_.client_secret, client_.password, client_.refresh_token})
    redactor_->add(secret);
  if (!client_.client_secret.empty())
    redactor_->add(Secret(client_credentials(client_).reveal().substr(std::string_view("Basic ").size())));
}

OAuth2::~OAuth2() = default;

// False: the stop or the deadline came first. Both end the wait through one stop token, because the deadline
// is one of the injected clock.
bool OAuth2::wait(Flight& flight, std::unique_lock<std::mutex>& lock, base::SteadyTime deadline,
                  const std::stop_token& stop) {
  std::stop_source enough;
  const std::stop_callback stopped(stop, [&] { enough.request_stop(); });
  const auto alarm = clock_.alarm(deadline, [&] { enough.request_stop(); });
  return flight.landed.wait(lock, enough.get_token(), [&] { return flight.result.has_value(); });
}

// A token is not yet an answer of the API: by the run's opening, that is still to come.
FetchOptions with_own_opening(FetchOptions options) {
  if (!options.opening) return options;
  auto own = std::make_shared<Opening>();
  own->single_attempt = options.opening->single_attempt;
  own->patience = options.opening->patience;
  own->answered = options.opening->answered.load();
  options.opening = std::move(own);
  return options;
}

base::Result<Secret> OAuth2::token(const FetchOptions& options, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!token_.empty() && (!expires_ || clock_.steady() < *expires_)) return token_;
    if (!flight_) break;
    const std::shared_ptr<Flight> other = flight_;
    if (!wait(*other, lock, options.deadline, stop)) {
      const std::string host = host_label(client_.token_url);
      if (stop.stop_requested()) return base::error(Code::cancelled, "{}: cancelled", host);
      return base::error(Code::timeout, "{}: no access token came before the deadline", host);
    }
    // That the other one was stopped, or had less time, is no reason for this one to give up.
    const base::Result<Secret>& result = *other->result;
    if (result || (result.error().code != Code::cancelled && result.error().code != Code::timeout))
      return result;
  }
  const auto flight = std::make_shared<Flight>();
  flight_ = flight;
  const Secret refresh_token = refresh_token_;
  lock.unlock();
  auto answer = renew(client_, refresh_token, engine_, with_own_opening(options), stop);
  if (answer && redactor_)
    for (const Secret& secret : {answer->token, answer->refresh_token}) redactor_->add(secret);
  lock.lock();
  if (answer) {
    token_ = answer->token;
    refresh_token_ = answer->refresh_token;
    expires_.reset();
    if (const auto lifetime = answer->lifetime)
      expires_ =
          clock_.steady() + *lifetime - std::min<base::Duration>(most_spare, base::Duration(*lifetime) / 10);
    flight->result = token_;
  } else {
    flight->result = std::move(answer).error().with("asking for an access token");
  }
  flight_.reset();
  flight->landed.notify_all();
  return *flight->result;
}

void OAuth2::invalidate(const Secret& refused) {
  const std::lock_guard lock(mutex_);
  if (token_.reveal() == refused.reveal()) token_ = Secret();
}

}  // namespace http
