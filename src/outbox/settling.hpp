// Private to outbox: what a delivery means for its message. Pure.
#pragma once

#include "base/rng.hpp"
#include "outbox/courier.hpp"

namespace outbox {

// Makes `delivery` say what becomes of the message: sent, again or dropped, and why. `stopping`: the stop may
// be what ended it, so a new try does not count.
Settled settled_by(const Claimed& message, Delivery& delivery, int max_attempts, bool stopping,
                   base::Rng& rng);

}  // namespace outbox
