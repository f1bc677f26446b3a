// Something that the bot works without, done at Telegram when it can be done: until it succeeds, with pauses
// that grow. What fails is a warning, said once until it fails in another way (Code); nobody waits for it.
//
//   Errand commands("the list of commands could not be set", [&](SteadyTime deadline, std::stop_token stop) {
//     return api.set_commands(list, deadline, std::move(stop));
//   }, clock, rng, on_trouble);
//   std::jthread later([&](const std::stop_token& stop) { commands.run(stop); });
//
// One thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"

namespace bot {

class Errand {
 public:
  using Act = std::function<base::Result<void>(base::SteadyTime deadline, std::stop_token)>;
  // `failure`: what is said, with the reason behind it.
  Errand(std::string failure, Act act, base::Clock& clock, base::Rng rng,
         std::function<void(const std::string&)> on_trouble);
  // Whether it is done now; takes `within` at most. Once done it is not done again.
  bool attempt(base::Duration within, const std::stop_token& stop);
  // Until it is done, or the stop; after a failure not at once.
  void run(const std::stop_token& stop);

 private:
  const std::string failure_;
  const Act act_;
  base::Clock& clock_;
  base::Rng rng_;
  const std::function<void(const std::string&)> on_trouble_;
  bool is_done_ = false;
  unsigned failures_ = 0;
  std::optional<base::Code> said_;
};

}  // namespace bot
