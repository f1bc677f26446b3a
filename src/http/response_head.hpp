// Reads the header lines of an answer as libcurl hands them over: interim answers (1xx) are dropped, folded
// lines joined, names put in lower case, trailers ignored, the whole bounded. Pure; one object per answer.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/message.hpp"

namespace http {

std::string_view trimmed(std::string_view text);  // without the white space around it

class ResponseHead {
 public:
  static constexpr std::size_t max_bytes = 256u << 10;
  enum class State { reading, complete, trailers, too_large };

  // One line, its end included. `complete` is returned once, for the empty line that ends the final answer's
  // headers.
  State add(std::string_view line, Response& response);

 private:
  std::size_t bytes_ = 0;
  bool complete_ = false;
};

}  // namespace http
