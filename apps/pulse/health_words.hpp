// How a condition is called, and what stands for it. Pure.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "web/status.hpp"

namespace pulse {

struct HealthWords {
  std::string_view mark;      // two columns wide
  std::string_view word;      // instead of the mark, and in tables; at most ten columns
  std::string_view headline;  // behind the name
  std::string_view since;     // before a time
  std::string_view counted;   // in the summary
  std::string_view colour;    // an escape sequence
};
const HealthWords& words_of(schedule::Condition condition);

inline constexpr std::string_view no_colour = "\x1b[0m";

// The worst first, then by name.
std::vector<const web::Collector*> worst_first(const web::Status& status);
std::map<schedule::Condition, std::size_t> counts_of(const web::Status& status);  // the worst first

std::string rough(base::Duration duration);  // "12 s", "5 min", "2 h 5 min"; never negative
std::string ago(base::WallTime time, base::WallTime now);
std::string until(base::WallTime time, base::WallTime now);  // "in 4 min"; "now" once it has come

}  // namespace pulse
