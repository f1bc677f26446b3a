// Opens the socket that a server accepts connections on.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "web/address.hpp"

namespace web {

// The socket, non-blocking; the caller's to close. Sets the port that was found. Opened here and not by the
// HTTP library, which does not tell why it could not; `key` is that of the settings, for the messages.
// conflict: the port is taken. permission: it is reserved for root. invalid_config: the address is not ours.
base::Result<int> listen_on(Address& address, std::string_view key);

}  // namespace web
