// A short name for a text: 128-bit FNV-1a (draft-eastlake-fnv), as 32 hexadecimal digits. Tells versions
// apart; no protection against somebody who wants two texts to collide.
#pragma once

#include <string>
#include <string_view>

namespace base {

std::string fingerprint(std::string_view text);

}  // namespace base
