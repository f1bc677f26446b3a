// What every program answers to those who watch it from outside. Called on the server's threads, several at
// once: from memory, or quickly.
#pragma once

#include <string>
#include <vector>

#include "web/server.hpp"

namespace web {

class Probes {
 public:
  virtual ~Probes() = default;
  virtual bool ready() = 0;
  virtual std::string why_not_ready() = 0;  // for people; asked only when not ready
  virtual std::string metrics() = 0;        // Prometheus text, format 0.0.4
};

// /healthz (the process is alive, open to all), /readyz (it can do its work) and /metrics.
std::vector<Route> probe_routes(Probes& probes);

}  // namespace web
