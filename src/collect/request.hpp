// What a requester asks for, as HTTP requests: templates rendered, credentials in their place.
//
//   const RequestBuilder builder(collector.requester, collector.decoder);
//   const BuiltRequest built = TRY(builder.build(values, page));
//
// Const and thread-safe; refers to the requester, which must outlive it and the requests it built.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "collect/pager.hpp"
#include "config/collector.hpp"
#include "expr/template.hpp"
#include "http/message.hpp"
#include "http/policy.hpp"

namespace collect {

struct BuiltRequest {
  http::Request request;
  bool with_credentials = true;  // false: a next page at another host
};

class RequestBuilder {
 public:
  // `api_budget` limits what it builds, and must outlive it too.
  RequestBuilder(const config::Requester& requester, const config::Decoder& decoder,
                 std::span<const config::ApiBudget> api_budget = {});

  // The request for one page. A next page's address is judged like a redirect (RT14): another host gets no
  // credentials, and is refused (endpoint_gone) unless it is one of allowed_hosts. OAuth2 tokens are not in
  // it: see PageReader.
  base::Result<BuiltRequest> build(const expr::TemplateValues& values, const PageRequest& page) const;

 private:
  base::Result<void> add_parameters(http::Request& request, const expr::TemplateValues& values,
                                    const PageRequest& page) const;
  base::Result<void> add_headers(http::Request& request, const expr::TemplateValues& values,
                                 const PageRequest& page) const;
  base::Result<void> add_body(http::Request& request, const expr::TemplateValues& values,
                              const PageRequest& page) const;
  void add_credentials(http::Request& request) const;

  const config::Requester& requester_;
  const std::vector<http::RateLimit> rate_limits_;
  const std::string credential_;
  http::Request::Expect expect_;
};

// What tells the requester's credentials apart without showing them, for budgets: 8 hexadecimal digits; "" if
// it has none.
std::string credential_id(const config::Requester& requester);

// Every secret of the collector and of its routers' parents.
void register_secrets(const config::Collector& collector, base::Redactor& redactor);

// "api.example.org", "127.0.0.1:8080": what the collector asks. "" if a template or a secret says it.
std::string host_of(const config::Collector& collector);

http::RetryPolicy make_retry_policy(const config::ErrorHandler& handler);

}  // namespace collect
