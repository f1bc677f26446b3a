// HTTP with retries: what every other folder uses. Drives the pure policy over a transport on the caller's
// thread; the callers' waits end at once on stop (RT8). Thread-safe.
//
// The state that requests share is here too: the hosts' circuits and retry budgets, and the budgets of the
// APIs. A program that runs for long also has a thread in watch_hosts().
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "http/budgets.hpp"
#include "http/hosts.hpp"
#include "http/policy.hpp"
#include "http/transport.hpp"

namespace telemetry {
class Metrics;
}

namespace http {

// Told of every wait before an attempt: for the log and for progress.
struct WaitNotice {
  WaitUntil::Why why = WaitUntil::Why::backoff;
  int attempt = 0;  // that failed; 0: none was made yet
  int max_attempts = 0;
  base::Duration delay{};
  std::string cause{};
};

struct FetchOptions {
  RetryPolicy retry{};
  base::SteadyTime deadline{};         // of the clock the engine was given; bounds attempts and waits
  std::shared_ptr<Opening> opening{};  // of the run
  std::function<void()> on_attempt{};  // before each is sent
  std::function<void(const Outcome&)> on_outcome{};  // after each, before it is judged
  std::function<void(const WaitNotice&)> on_wait{};  // on the caller's thread
  Progress on_progress{};
};

class Engine {
 public:
  Engine(Transport& transport, base::Clock& clock, base::Rng rng, telemetry::Metrics* metrics = nullptr,
         GateOptions gate = {});
  base::Result<Response> fetch(const Request& request, const FetchOptions& options, std::stop_token stop);

  Budgets& budgets() { return budgets_; }
  Hosts& hosts() { return hosts_; }
  // Sends the canaries of hosts that fail, until the stop.
  void watch_hosts(std::stop_token stop);
  void send_canaries(std::stop_token stop);  // those that are due now

 private:
  Event attempt(const Request& request, const FetchOptions& options, const std::stop_token& stop);
  void send_canary(const HostGate& gate, const std::stop_token& stop);
  base::Rng fork_rng();

  Transport& transport_;
  base::Clock& clock_;
  telemetry::Metrics* metrics_;
  std::mutex rng_mutex_;
  base::Rng rng_;
  Budgets budgets_;
  Hosts hosts_;
};

}  // namespace http
