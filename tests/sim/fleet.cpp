#include "sim/fleet.hpp"

#include <fmt/format.h>

#include <array>

#include "collect/entry.hpp"
#include "collect/fixture_test.hpp"

namespace sim {
namespace {

template <std::size_t size>
std::string one_of(const std::array<const char*, size>& choices, base::Rng& rng) {
  return choices[rng.below(size)];
}

constexpr std::array zones{"UTC",          "Europe/Berlin",      "America/Sao_Paulo", "America/New_York",
                           "Asia/Kolkata", "Australia/Lord_Howe"};
constexpr std::array frequent{"45m", "1h", "90m", "2h"};
constexpr std::array seldom{"5h", "7h", "8h", "12h", "1d", "2d"};
constexpr std::array crons{"0 */8 * * *",     "30 2 * * *",     "15 6,18 * * *", "0 8 * * MON-FRI",
                           "5 1-23/11 * * *", "0 0 1,15 * *",   "45 23 * * SUN", "30 1,2,3 * * *",
                           "0 */12 * * *",    "10 9 1-7 * MON", "@daily",        "*/40 3-4 * * SAT"};
constexpr std::array often{"1m", "2m", "3m", "5m"};

std::string schedule_of(base::Rng& rng, bool busy) {
  const std::uint64_t kind = rng.below(100);
  std::string text;
  if (busy)
    text = "every: " + one_of(often, rng);
  else if (kind < 4)
    text = "every: " + one_of(frequent, rng);
  else if (kind < 40)
    text = "every: " + one_of(seldom, rng);
  else
    text = fmt::format("cron: '{}', timezone: {}", one_of(crons, rng), one_of(zones, rng));
  if (rng.below(3) == 0) text += busy ? ", splay: 30s" : ", splay: 5m";
  text += ", recover_missed: " + one_of(std::array{"last", "last", "all", "none"}, rng);
  text += ", overlap: " + one_of(std::array{"skip", "skip", "queue", "cancel"}, rng);
  if (rng.below(4) == 0)
    text += ", late_maximum_delay: " + (busy ? "4m" : one_of(std::array{"10m", "1h", "6h"}, rng));
  return text;
}

Craft craft(int number, base::Rng& rng, bool busy) {
  std::string yaml = fmt::format(
      "name: c{:03}\nrequester: {{url_base: 'https://api.example', path: /{}}}\nfields: {{id: id}}\n"
      "destination: {{table: t{}, primary_key: [id]}}\nschedule: {{{}}}\n",
      number, number, number, schedule_of(rng, busy));
  if (rng.below(5) == 0) yaml += fmt::format("priority: {}\n", rng.between(-3, 3));
  if (rng.below(4) == 0) yaml += fmt::format("concurrency_group: g{}\n", rng.below(4));
  // Only after earlier ones, so never in a circle.
  if (number > 5 && rng.below(5) == 0) {
    yaml += fmt::format("after: [c{:03}", rng.below(static_cast<std::uint64_t>(number)));
    if (rng.below(2) == 0) yaml += ", c000";
    yaml += "]\n";
    if (rng.below(2) == 0) yaml += "on_upstream_failure: run\n";
    if (rng.below(2) == 0) yaml += fmt::format("deadline: '{:02}:30'\n", rng.below(24));
  }
  config::Collector collector = collect::testing::collector_from(yaml);
  schedule::Entry entry = *collect::entry_of(collector);
  return {yaml, std::move(collector), std::move(entry)};
}

Fleet fleet_of(int count, base::Rng& rng, bool busy) {
  Fleet fleet;
  for (int i = 0; i < count; ++i) {
    Craft it = craft(i, rng, busy);
    fleet.emplace(it.entry.name, std::move(it));
  }
  return fleet;
}

}  // namespace

Fleet random_fleet(int count, base::Rng& rng) { return fleet_of(count, rng, false); }
Fleet busy_fleet(int count, base::Rng& rng) { return fleet_of(count, rng, true); }

config::Catalogue catalogue_of(const Fleet& fleet) {
  config::Catalogue catalogue;
  for (const auto& [name, it] : fleet) catalogue.entries.push_back({name, name + ".yaml", it.collector, {}});
  return catalogue;
}

}  // namespace sim
