// The status as a page: HTML without scripts, the worst collectors first, readable on a phone and by a screen
// reader, in light and dark. At most maximum_rows collectors and maximum_warnings warnings are shown, long
// texts are cut, and everything from outside is escaped. Pure.
#pragma once

#include <string>

#include "web/status.hpp"

namespace web {

inline constexpr std::size_t maximum_rows = 1000;

std::string status_page(const Status& status, base::WallTime now);

}  // namespace web
