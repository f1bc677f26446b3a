// What a partition router splits a collector's work into (CO1): each partition is fetched, committed and
// resumed on its own, under a key that stays the same from run to run.
//
// Pure but for the two callbacks. Errors: invalid_config for what the file says, invalid_data for what a
// query or a parent request gave, and the callbacks' own. A Partition keeps alive what its values point to.
//
//   const auto partitions = TRY(plan_partitions(&*collector.partition_router, {.rows = …, .records = …}));
//   for (const Partition& it : partitions) values.partitions = it.values;
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/slicing.hpp"
#include "decode/value.hpp"

namespace collect {

inline constexpr std::size_t max_partitions = 100'000;
inline constexpr std::size_t max_partition_bytes = std::size_t{64} << 20;  // of all values of a plan
inline constexpr std::size_t max_partition_key_bytes = 240;

struct Partition {
  std::map<std::string, decode::Value, std::less<>> values{};  // `as` → value, for templates
  // "country=BR,year=2024" in the router's order; maps as JSON with sorted keys; in texts %, comma, = and
  // control characters are percent-encoded. What is longer than 200 bytes ends in a fingerprint.
  std::string key{};
  std::shared_ptr<const void> storage{};
};

// The values have to live until plan_partitions() returns.
struct PartitionSources {
  using Source = std::function<base::Result<std::vector<decode::Value>>(const config::PartitionRouter&)>;
  Source rows{};     // table: one value a row, or a map of several columns
  Source records{};  // substream: the parent's records; `path` is applied here
};

// In the router's order; of a product the last part varies fastest. No router: one partition with key "".
// A value that is null (a parent's record without it) makes no partition, unless all of them are. The same
// value twice is one partition in a substream, whose pages may overlap, and a fault elsewhere.
base::Result<std::vector<Partition>> plan_partitions(const config::PartitionRouter* router,
                                                     const PartitionSources& sources);

}  // namespace collect
