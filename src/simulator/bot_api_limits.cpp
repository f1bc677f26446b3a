#include "simulator/bot_api_limits.hpp"

#include <algorithm>
#include <cmath>

namespace simulator {
namespace {

struct Rate {
  double per_second;
  double burst;
};
constexpr Rate of_bot{30, 30.9};
constexpr Rate of_chat{1, 3.25};
constexpr std::size_t of_group = 20;
constexpr std::chrono::milliseconds group_window{59'500};

double seconds(base::WallTime from, base::WallTime to) {
  return std::chrono::duration<double>(to - from).count();
}

// Seconds until there is a token again; 0: now. The clock may have been set back: nothing is taken away then.
double wait_of(SendLimits::Bucket& bucket, const Rate& rate, base::WallTime now) {
  const double grown = bucket.filled ? std::max(0.0, seconds(*bucket.filled, now)) * rate.per_second : 0;
  bucket.tokens = bucket.filled ? std::min(rate.burst, bucket.tokens + grown) : rate.burst;
  bucket.filled = now;
  return std::max(0.0, (1 - bucket.tokens) / rate.per_second);
}

// Full again at the time returned.
base::WallTime take_from(SendLimits::Bucket& bucket, const Rate& rate, base::WallTime now) {
  bucket.tokens -= 1;
  const std::chrono::duration<double> missing((rate.burst - bucket.tokens) / rate.per_second);
  return now + std::chrono::ceil<std::chrono::microseconds>(missing);
}

double wait_of(std::deque<base::WallTime>& minute, base::WallTime now) {
  while (!minute.empty() && minute.front() + group_window <= now) minute.pop_front();
  return minute.size() < of_group ? 0 : seconds(now, minute.front() + group_window);
}

}  // namespace

std::optional<SendLimits::Refusal> SendLimits::send(PerChat& chat, bool group, base::WallTime now) {
  const double chat_wait = group ? wait_of(chat.minute, now) : wait_of(chat.sends, of_chat, now);
  if (chat_wait > 0) return refuse(group ? Scope::group : Scope::chat, chat_wait);
  if (const double wait = wait_of(all_, of_bot, now); wait > 0) return refuse(Scope::bot, wait);
  count(take_from(all_, of_bot, now));
  count(group ? now + group_window : take_from(chat.sends, of_chat, now));
  if (group) chat.minute.push_back(now);
  return std::nullopt;
}

std::optional<SendLimits::Refusal> SendLimits::edit(PerChat& chat, bool group, base::WallTime now) {
  const double wait = wait_of(chat.edits, of_chat, now);
  if (wait > 0) return refuse(group ? Scope::group : Scope::chat, wait);
  count(take_from(chat.edits, of_chat, now));
  return std::nullopt;
}

std::optional<SendLimits::Refusal> SendLimits::refuse(Scope scope, double seconds) {
  ++violations_[static_cast<std::size_t>(scope)];
  if (!enforced_) return std::nullopt;
  return Refusal{scope, std::max(1, static_cast<int>(std::ceil(seconds)))};
}

std::string_view to_string(SendLimits::Scope scope) {
  static constexpr std::array<std::string_view, 3> names{"chat", "group", "bot"};
  return names[static_cast<std::size_t>(scope)];
}

}  // namespace simulator
