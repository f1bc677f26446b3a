// What the bot's pages, its /status and its gauges tell: numbers of the ledger, read when somebody looks (at
// most once a second) or once in a while, and what the parts have said. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "football/cache.hpp"
#include "football/client.hpp"
#include "jobs/queue.hpp"
#include "outbox/outbox.hpp"
#include "schedule/zone.hpp"
#include "store/database.hpp"
#include "telemetry/metrics.hpp"
#include "web/facts.hpp"

namespace phoenix {

struct PageParts {
  base::Clock& clock;
  telemetry::Metrics& metrics;
  football::Client& football;
  football::Cache& cache;
  jobs::QueueOptions queue{};
  const schedule::Zone& zone;  // whose times /status shows
};

class Page final : public web::FactSource {
 public:
  explicit Page(const PageParts& parts);

  void set_readiness(std::string why_not);  // empty: ready
  void set_store(store::Database* store) { store_ = store; }
  void set_bot(std::string username);
  void set_front(std::string what);  // who asks for updates
  // Until it is settled; in English for the page, and for owners in a chat.
  void warn(const std::string& about, std::string text, std::string in_portuguese);
  void settle(const std::string& about);
  void count();  // numbers into the gauges; warns if the ledger does not answer

  web::Facts facts() override;
  // The same for Telegram, in Portuguese, as it was at the last look: HTML, a few lines. Never waits for the
  // ledger.
  std::string text();
  bool ready() override { return why_not_ready().empty(); }
  std::string why_not_ready() override;
  std::string metrics() override;

 private:
  struct Numbers {
    jobs::Standing queue{};
    outbox::Standing outbox{};
    std::int64_t dead_updates = 0;
    bool known = false;
  };
  Numbers numbers();       // of now; asks the ledger
  Numbers last_numbers();  // of the last look
  web::Facts facts_of(const Numbers& now);
  std::vector<std::string> warnings_in_portuguese();

  const PageParts parts_;
  const base::WallTime started_;
  std::atomic<store::Database*> store_ = nullptr;
  std::mutex mutex_;
  std::string why_not_ready_ = "starting", bot_, front_ = "nobody yet";
  struct Warning {
    std::string text, in_portuguese;
  };
  std::map<std::string, Warning> warnings_;
  std::mutex counting_;
  Numbers numbers_;
  std::optional<base::SteadyTime> counted_at_;
};

}  // namespace phoenix
