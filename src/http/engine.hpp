// HTTP with retries: what every other folder uses. Drives the pure policy over a transport on the caller's
// thread; the callers' waits end at once on stop (RT8). Thread-safe.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "http/policy.hpp"
#include "http/transport.hpp"

namespace telemetry {
class Metrics;
}

namespace http {

// Told of every attempt that will be repeated: for the log and for progress.
struct RetryNotice {
  int attempt = 0;
  int max_attempts = 0;
  base::Duration delay{};
  std::string cause{};
};

struct FetchOptions {
  RetryPolicy retry{};
  base::SteadyTime deadline{};         // of the clock the engine was given; bounds attempts and waits
  std::function<void()> on_attempt{};  // before each is sent
  std::function<void(const RetryNotice&)> on_retry{};  // on the caller's thread
  Progress on_progress{};
};

class Engine {
 public:
  Engine(Transport& transport, base::Clock& clock, base::Rng rng, telemetry::Metrics* metrics = nullptr);
  base::Result<Response> fetch(const Request& request, const FetchOptions& options, std::stop_token stop);

 private:
  Transport& transport_;
  base::Clock& clock_;
  telemetry::Metrics* metrics_;
  std::mutex rng_mutex_;
  base::Rng rng_;
};

}  // namespace http
