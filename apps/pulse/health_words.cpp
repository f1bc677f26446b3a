#include "pulse/health_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.hpp"

namespace pulse {
namespace {

constexpr std::string_view red = "\x1b[31m", yellow = "\x1b[33m", green = "\x1b[32m", grey = "\x1b[90m";

}  // namespace

const HealthWords& words_of(schedule::Condition condition) {
  // In the order of schedule::Condition.
  static constexpr std::array<HealthWords, 12> all{{
      {"⛔", "INVALID", "CANNOT RUN", "invalid since", "Invalid", red},
      {"🛑", "STUCK", "RUN IS STUCK", "stuck since", "Stuck", red},
      {"❌", "FAILED", "LAST RUN FAILED", "failing since", "Failed", red},
      {"⌛", "STALE", "NO FRESH SUCCESS", "stale since", "Stale", red},
      {"⏰", "LATE", "DID NOT START", "late since", "Late", yellow},
      {"🔁", "RETRYING", "LAST RUN FAILED, TRYING AGAIN", "recovering since", "Recovering", yellow},
      {"🔍", "SUSPECT", "NOTHING NEW CAME", "suspect since", "Suspect", yellow},
      {"❓", "UNVERIFIED", "REPORTED NOTHING", "unverified since", "Unverified", yellow},
      {"⚪", "NEVER RAN", "NEVER RAN", "known since", "Never ran", yellow},
      {"🌱", "ADOPTING", "NO SUCCESS YET", "adopting since", "Adopting", yellow},
      {"💤", "PAUSED", "PAUSED", "paused since", "Paused", grey},
      {"✅", "OK", "OK", "healthy since", "Healthy", green},
  }};
  return all[static_cast<std::size_t>(condition)];
}

std::vector<const web::Collector*> worst_first(const web::Status& status) {
  std::vector<const web::Collector*> list;
  for (const web::Collector& collector : status.collectors) list.push_back(&collector);
  std::stable_sort(list.begin(), list.end(), [](const web::Collector* a, const web::Collector* b) {
    return std::tie(a->condition, a->name) < std::tie(b->condition, b->name);
  });
  return list;
}

std::map<schedule::Condition, std::size_t> counts_of(const web::Status& status) {
  std::map<schedule::Condition, std::size_t> counts;
  for (const web::Collector& collector : status.collectors) ++counts[collector.condition];
  return counts;
}

std::string rough(base::Duration duration) {
  using namespace std::chrono;
  if (duration < 1min)
    return fmt::format("{} s", std::max<std::int64_t>(0, floor<seconds>(duration).count()));
  return base::format_duration(floor<minutes>(duration));
}

std::string ago(base::WallTime time, base::WallTime now) { return rough(now - time) + " ago"; }

std::string until(base::WallTime time, base::WallTime now) {
  return time <= now ? "now" : "in " + rough(time - now);
}

}  // namespace pulse
