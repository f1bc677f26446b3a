// The cache's file (R11, SS5). All numbers little-endian:
//
//   "PHXCACHE"  version u32  made at i64  entries u64  content bytes u64
//   content: each entry  key size u32  body size u32  told at i64  fresh i64  keep i64  key  body
//   checksum u64 of all before (FNV-1a, which no single changed byte survives)
//
// Times are µs (since 1970 UTC, or long). The reader believes nothing before the checksum is right, and then
// still every size only within its bounds. Not thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "football/cache.hpp"

namespace football {

struct CacheRecord {
  std::string key{};
  std::shared_ptr<const std::string> body{};
  base::WallTime at{};
  Cache::Lifetime lifetime{};
};

inline constexpr std::uint32_t cache_file_version = 1;
inline constexpr std::size_t max_cache_key = 2048;
inline constexpr std::chrono::hours max_cache_lifetime{366 * 24};

// By a temporary file beside it, which is renamed when it is safe on the disk.
base::Result<void> write_cache_file(const std::filesystem::path& file,
                                    const std::vector<CacheRecord>& records, base::WallTime now);

// nullopt: there is no such file. invalid_data: what is wrong with it; others: why it could not be read.
base::Result<std::optional<std::vector<CacheRecord>>> read_cache_file(const std::filesystem::path& file,
                                                                      base::WallTime now,
                                                                      std::uint64_t max_bytes);

}  // namespace football
