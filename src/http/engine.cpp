#include "http/engine.hpp"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/rate_limit_headers.hpp"
#include "http/url.hpp"
#include "telemetry/metrics.hpp"

namespace http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t canaries_at_once = 16;
constexpr base::Duration canary_again_after = 5s;
constexpr base::Duration look_for_canaries = 10s;  // well within the time that a circuit stays open

std::string code_class(const Outcome& outcome) {
  const int hundreds = outcome.response.status / 100;
  if (outcome.fate != Fate::answered || hundreds < 2 || hundreds > 5) return "error";
  return std::to_string(hundreds) + "xx";
}

void count_attempt(telemetry::Metrics* metrics, const std::string& host, const Outcome& outcome,
                   base::Duration elapsed) {
  if (!metrics) return;
  metrics
      ->counter(metrics->named("http_requests_total"), "HTTP requests sent, by class of the answer.",
                {{"host", host}, {"code_class", code_class(outcome)}})
      .add();
  metrics
      ->histogram(metrics->named("http_request_duration_seconds"),
                  "Time of one HTTP request, redirects included.", {{"host", host}})
      .observe(std::chrono::duration<double>(elapsed).count());
}

void count_retry(telemetry::Metrics* metrics, const std::string& host, const std::string& reason) {
  if (!metrics) return;
  metrics
      ->counter(metrics->named("http_retries_total"),
                "HTTP requests repeated, by the reason of the repetition.",
                {{"host", host}, {"reason", reason}})
      .add();
}

void show_circuit(telemetry::Metrics* metrics, const std::string& host, bool is_open) {
  if (!metrics) return;
  metrics
      ->gauge(metrics->named("http_circuit_open"),
              "1: the host fails, and only a canary asks for a sign of life.", {{"host", host}})
      .set(is_open ? 1 : 0);
}

void show_limits(telemetry::Metrics* metrics, const std::string& host, const std::vector<LimitNote>& notes) {
  if (!metrics) return;
  std::optional<std::int64_t> least;
  for (const LimitNote& note : notes)
    if (note.remaining) least = std::min(least.value_or(*note.remaining), *note.remaining);
  if (!least) return;
  metrics
      ->gauge(metrics->named("rate_limit_remaining"),
              "Calls left, as the host's newest answer that named a number said.", {{"host", host}})
      .set(static_cast<double>(*least));
}

}  // namespace

Engine::Engine(Transport& transport, base::Clock& clock, base::Rng rng, telemetry::Metrics* metrics,
               GateOptions gate)
    : transport_(transport), clock_(clock), metrics_(metrics), rng_(rng), budgets_(clock), hosts_(gate) {}

base::Rng Engine::fork_rng() {
  const std::lock_guard lock(rng_mutex_);
  return base::Rng(rng_.next());
}

Event Engine::attempt(const Request& request, const FetchOptions& options, const std::stop_token& stop) {
  const std::string host = host_label(request.url);
  const base::SteadyTime begun = clock_.steady();
  Outcome outcome = transport_.attempt(request, options.deadline, stop, options.on_progress);
  count_attempt(metrics_, host, outcome, clock_.steady() - begun);
  if (options.on_outcome) options.on_outcome(outcome);
  if (outcome.fate == Fate::answered) {
    const std::vector<LimitNote> notes = limit_notes(outcome.response, clock_.wall());
    if (request.max_retry_after > base::Duration{0}) budgets_.observe(request, outcome.response, notes, stop);
    show_limits(metrics_, host, notes);
  }
  return Attempted{std::move(outcome), clock_.wall()};
}

base::Result<Response> Engine::fetch(const Request& request, const FetchOptions& options,
                                     std::stop_token stop) {
  TRY(parse_url(request.url));
  const std::string host = host_label(request.url);
  const std::shared_ptr<HostGate> gate = hosts_.gate(host, clock_.steady());
  base::Rng rng = fork_rng();
  Policy policy(request, options.retry, options.deadline, *gate, options.opening.get(), rng);
  std::optional<Budgets::Grant> grant;  // the newest
  Action action = policy.step(Start{}, clock_.steady());
  while (!std::holds_alternative<Done>(action)) {
    Event event = Stopped{};
    if (stop.stop_requested()) {
      // Nothing more is begun.
    } else if (const auto* reserve = std::get_if<Reserve>(&action)) {
      const Reserved reserved = budgets_.reserve(request, reserve->latest, stop);
      const auto* given = std::get_if<Budgets::Grant>(&reserved);
      if (given) grant = *given;
      if (given || !stop.stop_requested()) event = reserved;  // a call that was given can be given back
    } else if (const auto* wait = std::get_if<WaitUntil>(&action)) {
      if (options.on_wait)
        options.on_wait({wait->why, policy.attempts(), policy.max_attempts(), wait->time - clock_.steady(),
                         wait->why == WaitUntil::Why::limit ? "not its turn yet" : policy.last_cause()});
      if (clock_.sleep_until(wait->time, stop)) event = Waited{};
    } else {
      if (policy.attempts() > 1) count_retry(metrics_, host, policy.last_reason());
      if (options.on_attempt) options.on_attempt();
      event = attempt(request, options, stop);
    }
    const bool attempted = std::holds_alternative<Attempted>(event);
    action = policy.step(std::move(event), clock_.steady());
    if (!attempted) continue;
    show_circuit(metrics_, host, gate->is_open(clock_.steady()));
    const auto wait = policy.asked_to_wait();  // a longer one is for the next slot to probe (RT3)
    if (wait && *wait <= options.retry.max_retry_after)
      budgets_.hold(request, *wait, "the API asked for a pause", stop);
  }
  if (grant && policy.holds_grant()) budgets_.give_back(request, *grant);
  return policy.result();
}

// It takes the circuit's probe, unless somebody else was first.
void Engine::send_canary(const HostGate& gate, const std::stop_token& stop) {
  const std::optional<Request> canary = gate.canary();
  if (!canary || stop.stop_requested()) return;
  const FetchOptions options{.retry = {.max_attempts = 1}, .deadline = clock_.steady() + canary->timeout};
  [[maybe_unused]] const auto told_by_its_gate = fetch(*canary, options, stop);
}

// Side by side: when our own network was gone, all hosts are dead, and silent ones take their time.
void Engine::send_canaries(std::stop_token stop) {
  const std::vector<Hosts::Open> due = hosts_.canaries_due(clock_.steady());
  if (due.size() == 1) return send_canary(*due.front().gate, stop);
  std::vector<std::jthread> under_way;
  for (const Hosts::Open& it : due) {
    if (under_way.size() == canaries_at_once) under_way.clear();  // waits for them
    under_way.emplace_back([this, &it, &stop] { send_canary(*it.gate, stop); });
  }
}

void Engine::watch_hosts(std::stop_token stop) {
  for (;;) {
    const base::SteadyTime now = clock_.steady(), latest = now + look_for_canaries;
    base::SteadyTime next = std::min(latest, hosts_.next_canary(now).value_or(latest));
    if (next <= now) next = now + canary_again_after;  // one was due, and its budget did not let it go
    if (!clock_.sleep_until(next, stop)) return;
    send_canaries(stop);
  }
}

}  // namespace http
