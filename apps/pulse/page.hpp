// What the daemon's pages show: the board, and numbers of the ledger that are read when somebody looks. Its
// functions are called on the web server's threads.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "keeper/board.hpp"
#include "store/database.hpp"
#include "telemetry/metrics.hpp"
#include "web/status.hpp"

namespace pulse {

class Page final : public web::StatusSource {
 public:
  Page(keeper::Board& board, const telemetry::Metrics& metrics, base::Clock& clock)
      : board_(board), metrics_(metrics), clock_(clock) {}

  void set_readiness(std::string why_not);                    // empty: ready
  void set_store(store::Database* store) { store_ = store; }  // from now on numbers can be read

  web::Status status() override;
  bool ready() override { return why_not_ready().empty(); }
  std::string why_not_ready() override;
  std::string metrics() override { return metrics_.exposition(); }

 private:
  keeper::Board& board_;
  const telemetry::Metrics& metrics_;
  base::Clock& clock_;
  std::atomic<store::Database*> store_ = nullptr;
  mutable std::mutex mutex_;
  std::string why_not_ready_ = "starting";
  std::optional<base::SteadyTime> counted_at_;
};

}  // namespace pulse
