// Whether rows with the same key may have been staged (CO4), without asking the database to sort them: keeps
// a hash of each key, of as many as `max_keys`.
//
//   KeyWatch watch(key_places(fields));
//   watch.see(row); …
//   if (watch.may_repeat()) …     // false: certainly not; true: ask the database
//
// For keys that are equal only if their parameters are, byte by byte; on PostgreSQL 1.0 and 1.00 are equal,
// and so are texts under some collations. Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "store/database.hpp"

namespace collect {

class KeyWatch {
 public:
  static constexpr std::size_t max_keys = std::size_t{1} << 21;  // 16 MiB

  // Where in a row the key is. Nothing: it always may repeat.
  explicit KeyWatch(std::vector<std::size_t> places = {}) : places_(std::move(places)) {}

  void see(std::span<const store::Param> row);
  bool may_repeat();

 private:
  std::vector<std::size_t> places_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace collect
