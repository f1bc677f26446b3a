// For collect's tests: a network that answers from a script and notes what it was asked. For one thread.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "http/transport.hpp"

namespace collect::testing {

inline http::Outcome answer(int status, std::string body, std::vector<http::Header> headers = {}) {
  const std::uint64_t size = body.size();
  return {.fate = http::Fate::answered,
          .response = {.status = status,
                       .headers = std::move(headers),
                       .body = std::move(body),
                       .url = "https://api.example/items",
                       .received_bytes = size}};
}
inline http::Outcome fault(http::Fate fate, base::Code code, std::string message) {
  return {.fate = fate, .error = {code, std::move(message)}, .reason = "scripted"};
}

// Gives the outcomes in turn, the last one for ever; or what `respond` makes of each request.
class ScriptedTransport final : public http::Transport {
 public:
  http::Outcome attempt(const http::Request& request, base::SteadyTime deadline, std::stop_token stop,
                        const http::Progress&) override {
    requests.push_back(request);
    if (on_attempt) on_attempt(deadline);
    if (stop.stop_requested())
      return fault(http::Fate::cancelled, base::Code::cancelled, "api.example: stopped");
    if (respond) return respond(request);
    http::Outcome outcome = script.at(0);
    if (script.size() > 1) script.pop_front();
    return outcome;
  }

  std::deque<http::Outcome> script;
  std::function<http::Outcome(const http::Request&)> respond;
  std::vector<http::Request> requests;
  std::function<void(base::SteadyTime deadline)> on_attempt;
};

}  // namespace collect::testing
