#include "telegram/send_limits.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace telegram {
namespace {

using base::SteadyTime;
using namespace std::chrono_literals;

constexpr base::Duration longest_wait = 24h;

// The times of the newest sends, as many as may go within `per`. A bucket would let twice as many into one
// window: a full burst, and behind it what flows in meanwhile.
class Window {
 public:
  SteadyTime open_at(std::size_t most, base::Duration per) const {
    return sends_.size() < most ? SteadyTime::min() : sends_[sends_.size() - most] + per;
  }
  void add(std::size_t most, SteadyTime now) {
    sends_.push_back(now);
    if (sends_.size() > most) sends_.pop_front();
  }
  SteadyTime last() const { return sends_.back(); }

 private:
  std::deque<SteadyTime> sends_;
};

struct Chat {
  Window sends{};
  SteadyTime held_until = SteadyTime::min();
  SteadyTime full_at = SteadyTime::min();  // nothing of it matters from then on
};

}  // namespace

struct SendLimits::Impl {
  struct Flood {
    std::int64_t chat = 0;
    SteadyTime until{};
  };

  std::size_t in_chat_most(std::int64_t chat) const { return chat < 0 ? per_minute : 1; }
  base::Duration in_chat_per(std::int64_t chat) const { return chat < 0 ? base::Duration{1min} : in_chat; }

  void forget(SteadyTime now) {
    while (!by_time.empty() && by_time.begin()->first <= now) {
      known.erase(by_time.begin()->second);
      by_time.erase(by_time.begin());
    }
  }

  Chat& chat(std::int64_t id) { return known.try_emplace(id).first->second; }

  void keep_until(std::int64_t id, Chat& chat, SteadyTime time) {
    by_time.erase({chat.full_at, id});
    chat.full_at = std::max(chat.full_at, time);
    by_time.emplace(chat.full_at, id);
  }

  std::size_t per_second = 1, per_minute = 1;
  base::Duration in_chat{};
  Window all;
  SteadyTime all_held_until = SteadyTime::min();
  std::optional<Flood> last_flood;
  std::map<std::int64_t, Chat> known;
  std::set<std::pair<SteadyTime, std::int64_t>> by_time;  // every known chat, by full_at
};

SendLimits::SendLimits(SendRates rates) : impl_(std::make_unique<Impl>()) {
  impl_->per_second = static_cast<std::size_t>(std::max(rates.per_second, 1));
  impl_->per_minute = static_cast<std::size_t>(std::max(rates.per_minute_in_group, 1));
  impl_->in_chat = std::clamp<base::Duration>(rates.in_chat, base::Duration{0}, longest_wait);
}

SendLimits::~SendLimits() = default;
SendLimits::SendLimits(SendLimits&&) noexcept = default;

base::SteadyTime SendLimits::take(std::int64_t chat, base::SteadyTime now) {
  Impl& self = *impl_;
  self.forget(now);
  const std::size_t most = self.in_chat_most(chat);
  const base::Duration per = self.in_chat_per(chat);
  SteadyTime at = std::max({now, self.all_held_until, self.all.open_at(self.per_second, 1s)});
  if (const auto found = self.known.find(chat); found != self.known.end())
    at = std::max({at, found->second.held_until, found->second.sends.open_at(most, per)});
  if (at > now) return at;
  self.all.add(self.per_second, now);
  Chat& known = self.chat(chat);
  known.sends.add(most, now);
  self.keep_until(chat, known, now + per);
  return now;
}

void SendLimits::flood(std::int64_t chat, base::Duration wait, base::SteadyTime now) {
  Impl& self = *impl_;
  self.forget(now);
  const SteadyTime until = now + std::clamp<base::Duration>(wait, base::Duration{0}, longest_wait);
  Chat& known = self.chat(chat);
  known.held_until = std::max(known.held_until, until);
  self.keep_until(chat, known, known.held_until);
  std::optional<Impl::Flood>& last = self.last_flood;
  const bool same_wait = last && now < last->until;
  if (same_wait && last->chat != chat) self.all_held_until = std::max(self.all_held_until, until);
  if (!same_wait || until > last->until) last = Impl::Flood{chat, until};
}

std::size_t SendLimits::chats() const { return impl_->known.size(); }

}  // namespace telegram
