// Delivers the outbox: one thread claims and settles in batches, a few carry the messages to their channel.
// What may not go yet by the channel's own limits waits in memory, bounded, and holds up nobody else.
//
//   Courier courier(database, clock, rng, channel, options);
//   courier.run(stop);      // on a thread of its own; returns when it stopped
//   courier.wake();         // after a commit that added messages: at once instead of at the next look
//
// At least once for what may be repeated, at most once for the rest. A database that does not answer is asked
// again for ever, with a backoff; nothing is lost meanwhile. After the stop, what was claimed and not sent
// goes back without having counted. Whoever waits in memory for half its lease goes back too, so deliver()
// has the other half: what takes longer may be sent a second time by another process.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "outbox/outbox.hpp"
#include "store/database.hpp"

namespace outbox {

struct Delivery {
  enum class How {
    sent,
    again,    // after `wait`; 0: by the courier's backoff
    dropped,  // for good: `reason` says why, in a few words that fit a metric's label ("blocked", "gone")
    unknown,  // it left, and nobody knows: again if it may be repeated, else dropped ("fate unknown")
  } how = How::sent;
  std::string receipt{};
  base::Duration wait{};
  std::string reason{};
};

// Where messages go. deliver() is called by several threads at once; when() by one.
class Channel {
 public:
  virtual ~Channel() = default;
  // `now`: it may go, and counts as gone; later: ask again then.
  // The most urgent is asked first, and only when a thread is free to deliver it.
  virtual base::SteadyTime when(const Claimed& message, base::SteadyTime now) = 0;
  virtual Delivery deliver(const Claimed& message, std::stop_token stop) = 0;
};

struct CourierOptions {
  std::string owner{};     // of the claims: host and process; each courier adds a random word
  int carriers = 8;        // threads that deliver
  int in_hand = 512;       // claimed at most; rejections fill a quarter of it, notices half, results three
  int max_attempts = 420;  // with the waits between them, a day: longer than an outage of the channel
  std::chrono::seconds lease{30};
  // It runs only while no other courier does (they have a lease for that): what others have claimed then goes
  // back as soon as it begins to run, and not when their claims have passed.
  bool alone = false;
  base::Duration look_every{std::chrono::milliseconds{200}};
  // Told of every end, once it is written: for metrics and the log. On the thread of run().
  std::function<void(const Claimed&, const Delivery&)> on_end{};
  // The database failed: the first time in a row.
  std::function<void(const base::Error&)> on_fault{};
};

class Courier {
 public:
  Courier(store::Database& database, base::Clock& clock, base::Rng rng, Channel& channel,
          CourierOptions options);
  ~Courier();
  // Until the stop, and then no longer than it takes to end what is being delivered and write it down.
  void run(std::stop_token stop);
  void wake();
  bool idle() const;  // nothing claimed, and the last look found nothing

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox
