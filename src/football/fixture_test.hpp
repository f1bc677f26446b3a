// A scripted API-Football behind the real engine: each request is answered by the test's function; nothing
// leaves the process. Bodies in the API's shapes, of invented teams.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "base/text.hpp"
#include "football/client.hpp"
#include "telemetry/metrics.hpp"

namespace football::testing {

using namespace std::chrono_literals;

class Api final : public http::Transport {
 public:
  using Answer = std::function<http::Outcome(const http::Request&, std::stop_token)>;

  http::Outcome attempt(const http::Request& request, base::SteadyTime, std::stop_token stop,
                        const http::Progress&) override {
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      answer = answer_;
    }
    return answer(request, stop);
  }
  void answers(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void answers(const http::Outcome& outcome) {
    answers([outcome](const http::Request&, const std::stop_token&) { return outcome; });
  }
  std::vector<http::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t count() const { return requests().size(); }
  std::string last() const { return requests().back().url; }

 private:
  mutable std::mutex mutex_;
  std::vector<http::Request> requests_;
  Answer answer_ = [](const auto&, const auto&) { return http::Outcome{}; };
};

inline http::Outcome told(std::string body, std::vector<http::Header> headers = {}, int status = 200) {
  return {http::Fate::answered, {.status = status, .headers = std::move(headers), .body = std::move(body)}};
}
inline http::Outcome not_reached() {
  return {.fate = http::Fate::not_sent,
          .error = base::error(base::Code::unavailable, "api.example: connection refused"),
          .reason = "connect"};
}
inline http::Outcome no_answer() {
  return {.fate = http::Fate::sent_unknown,
          .error = base::error(base::Code::timeout, "api.example: no answer in 10 s"),
          .reason = "timeout"};
}
inline http::Outcome stopped() {
  return {.fate = http::Fate::cancelled, .error = base::error(base::Code::cancelled, "api.example: stopped")};
}

inline std::string envelope(const std::vector<std::string>& records, const std::string& errors = "[]") {
  return fmt::format(R"({{"get":"x","parameters":[],"errors":{},"results":{},)"
                     R"("paging":{{"current":1,"total":1}},"response":[{}]}})",
                     errors, records.size(), base::join(records, ","));
}
inline std::string failing(const std::string& errors) { return envelope({}, errors); }

inline std::int64_t seconds(base::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// As the API writes a game that has not begun, with nulls wherever it has them.
inline std::string game(std::int64_t id, base::WallTime kickoff, const std::string& status = "NS",
                        const std::string& goals = "null", std::int64_t home = 11, std::int64_t away = 12,
                        std::int64_t league = 39) {
  return fmt::format(
      R"({{"fixture":{{"id":{},"referee":null,"timezone":"UTC","date":null,"timestamp":{},)"
      R"("periods":{{"first":null,"second":null}},"venue":{{"id":null,"name":null,"city":null}},)"
      R"("status":{{"long":"x","short":"{}","elapsed":null,"extra":null}}}},)"
      R"("league":{{"id":{},"name":"Liga","country":"Land","logo":"https://x/1.png","flag":null,"season":2025,)"
      R"("round":"Regular Season - 3"}},"teams":{{"home":{{"id":{},"name":"A & B","logo":null,"winner":null}},)"
      R"("away":{{"id":{},"name":"C","logo":null,"winner":null}}}},"goals":{{"home":{},"away":{}}},)"
      R"("score":{{"halftime":{{"home":null,"away":null}},"fulltime":{{"home":null,"away":null}},)"
      R"("extratime":{{"home":null,"away":null}},"penalty":{{"home":null,"away":null}}}}}})",
      id, seconds(kickoff), status, league, home, away, goals, goals);
}

inline base::WallTime instant(int year, unsigned month, unsigned day, base::Duration time) {
  const std::chrono::sys_days date{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)};
  return base::WallTime{date} + std::chrono::duration_cast<std::chrono::microseconds>(time);
}

inline const schedule::Zone& brasilia() {
  static const schedule::Zone zone = [] {
    auto found = schedule::Zone::find("America/Sao_Paulo");
    CHECK(found.has_value(), "the machine has a time zone database");
    return *found;
  }();
  return zone;
}

struct World {
  explicit World(base::SimulatedClock::Mode mode = base::SimulatedClock::Mode::automatic,
                 ClientOptions options = {.key = base::Secret("planted-key-0123456789"),
                                          .base = "https://api.example",
                                          .daily_reserve = 10})
      : clock(mode, instant(2025, 11, 21, 15h)),
        client(engine, clock, cache, brasilia(), std::move(options), &metrics) {}

  base::SteadyTime deadline(base::Duration time = 60s) const { return clock.steady() + time; }
  double answers(const char* kind, const char* result) {
    return metrics.counter("phoenix_football_answers_total", "", {{"kind", kind}, {"result", result}})
        .value();
  }

  base::SimulatedClock clock;
  Api api;
  telemetry::Metrics metrics;
  http::Engine engine{api, clock, base::Rng(7), nullptr, {.circuit = {.minimum_calls = 1000}}};
  Cache cache{clock};
  Client client;
};

}  // namespace football::testing
