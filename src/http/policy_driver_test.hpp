// For http's tests: drives a policy as the engine does.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "http/policy.hpp"

namespace http::testing {

// Steps a policy through outcomes on a clock of its own. What it wants of a budget, it gets.
struct Driver {
  explicit Driver(Request r, RetryPolicy retry = {}, base::Duration time = std::chrono::hours{1})
      : Driver(std::move(r), retry, time, std::make_shared<HostGate>(GateOptions{})) {}
  Driver(Request r, RetryPolicy retry, base::Duration time, std::shared_ptr<HostGate> host,
         Opening* opening = nullptr)
      : request(std::move(r)),
        gate(std::move(host)),
        policy(request, retry, now + time, *gate, opening, rng) {}

  Action step(Event event) {
    if (auto* attempted = std::get_if<Attempted>(&event)) attempted->wall = wall;
    Action action = policy.step(std::move(event), now);
    if (std::holds_alternative<Reserve>(action)) {
      latest = std::get<Reserve>(action).latest;
      action = policy.step(reserve ? reserve() : Reserved(Budgets::Grant{now}), now);
    }
    return action;
  }

  // Runs until Done; every attempt takes `each` and ends the same way.
  void run(const Outcome& outcome, base::Duration each = {}) { run(std::vector{outcome}, each); }
  // The last one for ever.
  void run(std::vector<Outcome> outcomes, base::Duration each = {}) {
    Action action = step(Start{});
    while (!std::holds_alternative<Done>(action)) {
      if (const auto* wait = std::get_if<WaitUntil>(&action)) {
        waits.push_back(wait->time - now);
        now = wait->time;
        action = step(Waited{});
      } else {
        now += each;
        action = step(Attempted{outcomes.front(), wall});
        if (outcomes.size() > 1) outcomes.erase(outcomes.begin());
      }
    }
  }

  base::SteadyTime now{std::chrono::hours{1}}, latest{};
  const base::WallTime wall{std::chrono::seconds{1'700'000'000}};
  base::Rng rng{1};
  Request request;
  std::shared_ptr<HostGate> gate;
  Policy policy;
  std::function<Reserved()> reserve;  // absent: at once
  std::vector<base::Duration> waits;
};

}  // namespace http::testing
