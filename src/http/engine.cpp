#include "http/engine.hpp"

#include <string>
#include <utility>

#include "http/url.hpp"
#include "telemetry/metrics.hpp"

namespace http {
namespace {

std::string code_class(const Outcome& outcome) {
  const int hundreds = outcome.response.status / 100;
  if (outcome.fate != Fate::answered || hundreds < 2 || hundreds > 5) return "error";
  return std::to_string(hundreds) + "xx";
}

void count_attempt(telemetry::Metrics* metrics, const std::string& host, const Outcome& outcome,
                   base::Duration elapsed) {
  if (!metrics) return;
  metrics
      ->counter("pulse_http_requests_total", "HTTP requests sent, by class of the answer.",
                {{"host", host}, {"code_class", code_class(outcome)}})
      .add();
  metrics
      ->histogram("pulse_http_request_duration_seconds", "Time of one HTTP request, redirects included.",
                  {{"host", host}})
      .observe(std::chrono::duration<double>(elapsed).count());
}

void count_retry(telemetry::Metrics* metrics, const std::string& host, const std::string& reason) {
  if (!metrics) return;
  metrics
      ->counter("pulse_http_retries_total", "HTTP requests repeated, by the reason of the repetition.",
                {{"host", host}, {"reason", reason}})
      .add();
}

}  // namespace

Engine::Engine(Transport& transport, base::Clock& clock, base::Rng rng, telemetry::Metrics* metrics)
    : transport_(transport), clock_(clock), metrics_(metrics), rng_(rng) {}

base::Result<Response> Engine::fetch(const Request& request, const FetchOptions& options,
                                     std::stop_token stop) {
  TRY(parse_url(request.url));
  const std::string host = host_label(request.url);
  base::Rng rng = [&] {
    const std::lock_guard lock(rng_mutex_);
    return base::Rng(rng_.next());
  }();
  Policy policy(request, options.retry, options.deadline, rng);
  Action action = policy.step(Start{}, clock_.steady());
  while (!std::holds_alternative<Done>(action)) {
    Event event = Stopped{};
    if (stop.stop_requested()) {
      // Nothing more is begun.
    } else if (const auto* wait = std::get_if<WaitUntil>(&action)) {
      const base::Duration delay = wait->time - clock_.steady();
      if (options.on_retry)
        options.on_retry({policy.attempts(), options.retry.max_attempts, delay, policy.last_cause()});
      if (clock_.sleep_until(wait->time, stop)) event = Waited{};
    } else {
      if (policy.attempts() > 1) count_retry(metrics_, host, policy.last_reason());
      if (options.on_attempt) options.on_attempt();
      const base::SteadyTime begun = clock_.steady();
      Outcome outcome = transport_.attempt(request, options.deadline, stop, options.on_progress);
      count_attempt(metrics_, host, outcome, clock_.steady() - begun);
      event = Attempted{std::move(outcome)};
    }
    action = policy.step(std::move(event), clock_.steady());
  }
  return policy.result();
}

}  // namespace http
