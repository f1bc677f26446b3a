// Says which process writes to a file (SQ1): an exclusive flock(2) on a small file beside it, with the
// holder's process id and start time inside, for messages. The kernel lets go when the process dies, however
// it dies. The file itself stays: removing it would let two processes hold two files of one name. Programs
// started by us do not inherit it.
//
// Errors: conflict when the wait ends (names the holder), cancelled on stop, else what opening the file says.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace store {

class LockFile {
 public:
  // Locks `<target>.lock`, trying every 50 ms for `wait`; at least once.
  static base::Result<LockFile> acquire(const std::filesystem::path& target, std::chrono::milliseconds wait,
                                        base::Clock& clock, std::stop_token stop);
  LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace store
