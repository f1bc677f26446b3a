// What users are told somebody was told of: a key or a plan that API-Football refuses, a fault of ours. It is
// logged as CRITICAL, shown on the page, and the owners get a message; each at most once an hour.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "phoenix/app.hpp"
#include "phoenix/page.hpp"
#include "store/database.hpp"

namespace phoenix {

class Alarm {
 public:
  // `on_message`: something is in the outbox.
  Alarm(App& app, Page& page, store::Database& store, std::function<void()> on_message);

  void tell(std::vector<std::int64_t> owners);  // from now on these
  // Of an error that football::needs_a_person().
  void raise(const base::Error& error);
  // Takes the warning off the page when nothing happened for an hour. Once in a while.
  void look();

 private:
  App& app_;
  Page& page_;
  store::Database& store_;
  const std::function<void()> on_message_;
  const telemetry::Logger log_;
  std::mutex mutex_;
  std::vector<std::int64_t> owners_;
  std::optional<base::SteadyTime> last_, logged_;
};

}  // namespace phoenix
