#include "pulse/page.hpp"

#include "collect/history.hpp"

namespace pulse {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration count_every = 5s;
constexpr base::Duration patience = 2s;  // with a store that does not answer

}  // namespace

void Page::set_readiness(std::string why_not) {
  const std::lock_guard lock(mutex_);
  why_not_ready_ = std::move(why_not);
}

std::string Page::why_not_ready() {
  const std::lock_guard lock(mutex_);
  return why_not_ready_;
}

web::Status Page::status() {
  store::Database* const store = store_;
  const base::SteadyTime now = clock_.steady();
  bool is_time = false;
  {
    const std::lock_guard lock(mutex_);
    is_time = store != nullptr && (!counted_at_ || now - *counted_at_ >= count_every);
    if (is_time) counted_at_ = now;
  }
  if (is_time) {
    std::stop_source ending;
    const auto alarm = clock_.alarm(now + patience, [&ending] { ending.request_stop(); });
    if (const auto session = store->session(ending.get_token()))
      if (const auto totals =
              collect::History(**session, clock_).totals(clock_.wall() - 24h, ending.get_token()))
        board_.set_totals(*totals);
  }
  return board_.status();
}

}  // namespace pulse
