// How large a decoded tree may become. It may need much more than its body (an empty CSV cell is one byte,
// its Member 40), and a hostile or mistaken answer consists of nothing else: then the decoder gives up with
// an error.
#pragma once

#include <cstddef>

namespace decode {

inline constexpr std::size_t max_tree = std::size_t{1} << 30;  // bytes

}  // namespace decode
