// errno → base::Error: "opening /x: Permission denied".
#pragma once

#include <cerrno>
#include <string_view>
#include <system_error>

#include "base/result.hpp"

namespace base {

inline Code code_of_errno(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS: return Code::permission;
    case ENOSPC:
    case EDQUOT: return Code::no_space;
    default: return Code::unavailable;
  }
}

inline Error system_error(int number, std::string_view what) {
  return error(code_of_errno(number), "{}: {}", what, std::generic_category().message(number));
}

}  // namespace base
