// The status as JSON, for programs: every time in ISO 8601 (UTC), null for what is not known, collectors in
// the order of the source. Bytes that are no UTF-8 become U+FFFD. Pure.
#pragma once

#include <string>

#include "web/status.hpp"

namespace web {

std::string status_json(const Status& status, base::WallTime now);

}  // namespace web
