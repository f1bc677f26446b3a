#include "pulse/housekeeping.hpp"

#include <algorithm>

#include "http/budget_store.hpp"

namespace pulse {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration first_after = 1min;  // what a start brings with it has its turn before
constexpr base::Duration look_every = 10min, purge_every = 6h, purge_again_after = 1h;

}  // namespace

Housekeeping::Housekeeping(const HousekeepingParts& parts)
    : parts_(parts), next_(parts.clock.steady() + first_after), purge_at_(next_) {}

void Housekeeping::work(std::stop_token stop) {
  while (parts_.clock.sleep_until(next_, stop)) turn(stop);
}

void Housekeeping::turn(std::stop_token stop) {
  tidy_logs();
  const base::SteadyTime now = parts_.clock.steady();
  next_ = now + look_every;
  if (now < purge_at_) return;
  const auto gone = purge(stop);
  purge_at_ = now + (gone ? purge_every : purge_again_after);
  if (stop.stop_requested()) return;
  const telemetry::Logger logger = parts_.log.logger();
  if (gone)
    logger.info("old records deleted", {{"runs", gone->runs},
                                        {"slices", gone->slices},
                                        {"slots", gone->slots},
                                        {"quarantine", gone->quarantine}});
  else
    logger.warning("old records not deleted; the next try is in an hour", {{"reason", gone.error().message}});
}

void Housekeeping::tidy_logs() {
  parts_.log.tidy_up();
  parts_.board.warn("logs", parts_.log.shortage());
}

base::Result<collect::Purged> Housekeeping::purge(std::stop_token stop) {
  const auto session = TRY(parts_.store.session(stop));
  collect::Purged all{.more = true};
  while (all.more) {
    const collect::Purged some = TRY(collect::purge(*session, parts_.clock, parts_.retention, stop));
    all = {.runs = all.runs + some.runs,
           .slices = all.slices + some.slices,
           .slots = all.slots + some.slots,
           .quarantine = all.quarantine + some.quarantine,
           .answers = all.answers + some.answers,
           .more = some.more};
  }
  TRY(http::purge_budgets(*session, parts_.clock, stop));
  return all;
}

}  // namespace pulse
