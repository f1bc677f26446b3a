// What a collector's requester asks for, as an HTTP request and its retry policy.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/collector.hpp"
#include "http/message.hpp"
#include "http/policy.hpp"

namespace collect {

// Registers every secret of the collector with the redactor, the password in a URL included.
base::Result<http::Request> make_request(const config::Collector& collector, base::Redactor& redactor);
http::RetryPolicy make_retry_policy(const config::ErrorHandler& handler);

}  // namespace collect
