// The paths under which a program says how it is: / (page), /api/v1/status (JSON), /metrics, /healthz (the
// process is alive, open to all) and /readyz (it can do its work).
//
//   auto server = TRY(Server::start(options, status_routes(source, clock), clock));
#pragma once

#include <vector>

#include "base/clock.hpp"
#include "web/server.hpp"
#include "web/status.hpp"

namespace web {

// Source and clock must outlive the server.
std::vector<Route> status_routes(StatusSource& source, const base::Clock& clock);

}  // namespace web
