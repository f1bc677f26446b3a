// Unix sockets by path, however long: an address holds 107 bytes, so a longer path goes through a descriptor
// of its folder. And who may talk to whom: a user with himself and with root. Errors say what is wrong with
// the path; unavailable: nobody listens there.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <stop_token>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/descriptor.hpp"

namespace control {

// A socket that listens there, which only its owner may open, from its first moment. One that a dead process
// left is replaced. conflict: somebody listens there.
struct Listener {
  Descriptor socket;
  ino_t inode = 0;  // of its file
  dev_t device = 0;
};
base::Result<Listener> listen_at(const std::filesystem::path& path, base::Clock& clock);

// Removes the file if it is still that of this listener. Before the socket is closed: until then nobody takes
// its file for a dead process's.
void remove_file(const std::filesystem::path& path, const Listener& listener);

// Non-blocking. timeout: somebody listens, but has accepted nobody for 10 s.
base::Result<Descriptor> connect_to(const std::filesystem::path& path, base::Clock& clock,
                                    std::stop_token stop);

bool may_ask(uid_t client, uid_t server);
bool peer_of(int socket, uid_t& peer);  // false: unknown

}  // namespace control
