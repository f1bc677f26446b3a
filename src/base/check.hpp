// CHECK(condition, "why it must hold"): a bug in this program, not an error of the world. Always on; prints
// file, line and reason to stderr and aborts, so that a supervisor restarts from the last committed state.
#pragma once

namespace base {
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* reason);
}

#define CHECK(condition, reason) \
  ((condition) ? static_cast<void>(0) : ::base::check_failed(__FILE__, __LINE__, #condition, reason))
