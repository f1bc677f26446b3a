// The simulator's own endpoints, below /_sim/, for tests and demos. Answers are JSON; a mistake in a request
// is a 400 (404, 405) that names it. Holds no state of its own; thread-safe as its parts are.
//
//   GET    /_sim/health                          status, seed, names of the APIs, number of requests
//   POST   /_sim/tick?api=kev&add=2&change=1     → {"added": [keys], "changed": [keys]}
//   POST   /_sim/edit                            {"api": "kev", "index": 0, "field": "dateAdded", "value": …}
//   GET    /_sim/truth/kev                       the rows, as an array of objects
//   GET    /_sim/requests  DELETE                the last 10,000; the X-Total-Count header counts all
//   GET    /_sim/faults    POST  DELETE          {"api": "kev", "kind": "status", "status": 503, "count": 2,
//     "headers": {…}} | {"kind": "delay", "milliseconds": 500} | {"kind": "html"} | {"kind": "lost_answer"} |
//     {"kind": "body", "body": "…" or "body_base64": "…", "content_type": "…"}; without "api": for all;
//     "count": -1 = until cleared; "method": "sendMessage" with "api": "telegram"
//
// More below /_sim/: holds.hpp, bot_control.hpp.
#pragma once

#include <map>
#include <string>

#include "simulator/faults.hpp"
#include "simulator/request_log.hpp"
#include "simulator/world.hpp"

namespace simulator {

struct ControlRequest {
  std::string method{};
  std::string path{};  // "/_sim/…"
  std::map<std::string, std::string> query{};
  std::string body{};
};

class Control {
 public:
  Control(World& world, FaultQueue& faults, RequestLog& requests)
      : world_(world), faults_(faults), requests_(requests) {}
  Answer handle(const ControlRequest& request);

 private:
  Answer health() const;
  Answer tick(const ControlRequest& request);
  Answer edit(const ControlRequest& request);
  Answer truth(const std::string& api) const;
  Answer requests(const ControlRequest& request);
  Answer faults(const ControlRequest& request);

  World& world_;
  FaultQueue& faults_;
  RequestLog& requests_;
};

bool is_known_api(std::string_view name);  // one of apis(), or the Bot API
Answer json_error(int status, const std::string& message);
Answer unknown_path(const std::string& path);  // 404 that names the known APIs

}  // namespace simulator
