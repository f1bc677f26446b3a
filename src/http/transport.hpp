// Port: one attempt at one request; no retries, no waiting for anything but the network (RT12).
// Thread-safe; attempt() blocks the caller until the outcome, the request's timeout, `deadline` or the stop
// token.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "http/message.hpp"

namespace http {

// Bytes of the body received so far and, if announced, in all; called on the transport's thread: be quick.
using Progress = std::function<void(std::uint64_t received, std::optional<std::uint64_t> total)>;

class Transport {
 public:
  virtual ~Transport() = default;
  virtual Outcome attempt(const Request& request, base::SteadyTime deadline, std::stop_token stop,
                          const Progress& progress = {}) = 0;
};

struct CurlOptions {
  // "https://" → "http://127.0.0.1:8080/": the longest matching beginning of an outgoing URL is replaced.
  // Applied after the origin and redirect rules have judged the real URL; responses and errors speak of the
  // real URL.
  std::map<std::string, std::string> rewrite{};
  std::string user_agent{};
  std::string ca_file{};  // "" = the system's; for private certificate authorities
};

// libcurl's multi interface on one thread of its own. Connections are kept and reused, HTTP/1.1, TLS
// certificates and host names are always verified, http and https only, response sizes capped while decoding.
std::unique_ptr<Transport> make_curl_transport(CurlOptions options);

}  // namespace http
