// The rows that bench/load.py loads, the same from every program: row `number` in its first or its changed
// form, made from nothing but the number. As JSON a row has some 270 bytes. Single-threaded, no errors.
//
//   const load_bench::Row row = load_bench::make_row(7, false);
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace load_bench {

struct Row {
  std::int64_t id;
  std::string code, name, category, description;
  std::int64_t cents;  // the price, exact
  std::int64_t quantity;
  double rating;
  bool active;
  std::int64_t updated;  // seconds since 1970

  std::string price() const { return fmt::format("{}.{:02}", cents / 100, cents % 100); }
  std::string updated_at() const;
};

inline std::string Row::updated_at() const {
  const std::int64_t days = updated / 86'400, rest = updated % 86'400;
  // 2024, a leap year, is all that make_row() needs.
  constexpr int starts[] = {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366};
  const std::int64_t day = days - 19'723;
  int month = 0;
  while (starts[month + 1] <= day) ++month;
  return fmt::format("2024-{:02}-{:02}T{:02}:{:02}:{:02}", month + 1, day - starts[month] + 1, rest / 3600,
                     rest / 60 % 60, rest % 60);
}

inline Row make_row(std::int64_t number, bool changed) {
  static constexpr const char* words[] = {"acier",  "ação",  "brass", "cotton", "drill", "engine",
                                          "fabric", "glass", "hinge", "iron",   "joint", "kettle",
                                          "lamp",   "motor", "nylon", "oak"};
  const auto hash = static_cast<std::uint64_t>(number + 1) * 0x9E3779B97F4A7C15u;
  const auto word = [&](unsigned shift) { return words[(hash >> shift) & 15u]; };
  Row row{.id = number + 1,
          .code = fmt::format("{:016x}", hash),
          .name = fmt::format("{} {} {}", word(4), word(8), word(12)),
          .category = word(60),
          .description = fmt::format("{} of {} with {} and {}, as \"{}\"", word(16), word(20), word(24),
                                     word(28), word(32)),
          .cents = static_cast<std::int64_t>((hash >> 20) % 10'000'000),
          .quantity = static_cast<std::int64_t>((hash >> 40) % 100'000),
          .rating = static_cast<double>((hash >> 30) % 500) / 100,
          .active = (hash >> 50 & 1u) != 0,
          .updated = 1'704'067'200 + static_cast<std::int64_t>((hash >> 10) % (366 * 86'400))};
  if (changed) {
    row.cents += 1;
    row.name += " II";
  }
  return row;
}

// Every tenth row is another when the source has changed.
inline bool is_changed(std::int64_t number, bool source_changed) {
  return source_changed && number % 10 == 0;
}

}  // namespace load_bench
