// What a failed transfer of libcurl means to us and says to a person. Pure. Own words, because libcurl's may
// name the address a rewrite rule led to; its text is taken for TLS only, where the reason is in it.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace http {

struct CurlFailure {
  int code = 0;                // CURLcode
  int system_error = 0;        // errno, or 0
  std::string detail{};        // libcurl's own text, or ""
  bool sent = false;           // a part of the request has been written
  std::uint64_t received = 0;  // bytes of the body, decoded
  base::Duration elapsed{};
};

struct CurlCause {
  base::Code code = base::Code::unavailable;
  const char* reason = "other";  // label for metrics
  std::string text{};            // without the host
  bool ours = false;             // our own fault: no use repeating
};

CurlCause cause_of(const CurlFailure& failure);

}  // namespace http
