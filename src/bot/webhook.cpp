#include "bot/webhook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "resilience/deadline.hpp"
#include "telegram/api.hpp"

namespace bot {
namespace {

using namespace std::chrono_literals;

constexpr Webhook::Answer again{503, 1s};

}  // namespace

Webhook::Webhook(store::Database& database, base::Clock& clock, const Intake& intake, WebhookOptions options)
    : clock_(clock),
      options_(std::move(options)),
      taker_(database, intake, {.on_taken = [this](const Taken& taken, std::span<const telegram::Update>) {
               if (options_.on_taken) options_.on_taken(taken);
             }}) {}

// Said once in a while, however often it is tried again.
void Webhook::complain(const std::string& about, const std::string& text) {
  const base::SteadyTime now = clock_.steady();
  {
    const std::lock_guard lock(told_mutex_);
    const auto [told, is_new] = told_.emplace(about, now);
    if (!is_new && now - told->second < options_.told_every) return;
    told->second = now;
  }
  options_.on_trouble(false, text);
}

Webhook::Answer Webhook::deliver(std::string body) {
  auto update = telegram::parse_update(std::move(body));
  if (!update) {
    complain("body",
             "a delivery with the right secret is no update, and is refused: " + update.error().message);
    return {.status = 400};
  }
  const auto delivery = std::make_shared<Delivery>(Delivery{.update = *std::move(update)});
  std::unique_lock lock(mutex_);
  if (is_closed_) return again;
  waiting_.push_back(delivery);
  while (!delivery->is_over) {
    if (has_leader_)
      changed_.wait(lock);
    else
      lead(lock);
  }
  return delivery->is_taken ? Answer{} : again;
}

// Takes the oldest that wait, which may be others than the leader's own.
void Webhook::lead(std::unique_lock<std::mutex>& lock) {
  const auto end =
      waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), options_.together));
  const Deliveries ours(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  has_leader_ = true;
  lock.unlock();
  bool is_taken = false;
  try {
    is_taken = take(ours);
  } catch (const std::exception& fault) {
    complain("exception", fmt::format("updates could not be taken: {}", fault.what()));
  }
  lock.lock();
  has_leader_ = false;
  for (const auto& delivery : ours) {
    delivery->is_over = true;
    delivery->is_taken = is_taken;
  }
  changed_.notify_all();
}

bool Webhook::take(const Deliveries& deliveries) {
  std::vector<telegram::Update> updates;
  for (const auto& delivery : deliveries) updates.push_back(delivery->update);
  sort_by_id(updates);
  std::stop_source in_time;
  const std::stop_callback ends(stop_.get_token(), [&] { in_time.request_stop(); });
  const auto alarm =
      clock_.alarm(resilience::after(clock_.steady(), options_.patience), [&] { in_time.request_stop(); });
  const auto done = taker_.take(updates, in_time.get_token());
  if (!done && !stop_.stop_requested())
    complain("database", fmt::format("{} updates wait for the database, and Telegram delivers them again: {}",
                                     updates.size(), done.error().message));
  return done.has_value();
}

void Webhook::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  stop_.request_stop();
}

}  // namespace bot
