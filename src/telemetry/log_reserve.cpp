#include "telemetry/log_reserve.hpp"

#include <sys/statvfs.h>

#include <limits>

namespace telemetry {
namespace {

std::uint64_t free_on_disk(const std::filesystem::path& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace

DiskReserve::DiskReserve(std::filesystem::path folder, std::uint64_t reserve, FreeSpace free_space)
    : folder_(std::move(folder)),
      reserve_(reserve),
      free_space_(free_space ? std::move(free_space) : FreeSpace(free_on_disk)) {}

bool DiskReserve::is_short(base::SteadyTime now) {
  if (!asked_ || now - *asked_ >= std::chrono::seconds{1}) {
    short_ = free_space_(folder_) < reserve_;
    asked_ = now;
  }
  return short_;
}

}  // namespace telemetry
