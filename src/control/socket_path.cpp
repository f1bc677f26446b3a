#include "control/socket_path.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <string>

namespace control {
namespace {

using base::Code;
using namespace std::chrono_literals;

constexpr auto lock_wait = 5s;
constexpr auto connect_wait = 10s;
constexpr auto pause_between = 20ms;

// What bind(2) and connect(2) take. The folder stays open as long as the address is used.
struct Address {
  Descriptor folder;
  sockaddr_un address{};
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

base::Result<Address> address_of(const std::filesystem::path& path) {
  Address result;
  std::string text = path.string();
  if (text.size() >= sizeof(result.address.sun_path)) {
    const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
    result.folder = Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!result.folder) return base::system_error(errno, "opening the folder " + folder);
    text = fmt::format("/proc/self/fd/{}/{}", result.folder.get(), path.filename().string());
  }
  if (text.size() >= sizeof(result.address.sun_path))
    return base::error(Code::invalid_config,
                       "{}: the name of a socket has at most 80 bytes; give the database "
                       "a shorter name",
                       path.string());
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path, text.c_str(), text.size() + 1);
  return result;
}

base::Result<Descriptor> make_socket() {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return base::system_error(errno, "making a unix socket");
  return socket;
}

// Whoever looks at a socket's file and replaces it holds this, so that two that start do not replace each
// other's. On the folder, so that nothing is left behind.
base::Result<Descriptor> lock_folder(const std::filesystem::path& path, base::Clock& clock) {
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  Descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return base::system_error(errno, "opening the folder " + folder);
  const base::SteadyTime deadline = clock.steady() + lock_wait;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return base::system_error(errno, "locking the folder " + folder);
    if (clock.steady() >= deadline)
      return base::error(Code::conflict, "another program has locked the folder {}; end it, then try again",
                         folder);
    clock.sleep_for(pause_between, {});
  }
  return lock;
}

// Under the folder's lock.
base::Result<void> remove_stale(const std::filesystem::path& path, const Address& address) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return {};
    return base::system_error(errno, "looking at " + path.string());
  }
  if (!S_ISSOCK(file.st_mode))
    return base::error(Code::conflict, "{} is not a socket; move it away, the daemon needs this name",
                       path.string());
  const Descriptor probe = TRY(make_socket());
  if (::connect(probe.get(), address.get(), sizeof(sockaddr_un)) == 0 || errno == EAGAIN)
    return base::error(Code::conflict, "another daemon listens at {}; stop it before you start one",
                       path.string());
  if (errno == ENOENT) return {};
  if (errno != ECONNREFUSED) return base::system_error(errno, "connecting to " + path.string());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return base::system_error(errno, "removing the socket " + path.string() + " of a dead process");
  return {};
}

}  // namespace

base::Result<Listener> listen_at(const std::filesystem::path& path, base::Clock& clock) {
  const Address address = TRY(address_of(path));
  const Descriptor lock = TRY(lock_folder(path, clock));
  TRY(remove_stale(path, address));
  Listener listener{.socket = TRY(make_socket())};
  // Linux makes the file with the mode of the socket, less the umask; the umask itself belongs to all
  // threads.
  if (::fchmod(listener.socket.get(), 0600) != 0) return base::system_error(errno, "fchmod of a unix socket");
  if (::bind(listener.socket.get(), address.get(), sizeof(sockaddr_un)) != 0)
    return base::system_error(errno, "making the socket " + path.string());
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) return base::system_error(errno, "looking at " + path.string());
  listener.inode = file.st_ino;
  listener.device = file.st_dev;
  const bool is_private = (file.st_mode & 0177U) == 0;  // nobody was let in so far: it does not listen yet
  if (!is_private || ::listen(listener.socket.get(), SOMAXCONN) != 0) {
    const int fault = is_private ? errno : EPERM;
    remove_file(path, listener);
    return base::system_error(fault, is_private ? "listening at " + path.string()
                                                : "making " + path.string() + " readable by its owner only");
  }
  return listener;
}

void remove_file(const std::filesystem::path& path, const Listener& listener) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) == 0 && file.st_ino == listener.inode && file.st_dev == listener.device)
    ::unlink(path.c_str());
}

base::Result<Descriptor> connect_to(const std::filesystem::path& path, base::Clock& clock,
                                    std::stop_token stop) {
  const Address address = TRY(address_of(path));
  Descriptor socket = TRY(make_socket());
  const base::SteadyTime deadline = clock.steady() + connect_wait;
  while (::connect(socket.get(), address.get(), sizeof(sockaddr_un)) != 0) {
    switch (errno) {
      case EINTR: continue;
      case EAGAIN: break;  // its queue is full
      case ENOENT:
      case ECONNREFUSED: return base::error(Code::unavailable, "no daemon listens at {}", path.string());
      case EACCES:
        return base::error(Code::permission,
                           "the daemon at {} serves its own user and root only; run this "
                           "command as that user",
                           path.string());
      default: return base::system_error(errno, "connecting to " + path.string());
    }
    if (clock.steady() >= deadline)
      return base::error(Code::timeout, "the daemon at {} accepts nobody; see its log, or start it again",
                         path.string());
    if (!clock.sleep_for(pause_between, stop))
      return base::error(Code::cancelled, "stopped while connecting to {}", path.string());
  }
  return socket;
}

bool may_ask(uid_t client, uid_t server) { return client == server || client == 0; }

bool peer_of(int socket, uid_t& peer) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return false;
  peer = credentials.uid;
  return true;
}

}  // namespace control
