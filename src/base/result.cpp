#include "base/result.hpp"

namespace base {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::cancelled: return "cancelled";
    case Code::timeout: return "timeout";
    case Code::unavailable: return "unavailable";
    case Code::rate_limited: return "rate_limited";
    case Code::endpoint_gone: return "endpoint_gone";
    case Code::permission: return "permission";
    case Code::invalid_config: return "invalid_config";
    case Code::invalid_data: return "invalid_data";
    case Code::conflict: return "conflict";
    case Code::no_space: return "no_space";
    case Code::internal: return "internal";
  }
  return "internal";
}

}  // namespace base
