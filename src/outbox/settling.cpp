#include "outbox/settling.hpp"

#include "resilience/backoff.hpp"

namespace outbox {
namespace {

constexpr resilience::Backoff backoff{.base = std::chrono::seconds(1), .cap = std::chrono::seconds(300)};

}  // namespace

Settled settled_by(const Claimed& message, Delivery& delivery, int max_attempts, bool stopping,
                   base::Rng& rng) {
  using How = Delivery::How;
  if (delivery.how == How::unknown) {
    delivery.reason = "fate unknown";
    delivery.how = message.message.repeatable ? How::again : How::dropped;
  }
  if (delivery.how == How::again && !stopping && message.attempt >= max_attempts) {
    delivery.reason = "gave up";
    delivery.how = How::dropped;
  }
  Settled settled{.id = message.id, .attempt = message.attempt, .receipt = delivery.receipt};
  settled.reason = delivery.reason;
  if (delivery.how == How::dropped) settled.how = Settled::How::dropped;
  if (delivery.how == How::again) {
    const bool has_wait = delivery.wait > base::Duration::zero();
    settled.how = Settled::How::again;
    settled.attempt_counts = !stopping;
    settled.wait = has_wait || stopping ? delivery.wait
                                        : backoff.delay(static_cast<unsigned>(message.attempt - 1), {}, rng);
  }
  return settled;
}

}  // namespace outbox
