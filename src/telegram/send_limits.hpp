// When the next message may go (TG2), kept ahead of time: ~30 a second in all, 1 a second in a private chat,
// 20 a minute in a group; and what 429 answers add. Pure: the time comes from the caller and never goes back.
// Not thread-safe: one owner. Memory is bounded: chats that are full again are forgotten.
//
//   const base::SteadyTime at = limits.take(chat, now);   // == now: taken, send it; later: ask again then
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.hpp"

namespace telegram {

struct SendRates {      // less than 1 counts as 1; a negative pause as none
  int per_second = 30;  // over all chats
  int per_minute_in_group = 20;
  base::Duration in_chat{std::chrono::seconds{1}};  // between messages of a private chat
};

class SendLimits {
 public:
  explicit SendLimits(SendRates rates = {});
  ~SendLimits();
  SendLimits(SendLimits&&) noexcept;

  // `now` if a message to this chat may go now, which it then counts; else the earliest time to ask again,
  // and nothing was taken.
  base::SteadyTime take(std::int64_t chat, base::SteadyTime now);
  // The server said 429. It does not say of what: the chat is held; and if another chat was told so within
  // the same wait, all are. A wait counts up to 24 hours.
  void flood(std::int64_t chat, base::Duration wait, base::SteadyTime now);
  std::size_t chats() const;  // known at the last call

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace telegram
