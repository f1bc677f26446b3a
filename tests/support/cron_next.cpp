// Answers questions about cron expressions, one a line, for tests that compare with another implementation:
//   1750000000<TAB>5<TAB>Europe/Berlin<TAB>*/15 2 * * *  →  the next 5 slots in seconds since 1970, or
//   "fault: …"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <string>
#include <vector>

#include "schedule/timetable.hpp"

namespace {

constexpr std::int64_t most_slots = 1000;

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> parts;
  for (std::size_t tab; (tab = line.find('\t')) != std::string_view::npos; line.remove_prefix(tab + 1))
    parts.push_back(line.substr(0, tab));
  parts.push_back(line);
  return parts;
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string answer(std::string_view line) {
  const auto parts = split(line);
  if (parts.size() != 4) return "fault: from, count, zone and expression are needed, with tabs between";
  const auto zone = schedule::Zone::find(parts[2]);
  if (!zone) return "fault: " + zone.error().message;
  const auto cron = schedule::Cron::parse(parts[3]);
  if (!cron) return fmt::format("fault: column {}: {}", cron.error().column, cron.error().message);
  const auto count = static_cast<std::size_t>(std::clamp<std::int64_t>(number(parts[1]), 0, most_slots));
  const schedule::WallTime from{std::chrono::seconds{number(parts[0])}};
  std::vector<std::int64_t> seconds;
  for (const auto slot : schedule::Timetable(*cron, *zone).between(from, schedule::WallTime::max(), count))
    seconds.push_back(std::chrono::floor<std::chrono::seconds>(slot).time_since_epoch().count());
  return fmt::format("{}", fmt::join(seconds, " "));
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(line) << "\n";
  return 0;
}
