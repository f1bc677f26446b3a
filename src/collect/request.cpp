#include "collect/request.hpp"

#include <strings.h>

#include <algorithm>

#include "base/fingerprint.hpp"
#include "collect/body.hpp"
#include "collect/decoding.hpp"
#include "collect/rulings.hpp"
#include "http/authorization.hpp"
#include "http/redirect.hpp"
#include "http/url.hpp"

namespace collect {
namespace {

using base::Result;
using Pairs = std::vector<std::pair<std::string, std::string>>;

bool overrides(const PageRequest& page, std::string_view parameter) {
  return std::any_of(page.parameters.begin(), page.parameters.end(),
                     [&](const auto& it) { return it.first == parameter; });
}

bool replaced(const PageRequest& page, std::string_view header) {
  return std::any_of(page.headers.begin(), page.headers.end(), [&](const http::Header& it) {
    return it.name.size() == header.size() && strncasecmp(it.name.data(), header.data(), header.size()) == 0;
  });
}

bool holds_secret(const config::BodyJson& body) {
  const auto below = [](const auto& list, auto get) {
    return std::any_of(list.begin(), list.end(), [&](const auto& it) { return holds_secret(get(it)); });
  };
  if (body.kind == config::BodyJson::Kind::scalar) return body.scalar.is_secret();
  return below(body.items, [](const auto& it) -> const config::BodyJson& { return it; }) ||
         below(body.entries, [](const auto& it) -> const config::BodyJson& { return it.second; });
}

// Of a URL, as they stand there.
Pairs query_of(std::string_view url) {
  Pairs pairs;
  const std::size_t query = url.find('?');
  if (query == std::string_view::npos) return pairs;
  std::string_view rest = url.substr(query + 1);
  rest = rest.substr(0, rest.find('#'));
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    const std::size_t equals = std::min(one.find('='), one.size());
    pairs.emplace_back(one.substr(0, equals), one.substr(std::min(equals + 1, one.size())));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return pairs;
}

// An API that gives whole addresses repeats our key in them.
bool has_parameter(std::string_view url, const std::string& name) {
  const Pairs pairs = query_of(url);
  return std::any_of(pairs.begin(), pairs.end(), [&](const auto& it) { return it.first == name; });
}

// The same rules as for a redirect, so that there is one place for them.
Result<void> follow(BuiltRequest& built, const std::string& url) {
  http::Request& request = built.request;
  const http::Hop here = TRY(http::first_hop(request));
  http::Response redirect;
  redirect.status = 307;
  redirect.url = request.url;
  redirect.headers.push_back({"location", url});
  const auto next = TRY_WITH(http::next_hop(request, here, redirect), "the next page");
  if (!next)
    return base::error(
        base::Code::endpoint_gone,
        "{}: the next page is at another host, {}; add it to requester.allowed_hosts if that is right",
        http::host_label(request.url), http::host_label(url));
  request.url = next->url;
  if (!next->with_credentials) {
    built.with_credentials = false;
    request.secret_headers.clear();
    request.secret_parameters.clear();
    request.credential.clear();
    std::erase_if(request.headers,
                  [](const http::Header& it) { return http::is_credential_header(it.name); });
  }
  std::erase_if(request.secret_parameters,
                [&](const auto& it) { return has_parameter(request.url, it.name); });
  return {};
}

// In each form in which a server may throw it back at us.
void register_requester(const config::Requester& requester, base::Redactor& redactor) {
  for (const auto& [name, value] : requester.request_headers) {  // "Token abc": also the abc alone
    const std::string& text = value.secret.reveal();
    redactor.add(base::Secret(text.substr(text.rfind(' ') + 1)));
  }
  if (const auto& it = requester.authenticator) {
    for (const base::Secret* secret :
         {&it->token, &it->value, &it->password, &it->client_secret, &it->refresh_token})
      redactor.add(*secret);
    if (it->type == config::Authenticator::Type::basic)
      redactor.add(base::Secret(it->username.reveal() + ':' + it->password.reveal()));
  }
  const std::string& base = requester.url_base.source();
  if (requester.url_base.is_secret())  // an address from the environment may hold a key behind its '?'
    for (const auto& [name, value] : query_of(base)) redactor.add(base::Secret(value));
  // A key may also travel as the user's name, and both together as base64 (RFC 7617).
  const auto url = http::parse_url(base);
  if (!url) return;  // it holds a template
  redactor.add(base::Secret(url->password.empty() ? url->user : url->password));
  if (!url->user.empty()) redactor.add(base::Secret(url->user + ':' + url->password));
}

void register_router(const config::PartitionRouter& router, base::Redactor& redactor) {
  if (router.parent) register_requester(router.parent->requester, redactor);
  for (const config::PartitionRouter& part : router.of) register_router(part, redactor);
}

std::vector<http::RateLimit> limits_of(std::span<const config::ApiBudget> api_budget) {
  std::vector<http::RateLimit> limits;
  for (const config::ApiBudget& it : api_budget)
    limits.push_back({it.calls, it.per, it.resource, it.match_path});
  return limits;
}

std::string_view to_string(config::Authenticator::Type type) {
  using Type = config::Authenticator::Type;
  switch (type) {
    case Type::bearer: return "bearer";
    case Type::basic: return "basic";
    case Type::api_key: return "api_key";
    case Type::oauth2: return "oauth2";
  }
  return "?";
}

}  // namespace

RequestBuilder::RequestBuilder(const config::Requester& requester, const config::Decoder& decoder,
                               std::span<const config::ApiBudget> api_budget)
    : requester_(requester),
      rate_limits_(limits_of(api_budget)),
      credential_(credential_id(requester)),
      expect_(expectation(decoder)) {}

Result<BuiltRequest> RequestBuilder::build(const expr::TemplateValues& values,
                                           const PageRequest& page) const {
  BuiltRequest built;
  http::Request& request = built.request;
  request.method = to_string(requester_.http_method);
  request.idempotent = requester_.idempotent || requester_.http_method == config::HttpMethod::get;
  request.expect = expect_;
  request.judge_answer = make_judge(requester_.error_handler);
  request.allowed_hosts = requester_.allowed_hosts;
  request.http2 = requester_.http2;
  request.credential = credential_;
  request.rate_limits = rate_limits_;
  request.max_retry_after = requester_.error_handler.max_retry_after;
  request.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(requester_.timeout);
  request.max_response_size = requester_.max_response_size;
  TRY(add_parameters(request, values, page));
  TRY(add_headers(request, values, page));
  TRY(add_body(request, values, page));
  add_credentials(request);
  if (page.url) TRY(follow(built, *page.url));
  return built;
}

Result<void> RequestBuilder::add_parameters(http::Request& request, const expr::TemplateValues& values,
                                            const PageRequest& page) const {
  const std::string base = TRY_WITH(render_base(requester_.url_base, values), "requester.url_base");
  const std::string path = TRY_WITH(render_path(requester_.path, values), "requester.path");
  TRY_WITH(http::parse_url(base), "requester.url_base");
  Pairs parameters;
  for (const auto& [name, list] : requester_.request_parameters) {
    if (page.only_token || overrides(page, name)) continue;
    for (const config::Templated& value : list) {
      if (value.is_secret())
        request.secret_parameters.push_back({name, value.secret});
      else
        parameters.emplace_back(name,
                                TRY_WITH(render(value, values), "requester.request_parameters.{}", name));
    }
  }
  parameters.insert(parameters.end(), page.parameters.begin(), page.parameters.end());
  request.url = http::build_url(base, path, parameters);
  return {};
}

Result<void> RequestBuilder::add_headers(http::Request& request, const expr::TemplateValues& values,
                                         const PageRequest& page) const {
  for (const auto& [name, value] : requester_.request_headers) {
    if (replaced(page, name)) continue;
    if (value.is_secret())
      request.secret_headers.push_back({name, value.secret});
    else
      request.headers.push_back(
          {name, TRY_WITH(render(value, values), "requester.request_headers.{}", name)});
  }
  for (const http::Header& header : page.headers) request.headers.push_back(header);
  return {};
}

Result<void> RequestBuilder::add_body(http::Request& request, const expr::TemplateValues& values,
                                      const PageRequest& page) const {
  if (requester_.request_body_json) {
    Body body = TRY_WITH(Body::render(*requester_.request_body_json, values), "requester.request_body_json");
    for (const auto& [path, json] : page.body) TRY_WITH(body.set_json(path, json), "the paginator");
    request.body = body.text();
    request.body_is_secret = holds_secret(*requester_.request_body_json);
    request.content_type = "application/json";
  } else if (requester_.request_body_data) {
    request.body = TRY_WITH(render(*requester_.request_body_data, values), "requester.request_body_data");
    request.body_is_secret = requester_.request_body_data->is_secret();
  } else if (!requester_.request_body_form.empty()) {
    Pairs form;
    for (const auto& [name, list] : requester_.request_body_form)
      for (const config::Templated& value : list) {
        form.emplace_back(name, TRY_WITH(render(value, values), "requester.request_body_form.{}", name));
        request.body_is_secret = request.body_is_secret || value.is_secret();
      }
    request.body = http::form_encode(form);
    request.content_type = "application/x-www-form-urlencoded";
  }
  return {};
}

void RequestBuilder::add_credentials(http::Request& request) const {
  if (!requester_.authenticator) return;
  const config::Authenticator& it = *requester_.authenticator;
  using Type = config::Authenticator::Type;
  switch (it.type) {
    case Type::bearer:
      request.secret_headers.push_back({"Authorization", http::bearer_credentials(it.token)});
      break;
    case Type::basic:
      request.secret_headers.push_back({"Authorization", http::basic_credentials(it.username, it.password)});
      break;
    case Type::api_key:
      if (!it.header.empty())
        request.secret_headers.push_back({it.header, it.value});
      else
        request.secret_parameters.push_back({it.parameter, it.value});
      break;
    case Type::oauth2: break;
  }
}

// Tokens come and go, the client stays. The secrets stand first: in this hash the last bytes of a text hardly
// reach the digits that are kept.
std::string credential_id(const config::Requester& requester) {
  std::string text;
  const auto add = [&](std::string_view what, const base::Secret& secret) {
    text += fmt::format("{}:{}:{}\n", secret.reveal().size(), secret.reveal(), what);
  };
  if (const auto& it = requester.authenticator) {
    if (it->type == config::Authenticator::Type::oauth2) {
      add("client", it->client_id);
      add("user", it->username);
    } else {
      for (const base::Secret* secret : {&it->token, &it->username, &it->password, &it->value})
        if (!secret->reveal().empty()) add(to_string(it->type), *secret);
    }
  }
  for (const auto& [name, value] : requester.request_headers)
    if (value.is_secret()) add(name, value.secret);
  for (const auto& [name, list] : requester.request_parameters)
    for (const config::Templated& value : list)
      if (value.is_secret()) add(name, value.secret);
  return text.empty() ? text : base::fingerprint(text + "credentials").substr(0, 8);
}

void register_secrets(const config::Collector& collector, base::Redactor& redactor) {
  for (const base::Secret& secret : collector.secrets) redactor.add(secret);
  register_requester(collector.requester, redactor);
  if (collector.partition_router) register_router(*collector.partition_router, redactor);
}

std::string host_of(const config::Collector& collector) {
  const config::Templated& base = collector.requester.url_base;
  if (base.is_secret() || base.source().find("{{") != std::string::npos) return {};
  return http::parse_url(base.source()) ? http::host_label(base.source()) : std::string();
}

http::RetryPolicy make_retry_policy(const config::ErrorHandler& handler) {
  const config::RetryBackoff& backoff = handler.backoff;
  return {.max_attempts = static_cast<int>(backoff.max_attempts),
          .backoff = {backoff.base, backoff.cap, backoff.jitter},
          .max_retry_after = handler.max_retry_after};
}

}  // namespace collect
