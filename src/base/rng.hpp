// Random numbers for jitter, ids and simulations. One generator per owner; not thread-safe.
// Programs seed from entropy; tests pass the seed, and the same seed gives the same sequence on every
// machine.
#pragma once

#include <cstdint>

namespace base {

// xoshiro256** 1.0 (Blackman and Vigna, public domain): small, fast, and the same everywhere, which the
// standard library's distributions are not.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);
  static Rng from_entropy();

  std::uint64_t next();
  double unit();                                              // [0, 1)
  std::uint64_t below(std::uint64_t bound);                   // [0, bound), unbiased; bound > 0
  std::int64_t between(std::int64_t low, std::int64_t high);  // [low, high]

 private:
  std::uint64_t state_[4];
};

}  // namespace base
