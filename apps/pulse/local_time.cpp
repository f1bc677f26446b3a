#include "pulse/local_time.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/text.hpp"

namespace pulse {

std::string local_text(base::WallTime time, const schedule::Zone& zone) {
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  const std::int64_t offset = zone.period(second).offset;
  const base::WallTime shown{std::chrono::seconds{second + offset}};
  const std::int64_t minutes = std::abs(offset) / 60;
  return fmt::format("{}{}{:02}:{:02}", base::to_iso8601(shown).substr(0, 19), offset < 0 ? '-' : '+',
                     minutes / 60, minutes % 60);
}

}  // namespace pulse
