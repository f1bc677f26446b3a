#include "outbox/courier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "outbox/settling.hpp"
#include "resilience/backoff.hpp"
#include "resilience/wait_list.hpp"

namespace outbox {
namespace {

using base::Duration;
using base::SteadyTime;
using namespace std::chrono_literals;

constexpr resilience::Backoff of_database{.base = 200ms, .cap = 10s};
constexpr Duration farewell = 5s;  // for writing down at the stop what was done
constexpr int farewell_tries = 3;
constexpr std::size_t answers_together = 128;  // written down by one commit,
constexpr Duration answers_wait = 100ms;       // or what there is after this
constexpr auto never = SteadyTime::max();

// Delivered, and not yet written down.
struct Done {
  Claimed message;
  Delivery delivery;
  Settled settled;
};

struct Waiting {
  Claimed message;
  SteadyTime ask_at, give_back_at;
};

Priority less_urgent_than(Priority it) {
  return std::min(Priority::rejection, static_cast<Priority>(static_cast<int>(it) + 1));
}

CourierOptions checked(CourierOptions options, base::Rng& rng) {
  options.owner += fmt::format("#{:016x}", rng.next());
  options.carriers = std::max(options.carriers, 1);
  options.in_hand = std::max(options.in_hand, 4);
  options.max_attempts = std::max(options.max_attempts, 1);
  options.lease = std::max(options.lease, std::chrono::seconds(2));
  return options;
}

}  // namespace

struct Courier::Impl {
  Impl(store::Database& the_database, base::Clock& the_clock, base::Rng the_rng, Channel& the_channel,
       CourierOptions the_options)
      : database(the_database),
        clock(the_clock),
        channel(the_channel),
        rng(the_rng),
        options(checked(std::move(the_options), rng)) {}

  void run(const std::stop_token& stop);
  void carry(const std::stop_token& stop);
  void collect(const std::stop_token& stop);
  base::Result<void> transact(const std::stop_token& stop, const store::Work& work);
  bool may_wait() const;
  void exchange(const std::stop_token& stop);
  base::Result<void> look(store::Connection& connection, std::vector<Claimed>& claimed,
                          std::vector<Dropped>& dropped);
  base::Result<void> write_down(store::Connection& connection);
  void written_down();
  void take(std::vector<Claimed> claimed, SteadyTime since);
  void failed(const base::Error& error);
  void dispatch();
  void wait(const std::stop_token& stop);
  void say_farewell(const std::stop_token& stop);
  void put_aside(Claimed message, Duration wait);
  int room(Priority least, int more_held) const;
  int free_carriers() const;  // with the mutex locked

  store::Database& database;
  base::Clock& clock;
  Channel& channel;

  // Of the thread of run().
  base::Rng rng;
  const CourierOptions options;
  std::map<std::pair<Priority, std::int64_t>, Waiting> waiting;  // the most urgent first
  std::vector<Done> unsettled;
  SteadyTime unsettled_since{};
  bool more = true;                     // the last look may have left some
  Priority left = Priority::rejection;  // the most urgent it may have left: what is less urgent waits
  bool others_ended = false;            // and what they had is not taken back yet
  bool uncertain = false;  // a claim's transaction failed: it may have been committed all the same
  unsigned failures = 0;   // of the database, in a row
  SteadyTime retry_at{}, next_look{};

  mutable std::mutex mutex;
  resilience::WaitList loop;
  std::condition_variable_any carriers;
  bool event = false, woken = true, found_nothing = false;
  int held = 0;                         // claimed and not settled
  std::vector<std::int64_t> under_way;  // with carriers now
  std::deque<Claimed> ready;
  std::vector<Done> done;
};

// ---- the carriers ----

void Courier::Impl::carry(const std::stop_token& stop) {
  for (;;) {
    Claimed message;
    {
      std::unique_lock lock(mutex);
      if (!carriers.wait(lock, stop, [&] { return !ready.empty(); }) || stop.stop_requested()) return;
      message = std::move(ready.front());
      ready.pop_front();
      under_way.push_back(message.id);
    }
    Delivery delivery = channel.deliver(message, stop);
    const std::lock_guard lock(mutex);
    std::erase(under_way, message.id);
    done.push_back({std::move(message), std::move(delivery), {}});
    event = true;
    loop.call_all();
  }
}

// ---- the loop ----

void Courier::Impl::run(const std::stop_token& stop) {
  others_ended = options.alone;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.carriers; ++i) threads.emplace_back([&] { carry(stop); });
    while (!stop.stop_requested()) {
      collect(stop);
      dispatch();
      exchange(stop);
      dispatch();
      wait(stop);
    }
  }
  say_farewell(stop);
}

int Courier::Impl::room(Priority least, int more_held) const {
  const int quarters = 4 - static_cast<int>(least);
  const std::lock_guard lock(mutex);
  return options.in_hand * quarters / 4 - held - more_held;
}

