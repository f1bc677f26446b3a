#include "http/curl_cause.hpp"

#include <curl/curl.h>

#include <system_error>

#include "base/secret.hpp"
#include "base/text.hpp"

namespace http {

CurlCause cause_of(const CurlFailure& failure) {
  using base::Code;
  const auto unavailable = [](const char* reason, std::string text) {
    return CurlCause{Code::unavailable, reason, std::move(text)};
  };
  const std::string system =
      failure.system_error ? ": " + std::generic_category().message(failure.system_error) : std::string();
  const char* known = curl_easy_strerror(static_cast<CURLcode>(failure.code));
  const std::string detail = base::shorten(
      base::redact_urls(base::escape_control(failure.detail.empty() ? known : failure.detail)), 200);
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST: return unavailable("dns", "the host name could not be resolved");
    case CURLE_COULDNT_RESOLVE_PROXY: return unavailable("dns", "the proxy's name could not be resolved");
    case CURLE_COULDNT_CONNECT: return unavailable("connect", "could not connect" + system);
    case CURLE_OPERATION_TIMEDOUT:
      return {Code::timeout, "timeout",
              fmt::format("no {} within {}", failure.sent ? "complete answer" : "connection",
                          base::format_duration(failure.elapsed))};
    case CURLE_GOT_NOTHING: return unavailable("reset", "the connection was closed without an answer");
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return unavailable("reset", "the connection broke" + system);
    case CURLE_PARTIAL_FILE:
      return unavailable("truncated",
                         fmt::format("the body broke off after {}", base::format_size(failure.received)));
    case CURLE_BAD_CONTENT_ENCODING:
      return unavailable("encoding", "the body's compression is damaged or unknown");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY: return unavailable("protocol", "the answer is not HTTP");
    case CURLE_OUT_OF_MEMORY:  // libcurl's name for a line longer than its own limit; no other way to it was
                               // seen
      return {Code::invalid_data, "refused", "a header of the answer is longer than 100 KiB", true};
    case CURLE_SSL_CACERT_BADFILE:
      return {Code::invalid_config, "tls", "the file of trusted certificates cannot be read", true};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return unavailable("tls", "the server's certificate was not accepted: " + detail);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_INVALIDCERTSTATUS: return unavailable("tls", "no TLS connection: " + detail);
    default: return unavailable("other", known);
  }
}

}  // namespace http
