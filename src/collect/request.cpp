#include "collect/request.hpp"

#include <strings.h>

#include <algorithm>

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

}  // namespace

RequestBuilder::RequestBuilder(const config::Requester& requester, const config::Decoder& decoder)
    : requester_(requester), expect_(expectation(decoder)) {}

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

void register_secrets(const config::Collector& collector, base::Redactor& redactor) {
  for (const base::Secret& secret : collector.secrets) redactor.add(secret);
  register_requester(collector.requester, redactor);
  if (collector.partition_router) register_router(*collector.partition_router, redactor);
}

http::RetryPolicy make_retry_policy(const config::ErrorHandler& handler) {
  const config::RetryBackoff& backoff = handler.backoff;
  return {static_cast<int>(backoff.max_attempts), {backoff.base, backoff.cap, backoff.jitter}};
}

}  // namespace collect
