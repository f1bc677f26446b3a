// The state behind BotApi: not thread-safe, time is passed in. Tickets are those of long polls; woken()
// are the ones that resume() should be called for.
//
//   BotMachine machine(options);
//   BotMachine::Result result = machine.call("sendMessage", parameters, now);
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "simulator/bot_api.hpp"
#include "simulator/bot_api_parameters.hpp"

namespace simulator {

class BotMachine {
 public:
  static constexpr std::size_t maximum_chats = 200'000;
  static constexpr std::size_t maximum_messages = 1'000;  // of a chat
  static constexpr std::size_t maximum_updates = 500'000;
  static constexpr std::size_t maximum_taps = 200'000;
  static constexpr std::size_t maximum_events = 200'000;
  static constexpr std::size_t maximum_event_bytes = 256U << 20;
  static constexpr std::size_t maximum_text = 4096;          // UTF-16 units
  static constexpr std::size_t maximum_callback_text = 200;  // the same

  struct Outcome {
    int code = 200;      // HTTP's, and the error_code
    std::string text{};  // 200: the result as JSON; else the description
    int retry_after = 0;
    std::string note{};        // the description of a success
    std::uint64_t ticket = 0;  // not 0: no answer yet
    base::WallTime deadline{};
  };

  explicit BotMachine(BotOptions options);
  bool has_token(std::string_view token) const { return token == options_.token; }
  Outcome call(std::string_view method, const BotParameters& given, base::WallTime now);
  Outcome resume(std::uint64_t ticket, base::WallTime now);
  void drop(std::uint64_t ticket);
  bool is_woken(std::uint64_t ticket) const;  // resume() should be called now
  std::vector<std::uint64_t> woken() { return std::exchange(woken_, {}); }

  base::Result<BotActed> act(const BotAction& action, base::WallTime now);
  base::Result<void> block(std::int64_t user, bool blocked);
  void enforce_limits(bool on) { limits_.enforce(on); }
  void set_callback_lifetime(std::chrono::seconds lifetime) { callback_lifetime_ = lifetime; }

  std::optional<BotDelivery> delivery() const;  // to the webhook, that is due now
  std::uint64_t webhook() const { return webhook_.number; }
  void delivered(const BotDelivery& delivery, int status);
  void not_delivered(const BotDelivery& delivery, int status, std::string error, base::WallTime now);
  base::Result<void> repeat_delivery();

  base::Result<std::string> chat_view(std::int64_t chat) const;
  std::string events_view(std::uint64_t since, std::size_t limit) const;
  std::string state_view() const;

 private:
  struct Call {
    const BotParameters& given;
    base::WallTime now;
    BotEvent event{};
  };
  using Handler = Outcome (BotMachine::*)(Call&);
  struct Poll {
    std::size_t limit = 100;
    base::WallTime deadline{};
    std::string conflict{};  // what it is answered at the deadline instead of updates
    bool woken = false;
  };
  static const std::map<std::string, std::pair<std::string, Handler>, std::less<>>& methods();
  static Outcome failure(int code, std::string description) { return {code, std::move(description)}; }
  static Outcome bad_request(std::string_view description);
  static Outcome too_fast(const SendLimits::Refusal& refusal);
  void record(BotEvent event);

  Outcome get_me(Call& call);
  Outcome set_my_commands(Call& call);
  Outcome get_my_commands(Call& call);
  Outcome send_chat_action(Call& call);
  Outcome get_updates(Call& call);
  Outcome set_webhook(Call& call);
  Outcome delete_webhook(Call& call);
  Outcome get_webhook_info(Call& call);
  Outcome send_message(Call& call);
  Outcome edit_message_text(Call& call);
  Outcome delete_message(Call& call);
  Outcome answer_callback_query(Call& call);

  // Either a value, or what the bot is answered (an Error's message is a description).
  base::Result<BotMessage> read_message(const BotParameters& given, bool edit) const;
  base::Result<BotChat*> chat_in(Call& call);
  Outcome take_updates(std::size_t limit);
  void forget_updates(std::int64_t offset, base::WallTime now);
  Outcome wait(Poll poll);
  base::WallTime conflict_time(base::WallTime now);
  void end_waiting(const std::string& description, base::WallTime now);
  base::Result<void> remember_allowed(const BotParameters& given);
  void push_update(std::string_view type, BotUpdate update);
  std::int64_t next_update() const { return first_update_ + static_cast<std::int64_t>(updates_made_); }
  BotMessage& add_message(BotChat& chat, BotMessage message);
  base::Result<BotActed> write(const BotAction& action, base::WallTime now);
  base::Result<BotActed> tap(const BotAction& action, base::WallTime now);
  const BotUser& user_of(const BotChat& chat, const BotMessage& message) const;

  const BotOptions options_;
  const BotIdentity bot_;
  const std::int64_t first_update_;
  std::uint64_t last_query_;

  std::unordered_map<std::int64_t, BotUser> users_;
  std::unordered_map<std::int64_t, BotChat> chats_;
  SendLimits limits_;

  std::deque<BotUpdate> updates_;  // not confirmed
  std::int64_t confirmed_ = 0;     // the largest offset
  std::uint64_t updates_made_ = 0;
  std::uint64_t updates_skipped_ = 0;  // of kinds that allowed_updates leaves out
  std::vector<std::string> allowed_;   // empty: all
  std::map<std::uint64_t, Poll> polls_;
  std::uint64_t waiting_ = 0;  // the poll that the next update wakes
  std::uint64_t last_ticket_ = 0;
  std::vector<std::uint64_t> woken_;
  std::int64_t last_offset_ = 0;  // of the last getUpdates
  base::WallTime last_poll_{};
  base::WallTime next_conflict_{};
  std::uint64_t polls_made_ = 0, conflicts_ = 0;
  BotWebhook webhook_;
  std::optional<BotUpdate> last_delivered_;
  bool repeats_ = false;                         // last_delivered_ goes out once more
  std::map<std::string, std::string> commands_;  // by scope and language

  std::map<std::uint64_t, BotTap> taps_;  // by callback query id
  std::chrono::seconds callback_lifetime_{60};
  std::uint64_t taps_made_ = 0;
  std::uint64_t taps_answered_ = 0;
  std::uint64_t late_answers_ = 0;

  std::deque<BotEvent> events_;
  std::uint64_t last_event_ = 0;
  std::size_t event_bytes_ = 0;
  std::map<std::string, std::uint64_t> calls_;  // by method
  std::map<int, std::uint64_t> codes_;          // answers by error code
};

}  // namespace simulator
