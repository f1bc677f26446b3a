// How fast a bot may send, as Telegram's FAQ says: about 30 messages a second over all chats, 1 a second to a
// private chat (3 at once), 20 a minute to a group, and an edit a second in each chat (3 at once). Pure: time
// is passed in. What would be too much is counted by scope also while nothing is enforced. Requests lose
// their exact distance on the way: each limit has a little slack, too small for one message more.
//
//   if (auto refusal = limits.send(chat.limits, is_group, now)) answer 429 with refusal->retry_after
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace simulator {

class SendLimits {
 public:
  enum class Scope { chat, group, bot };
  struct Refusal {
    Scope scope;
    int retry_after;  // seconds, ≥ 1
  };
  struct Bucket {
    double tokens = 0;
    std::optional<base::WallTime> filled{};  // none yet: it is full
  };
  struct PerChat {
    Bucket sends{};
    Bucket edits{};
    std::deque<base::WallTime> minute{};  // sends to a group, those of the last minute
  };

  std::optional<Refusal> send(PerChat& chat, bool group, base::WallTime now);
  std::optional<Refusal> edit(PerChat& chat, bool group, base::WallTime now);

  void enforce(bool on) { enforced_ = on; }
  bool enforced() const { return enforced_; }
  // From then on nothing that was sent counts against any limit.
  base::WallTime free_at() const { return free_at_; }
  std::uint64_t violations(Scope scope) const { return violations_[static_cast<std::size_t>(scope)]; }

 private:
  std::optional<Refusal> refuse(Scope scope, double seconds);
  void count(base::WallTime until) { free_at_ = std::max(free_at_, until); }

  Bucket all_;
  base::WallTime free_at_{};
  bool enforced_ = true;
  std::array<std::uint64_t, 3> violations_{};
};

std::string_view to_string(SendLimits::Scope scope);

}  // namespace simulator
