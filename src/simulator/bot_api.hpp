// Telegram's Bot API with the real server's strictness, and the users who talk to the bot. No network and no
// clock: requests bring their time. Thread-safe. Everything is bounded: the oldest messages, events and taps
// make room for new ones, users and updates beyond a maximum are refused.
//
// A long poll has no answer at first: call() returns a ticket. `wake` is called with it once resume() has
// one, never under our lock; otherwise resume() has one at the deadline. Texts are plain or HTML; the real
// server's other parse modes are refused.
//
//   BotApi bot({.seed = 7}, [&](std::uint64_t ticket) { resume the connection });
//   bot.act({.user = 1, .text = "/start"}, now);
//   BotApi::Reply reply = bot.call(request);    // of "/bot<TOKEN>/getUpdates?timeout=50"
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "simulator/bot_api_types.hpp"
#include "simulator/world.hpp"

namespace simulator {

struct BotOptions {
  std::string token = "1234567890:simulated-telegram-token-000000000";
  std::string username = "simulated_bot";
  std::uint64_t seed = 0;
};

class BotApi {
 public:
  static constexpr std::string_view name = "telegram";
  static constexpr std::string_view host = "api.telegram.org";

  using Wake = std::function<void(std::uint64_t ticket)>;
  explicit BotApi(BotOptions options, Wake wake = {});
  ~BotApi();

  struct Reply {
    Answer answer{};
    std::uint64_t ticket = 0;   // not 0: no answer yet
    base::WallTime deadline{};  // of the ticket
  };
  Reply call(const ApiRequest& request);
  Reply resume(std::uint64_t ticket, base::WallTime now);
  void drop(std::uint64_t ticket);            // who asked is gone: no answer, no conflict to be counted
  bool is_woken(std::uint64_t ticket) const;  // for who began to wait after `wake` was called

  base::Result<BotActed> act(const BotAction& action, base::WallTime now);
  // In order; at an error those before it have happened, and it says how many.
  base::Result<std::vector<BotActed>> act(const std::vector<BotAction>& actions, base::WallTime now);
  base::Result<void> block(std::int64_t user, bool blocked);
  void enforce_limits(bool on);
  void set_callback_lifetime(std::chrono::seconds lifetime);

  // For whoever delivers to the webhook (bot_postman.hpp). Waits for an update that is to be delivered;
  // nothing: stopped. It stays the next one until delivered().
  std::optional<BotDelivery> wait_for_delivery(const std::stop_token& stop);
  void delivered(const BotDelivery& delivery, int status);
  void not_delivered(const BotDelivery& delivery, int status, std::string error, base::WallTime now);
  // Until another webhook than this one is set: true. False: the time is over, or stopped.
  bool wait_for_webhook(std::uint64_t other_than, std::chrono::milliseconds within,
                        const std::stop_token& stop);
  base::Result<void> repeat_delivery();  // the last one that was taken comes once more

  // JSON for people and tests.
  base::Result<std::string> chat_view(std::int64_t chat) const;
  std::string events_view(std::uint64_t since, std::size_t limit) const;  // those after number `since`
  std::string state_view() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

bool is_bot_token(std::string_view token);  // "digits:letters", as Telegram makes them

// "getUpdates" of "/bot<TOKEN>/getUpdates"; "" for another path. masked_bot_path() hides the token.
std::string_view bot_method(std::string_view path);
std::string masked_bot_path(std::string_view path);

}  // namespace simulator