int Courier::Impl::free_carriers() const {
  return options.carriers - static_cast<int>(under_way.size() + ready.size());
}

// Whoever ended because of the stop did so behind it.
void Courier::Impl::collect(const std::stop_token& stop) {
  std::vector<Done> fresh;
  {
    const std::lock_guard lock(mutex);
    event = false;
    fresh.swap(done);
  }
  const bool stopping = stop.stop_requested();
  if (unsettled.empty()) unsettled_since = clock.steady();
  for (Done& it : fresh) {
    it.settled = settled_by(it.message, it.delivery, options.max_attempts, stopping, rng);
    unsettled.push_back(std::move(it));
  }
}

// Back to the outbox, as if it had not been claimed.
void Courier::Impl::put_aside(Claimed message, Duration wait) {
  const Settled settled{.id = message.id,
                        .attempt = message.attempt,
                        .how = Settled::How::again,
                        .wait = wait,
                        .attempt_counts = false};
  unsettled.push_back({std::move(message), {.how = Delivery::How::again}, settled});
}

// The less urgent may fill a part of what can be held only: there is always room for what is more urgent.
// What is left for want of room leaves others as urgent in hand: when they have gone, there is room.
base::Result<void> Courier::Impl::look(store::Connection& connection, std::vector<Claimed>& claimed,
                                       std::vector<Dropped>& dropped) {
  more = false;
  left = Priority::answer;
  for (const Priority least : {Priority::rejection, Priority::notice, Priority::result, Priority::answer}) {
    const int settled = static_cast<int>(unsettled.size());
    const int limit = room(least, static_cast<int>(claimed.size()) - settled);
    if (limit <= 0) continue;
    auto found = TRY(claim(connection, options.owner, limit, options.lease, least, &dropped));
    more = std::cmp_equal(found.size(), limit);
    std::ranges::move(found, std::back_inserter(claimed));
    if (more) continue;
    left = less_urgent_than(least);
    break;
  }
  return {};
}

// What carriers ended, or still have, stays claimed.
base::Result<void> Courier::Impl::write_down(store::Connection& connection) {
  std::vector<Settled> settled;
  std::vector<std::int64_t> keep;
  for (const Done& it : unsettled) settled.push_back(it.settled);
  TRY(settle(connection, settled));
  if (!uncertain) return {};
  for (const auto& [key, it] : waiting) keep.push_back(it.message.id);
  {
    const std::lock_guard lock(mutex);
    for (const Claimed& it : ready) keep.push_back(it.id);
    for (const Done& it : done) keep.push_back(it.message.id);
    keep.insert(keep.end(), under_way.begin(), under_way.end());
  }
  return give_back(connection, options.owner, keep);
}

void Courier::Impl::written_down() {
  std::vector<Done> settled;
  settled.swap(unsettled);
  failures = 0;
  uncertain = false;
  {
    const std::lock_guard lock(mutex);
    held -= static_cast<int>(settled.size());
  }
  if (!options.on_end) return;
  for (const Done& it : settled)
    if (it.settled.how != Settled::How::again) options.on_end(it.message, it.delivery);
}

// What was settled as if it had not been claimed might by now be another's claim with the same number. By its
// owner it goes back all the same.
void Courier::Impl::failed(const base::Error& error) {
  const bool is_stop = error.code == base::Code::cancelled;
  if (failures == 0 && !is_stop && options.on_fault) options.on_fault(error);
  uncertain = true;
  const auto is_uncounted = [](const Done& it) { return !it.settled.attempt_counts; };
  const auto gone = std::erase_if(unsettled, is_uncounted);
  retry_at = clock.steady() + of_database.delay(failures++, {}, rng);
  const std::lock_guard lock(mutex);
  held -= static_cast<int>(gone);
}

base::Result<void> Courier::Impl::transact(const std::stop_token& stop, const store::Work& work) {
  const auto session = TRY(database.session(stop));
  return session->transact(store::Access::write, stop, work);
}

// While carriers are busy with answers and more wait, one commit for many: each keeps all carriers waiting.
bool Courier::Impl::may_wait() const {
  const auto is_answer = [](const Done& it) {
    return it.message.message.priority == Priority::answer && it.settled.how == Settled::How::sent;
  };
  const SteadyTime now = clock.steady();
  return !unsettled.empty() && unsettled.size() < answers_together && now < unsettled_since + answers_wait &&
         !waiting.empty() && waiting.begin()->first.first == Priority::answer &&
         waiting.begin()->second.ask_at <= now && std::ranges::all_of(unsettled, is_answer);
}

