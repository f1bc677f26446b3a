#include "http/hosts.hpp"

#include <algorithm>

namespace http {

std::shared_ptr<HostGate> Hosts::gate(const std::string& host, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<HostGate>& gate = gates_[host];
  if (gate) return gate;
  gate = std::make_shared<HostGate>(options_, [this, host](bool is_open) {
    if (on_change_) on_change_(host, is_open);
  });
  if (gently_) gate->begin_gently();
  const std::shared_ptr<HostGate> made = gate;
  if (gates_.size() > max_hosts)
    std::erase_if(gates_,
                  [&](const auto& it) { return it.second.use_count() == 1 && it.second->is_idle(now); });
  return made;
}

void Hosts::begin_gently() {
  const std::lock_guard lock(mutex_);
  gently_ = true;
  for (const auto& [host, gate] : gates_) gate->begin_gently();
}

std::vector<Hosts::Open> Hosts::open(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  std::vector<Open> open;
  for (const auto& [host, gate] : gates_)
    if (gate->is_open(now)) open.push_back({host, gate->last_cause(), gate});
  return open;
}

std::vector<Hosts::Open> Hosts::canaries_due(base::SteadyTime now) const {
  std::vector<Open> due = open(now);
  std::erase_if(due, [now](const Open& it) {
    const auto at = it.gate->canary_at(now);
    return !at || *at > now;
  });
  return due;
}

std::optional<base::SteadyTime> Hosts::next_canary(base::SteadyTime now) const {
  std::optional<base::SteadyTime> next;
  for (const Open& it : open(now))
    if (const auto at = it.gate->canary_at(now)) next = next ? std::min(*next, *at) : *at;
  return next;
}

}  // namespace http
