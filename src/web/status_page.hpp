// The status as a page: HTML without scripts, the worst collectors first, readable on a phone and by a screen
// reader, in light and dark. At most maximum_rows collectors and maximum_warnings warnings are shown, long
// texts are cut, and everything from outside is escaped. Pure.
#pragma once

#include <string>
#include <string_view>

#include "web/status.hpp"

namespace web {

inline constexpr std::size_t maximum_rows = 1000;
inline constexpr std::size_t maximum_warnings = 20;

// No script, image or form, nothing from elsewhere: should a text ever escape the escaping, it can do
// nothing.
inline constexpr std::string_view status_page_policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

std::string status_page(const Status& status, base::WallTime now);

}  // namespace web
