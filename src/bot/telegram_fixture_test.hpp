// For tests of the bot: a Bot API that answers from the test, behind the real client and engine. Nothing
// leaves the process.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "telegram/api.hpp"

namespace bot::testing {

inline http::Outcome answered(int status, std::string body) {
  return {http::Fate::answered, {.status = status, .body = std::move(body)}};
}
inline http::Outcome good(const std::string& result = "true") {
  return answered(200, R"({"ok":true,"result":)" + result + "}");
}
inline http::Outcome refused(int code, const std::string& description, const std::string& more = "") {
  return answered(
      code, fmt::format(R"({{"ok":false,"error_code":{},"description":"{}"{}}})", code, description, more));
}
inline http::Outcome broken(http::Fate fate, base::Code code, const std::string& text) {
  return {.fate = fate, .error = base::error(code, "api.telegram.org: {}", text), .reason = "x"};
}

class ScriptedTelegram final : public http::Transport {
 public:
  using Answer =
      std::function<http::Outcome(const std::string& method, const std::string& body, std::stop_token)>;

  http::Outcome attempt(const http::Request& request, base::SteadyTime, std::stop_token stop,
                        const http::Progress&) override {
    const std::string method = request.url.substr(request.url.rfind('/') + 1);
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(method + " " + request.body);
    }
    return answer(method, request.body, std::move(stop));
  }
  std::vector<std::string> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  Answer answer = [](const std::string&, const std::string&, const std::stop_token&) { return good(); };

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
};

struct TelegramWorld {
  base::SimulatedClock clock{base::SimulatedClock::Mode::automatic};
  ScriptedTelegram transport;
  http::Engine engine{transport, clock, base::Rng(3), nullptr, {.circuit = {.minimum_calls = 100'000}}};
  telegram::Api api{engine, clock, {.token = base::Secret("123456:AAExampleOfASecretToken")}};
};

}  // namespace bot::testing
