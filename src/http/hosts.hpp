// The gates of all hosts that this process has to do with, made when first asked for; and who is told when
// one of them fails or is back. Thread-safe.
//
//   const std::shared_ptr<HostGate> gate = hosts.gate("api.example.org", now);
//   for (const std::string& host : hosts.canaries_due(now)) …
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http/host_gate.hpp"

namespace http {

class Hosts {
 public:
  static constexpr std::size_t max_hosts = 4096;  // more, and the idle ones go

  explicit Hosts(GateOptions options = {}) : options_(options) {}

  std::shared_ptr<HostGate> gate(const std::string& host, base::SteadyTime now);
  // A host's circuit has opened, or closed after an outage. On the thread that found it out; to be set before
  // there are requests.
  using Listener = std::function<void(const std::string& host, bool is_open)>;
  void on_change(Listener listener) { on_change_ = std::move(listener); }
  void begin_gently();  // every host: after our own downtime, nothing is asked all at once

  struct Open {
    std::string host, cause;
    std::shared_ptr<HostGate> gate;
  };
  std::vector<Open> open(base::SteadyTime now) const;
  std::vector<Open> canaries_due(base::SteadyTime now) const;
  std::optional<base::SteadyTime> next_canary(base::SteadyTime now) const;

 private:
  const GateOptions options_;
  Listener on_change_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<HostGate>> gates_;
  bool gently_ = false;
};

}  // namespace http
