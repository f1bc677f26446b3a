#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace base {

void check_failed(const char* file, int line, const char* condition, const char* reason) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s: %s\n", file, line, condition, reason);
  std::abort();
}

}  // namespace base
