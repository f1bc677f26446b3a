#include "collect/lease_keeper.hpp"

#include <utility>

namespace collect {
namespace {

constexpr base::Duration renew_every = run_lease / 3;

}  // namespace

LeaseKeeper::LeaseKeeper(store::Database& database, base::Clock& clock, RunRecord run,
                         std::function<void()> on_lost)
    : database_(database), clock_(clock), run_(std::move(run)), on_lost_(std::move(on_lost)) {
  set_alarm();
  thread_ = std::jthread([this](const std::stop_token& stop) { keep(stop); });
}

LeaseKeeper::~LeaseKeeper() {
  thread_.request_stop();
  thread_.join();
  alarm_.reset();
}

void LeaseKeeper::set_alarm() {
  alarm_ = clock_.alarm(clock_.steady() + renew_every, [this] {
    const std::lock_guard lock(mutex_);
    due_ = true;
    wake_.notify_all();
  });
}

// A renewal that fails is tried again at the next turn: two more fit into the lease.
void LeaseKeeper::keep(const std::stop_token& stop) {
  while (!lost_) {
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [&] { return due_; })) return;
      due_ = false;
    }
    static_cast<void>(renew(stop));
    if (lost_) return on_lost_();
    set_alarm();
  }
}

base::Result<void> LeaseKeeper::renew(std::stop_token stop) {
  const auto session = TRY(database_.session(stop));
  Ledger ledger(*session, clock_);
  return session->transact(store::Access::write, std::move(stop),
                           [&](store::Connection& connection) -> base::Result<void> {
                             lost_ = !TRY(ledger.hold(connection, run_));
                             return {};
                           });
}

}  // namespace collect
