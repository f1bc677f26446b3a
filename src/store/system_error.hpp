// errno → base::Error: "opening /x: Permission denied".
#pragma once

#include <cerrno>
#include <string_view>
#include <system_error>

#include "base/result.hpp"

namespace store {

inline base::Code code_of_errno(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS: return base::Code::permission;
    case ENOSPC:
    case EDQUOT: return base::Code::no_space;
    default: return base::Code::unavailable;
  }
}

inline base::Error system_error(int number, std::string_view what) {
  return base::error(code_of_errno(number), "{}: {}", what, std::generic_category().message(number));
}

}  // namespace store