void Courier::Impl::exchange(const std::stop_token& stop) {
  const SteadyTime now = clock.steady();
  if (now < retry_at || may_wait()) return;
  bool looks = now >= next_look || more || others_ended || !unsettled.empty();
  {
    const std::lock_guard lock(mutex);
    looks = (looks || woken) && held - static_cast<int>(unsettled.size()) < options.in_hand;
    if (looks) woken = false;
  }
  if (!looks && unsettled.empty()) return;
  std::vector<Claimed> claimed;
  std::vector<Dropped> dropped;
  const auto outcome = transact(stop, [&](store::Connection& connection) -> base::Result<void> {
    TRY(write_down(connection));
    if (others_ended) TRY(recover(connection, options.owner, &dropped));
    if (looks) TRY(look(connection, claimed, dropped));
    return {};
  });
  if (!outcome) {
    more = true;
    return failed(outcome.error());
  }
  others_ended = false;
  written_down();
  if (looks) {
    next_look = now + options.look_every;
    take(std::move(claimed), now);
  }
  if (!options.on_end) return;
  for (const Dropped& it : dropped)
    options.on_end(it.message, {.how = Delivery::How::dropped, .reason = it.reason});
}

void Courier::Impl::take(std::vector<Claimed> claimed, SteadyTime since) {
  {
    const std::lock_guard lock(mutex);
    held += static_cast<int>(claimed.size());
    found_nothing = claimed.empty();
  }
  for (Claimed& it : claimed) {
    if (it.attempt > options.max_attempts) {  // whoever had it before never came back
      Delivery delivery{.how = Delivery::How::again};
      const Settled settled = settled_by(it, delivery, options.max_attempts, false, rng);
      unsettled.push_back({std::move(it), std::move(delivery), settled});
      continue;
    }
    const auto key = std::pair(it.message.priority, it.id);
    waiting.insert_or_assign(key, Waiting{std::move(it), since, since + options.lease / 2});
  }
}

// The channel is asked only for as many as can leave now: what it lets go counts as gone.
void Courier::Impl::dispatch() {
  int free = 0;
  {
    const std::lock_guard lock(mutex);
    free = free_carriers();
  }
  const SteadyTime now = clock.steady();
  std::vector<Claimed> go;
  for (auto next = waiting.begin(); next != waiting.end();) {
    const auto at = next++;
    Waiting& it = at->second;
    if (now >= it.give_back_at) {
      put_aside(std::move(it.message), {});
      waiting.erase(at);
      continue;
    }
    if (free == 0 || at->first.first > left || it.ask_at > now) continue;
    it.ask_at = channel.when(it.message, now);
    if (it.ask_at <= now) {
      go.push_back(std::move(it.message));
      --free;
    } else if (it.ask_at >= it.give_back_at) {
      put_aside(std::move(it.message), it.ask_at - now);
    } else {
      continue;
    }
    waiting.erase(at);
  }
  if (go.empty()) return;
  const std::lock_guard lock(mutex);
  std::ranges::move(go, std::back_inserter(ready));
  carriers.notify_all();
}

void Courier::Impl::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  const int free = free_carriers();
  const bool has_room = held - static_cast<int>(unsettled.size()) < options.in_hand;
  SteadyTime until = never;
  if (has_room) until = more || woken ? SteadyTime::min() : next_look;
  if (!unsettled.empty()) until = may_wait() ? unsettled_since + answers_wait : SteadyTime::min();
  until = std::max(until, retry_at);
  for (const auto& [key, it] : waiting)
    until = std::min({until, it.give_back_at, free > 0 && key.first <= left ? it.ask_at : never});
  if (event || until <= clock.steady()) return;
  loop.wait(lock, clock, until, stop);
}

// ---- the end ----

// Whatever was claimed and not sent goes back; nobody sends any more.
void Courier::Impl::say_farewell(const std::stop_token& stop) {
  collect(stop);
  waiting.clear();
  {
    const std::lock_guard lock(mutex);
    ready.clear();
    if (held == 0 && !uncertain) return;
  }
  std::stop_source late;
  const auto alarm = clock.alarm(clock.steady() + farewell, [&] { late.request_stop(); });
  for (int i = 0; i < farewell_tries; ++i) {
    uncertain = true;
    const auto outcome =
        transact(late.get_token(), [&](store::Connection& connection) { return write_down(connection); });
    if (!outcome) {
      failed(outcome.error());
      continue;
    }
    written_down();
    const std::lock_guard lock(mutex);
    held = 0;
    return;
  }
  const std::lock_guard lock(mutex);
  // The rest goes back by its owner's name, as soon as that can be written.
  held = static_cast<int>(unsettled.size());
}

Courier::Courier(store::Database& database, base::Clock& clock, base::Rng rng, Channel& channel,
                 CourierOptions options)
    : impl_(std::make_unique<Impl>(database, clock, rng, channel, std::move(options))) {}

Courier::~Courier() = default;

void Courier::run(std::stop_token stop) { impl_->run(stop); }

void Courier::wake() {
  const std::lock_guard lock(impl_->mutex);
  impl_->woken = impl_->event = true;
  impl_->loop.call_all();
}

bool Courier::idle() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->held == 0 && impl_->found_nothing && !impl_->woken;
}

}  // namespace outbox
