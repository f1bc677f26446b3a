#include "collect/request.hpp"

#include "http/url.hpp"

namespace collect {
namespace {

// In each form in which a server may throw it back at us.
void register_secrets(const config::Collector& collector, const http::UrlParts& url,
                      base::Redactor& redactor) {
  for (const base::Secret& secret : collector.secrets) redactor.add(secret);
  for (const auto& [name, value] : collector.requester.request_headers) {  // "Token abc": also the abc alone
    const std::string& text = value.secret.reveal();
    redactor.add(base::Secret(text.substr(text.rfind(' ') + 1)));
  }
  // A key may also travel as the user's name, and both together as base64 (RFC 7617).
  redactor.add(base::Secret(url.password.empty() ? url.user : url.password));
  if (!url.user.empty()) redactor.add(base::Secret(url.user + ':' + url.password));
}

}  // namespace

base::Result<http::Request> make_request(const config::Collector& collector, base::Redactor& redactor) {
  const config::Requester& requester = collector.requester;
  const http::UrlParts parts = TRY_WITH(http::parse_url(requester.url_base), "requester.url_base");
  register_secrets(collector, parts, redactor);

  http::Request request;
  request.method = to_string(requester.http_method);
  using Method = config::HttpMethod;
  request.idempotent = requester.idempotent || requester.http_method == Method::get;
  request.expect = http::Request::Expect::json;
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto& [name, values] : requester.request_parameters)
    for (const config::TextOrSecret& value : values) {
      if (value.is_secret())
        request.secret_parameters.push_back({name, value.secret});
      else
        parameters.emplace_back(name, value.text);
    }
  request.url = http::build_url(requester.url_base, requester.path, parameters);
  for (const auto& [name, value] : requester.request_headers) {
    if (value.is_secret())
      request.secret_headers.push_back({name, value.secret});
    else
      request.headers.push_back({name, value.text});
  }
  if (requester.authenticator) {
    const config::Authenticator& it = *requester.authenticator;
    if (it.type == config::Authenticator::Type::bearer)
      request.secret_headers.push_back({"Authorization", base::Secret("Bearer " + it.token.reveal())});
    else if (!it.header.empty())
      request.secret_headers.push_back({it.header, it.value});
    else
      request.secret_parameters.push_back({it.parameter, it.value});
  }
  request.allowed_hosts = requester.allowed_hosts;
  request.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(requester.timeout);
  request.max_response_size = requester.max_response_size;
  return request;
}

http::RetryPolicy make_retry_policy(const config::ErrorHandler& handler) {
  const config::RetryBackoff& backoff = handler.backoff;
  return {static_cast<int>(backoff.max_attempts), {backoff.base, backoff.cap, backoff.jitter}};
}

}  // namespace collect
