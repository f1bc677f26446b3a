// Whether the disk has so little room left that what is least needed, the debug lines, must go (DU1). Asks
// the disk once a second at most. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "base/clock.hpp"

namespace telemetry {

class DiskReserve {
 public:
  using FreeSpace = std::function<std::uint64_t(const std::filesystem::path&)>;
  // An empty `free_space` asks the disk of `folder`; what cannot be asked is not short.
  DiskReserve(std::filesystem::path folder, std::uint64_t reserve, FreeSpace free_space);
  bool is_short(base::SteadyTime now);

 private:
  const std::filesystem::path folder_;
  const std::uint64_t reserve_;
  const FreeSpace free_space_;
  std::optional<base::SteadyTime> asked_;
  bool short_ = false;
};

}  // namespace telemetry
