#include "program/machine_checks.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/text.hpp"
#include "schedule/zone.hpp"
#include "telemetry/log_folder.hpp"
#include "web/guard.hpp"

namespace program {
namespace {

using State = Finding::State;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::uint64_t scarce = std::uint64_t{256} << 20;  // below, the log leaves debug lines out
constexpr std::uint64_t too_little = std::uint64_t{16} << 20;
constexpr base::Duration tolerated = 10s;  // a third of a run's lease

std::string system_message(int number) { return std::generic_category().message(number); }

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// `to_reach` it: of "all addresses" the one of this machine.
SocketAddress socket_address(const web::Address& address, bool to_reach) {
  SocketAddress result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    if (to_reach && v4->sin_addr.s_addr == htonl(INADDR_ANY)) v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    if (to_reach && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr)) v6->sin6_addr = in6addr_loopback;
    result.size = sizeof(sockaddr_in6);
  }
  return result;
}

telemetry::FileHandle open_socket(const SocketAddress& address) {
  return telemetry::FileHandle(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

bool wait_for(int socket, short events, std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd wanted{socket, events, 0};
  return left.count() > 0 && ::poll(&wanted, 1, static_cast<int>(left.count())) == 1;
}

// The beginning of what is served at the path of our status, or what there is of it in time.
std::string ask_for_status(const web::Address& address, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const SocketAddress target = socket_address(address, true);
  const telemetry::FileHandle socket = open_socket(target);
  if (!socket) return {};
  if (::connect(socket.get(), target.get(), target.size) != 0 && errno != EINPROGRESS) return {};
  if (!wait_for(socket.get(), POLLOUT, deadline)) return {};
  const std::string request =
      fmt::format("GET /api/v1/status HTTP/1.0\r\nHost: localhost:{}\r\n\r\n", address.port);
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  std::string answer;
  std::array<char, 4096> buffer;
  while (answer.size() < buffer.size() && wait_for(socket.get(), POLLIN, deadline)) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return answer;
}

}  // namespace

Finding check_clock(base::WallTime now) {
  const std::string shown = base::to_iso8601(now).substr(0, 19) + "Z";
  if (now < base::WallTime(std::chrono::sys_days(std::chrono::year{2025} / 1 / 1)))
    return {"clock", State::wrong, fmt::format("this machine's clock says {}", shown),
            "set it, and let a time service (chrony, systemd-timesyncd) keep it"};
  return {"clock", State::fine, shown};
}

Finding check_clock_of(const std::string& database, base::Duration ahead) {
  const base::Duration distance = ahead < 0s ? -ahead : ahead;
  const std::string check = "clock of " + database;
  if (distance <= tolerated)
    return {check, State::fine, fmt::format("within {} of ours", base::format_duration(tolerated))};
  return {check, State::warning,
          fmt::format("our clock is {} {} that of the server", base::format_duration(distance),
                      ahead > 0s ? "ahead of" : "behind"),
          "let a time service (chrony, systemd-timesyncd) keep both"};
}

Finding check_time_zones() {
  if (const auto zone = schedule::Zone::find("America/Sao_Paulo"); !zone)
    return {"time zones", State::wrong, zone.error().message, "install the package tzdata"};
  return {"time zones", State::fine, "the zone database is there"};
}

fs::path existing_folder(fs::path path) {
  std::error_code fault;
  path = fs::absolute(path, fault).lexically_normal();
  while (!fs::is_directory(path, fault) && path.has_relative_path()) path = path.parent_path();
  return path;
}

Finding check_folder(const std::string& check, const fs::path& folder, const std::string& setting) {
  std::error_code fault;
  const bool is_there = fs::is_directory(folder, fault);
  fs::path nearest = fs::absolute(folder, fault).lexically_normal();
  while (!fs::exists(fs::symlink_status(nearest, fault)) && nearest.has_relative_path())
    nearest = nearest.parent_path();
  if (!fs::is_directory(nearest, fault))
    return {check, State::wrong, fmt::format("{} is no folder", nearest.string()),
            fmt::format("name another one in {}", setting)};
  const fs::path place = existing_folder(folder);
  if (::access(place.c_str(), W_OK | X_OK) != 0)
    return {check, State::wrong,
            fmt::format("{} cannot be written: {}", place.string(), system_message(errno)),
            fmt::format("give this user the right to, or name another folder in {}", setting)};
  return {check, State::fine,
          is_there ? fmt::format("{} can be written", folder.string())
                   : fmt::format("{} will be made when it is needed", folder.string())};
}

std::optional<std::uint64_t> free_space(const fs::path& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return std::nullopt;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

Finding check_disk(const std::string& check, const fs::path& folder, std::optional<std::uint64_t> free) {
  if (!free)
    return {check, State::warning, fmt::format("the free space at {} is not known", folder.string()),
            "look with df"};
  const std::string text = fmt::format("{} free at {}", base::format_size(*free), folder.string());
  if (*free < too_little) return {check, State::unreachable, text, "make room"};
  if (*free < scarce) return {check, State::warning, text, "make room: runs and log lines will fail"};
  return {check, State::fine, text};
}

Finding check_listen(const web::Address& address, std::string_view program,
                     std::chrono::milliseconds patience) {
  const std::string shown = web::to_string(address), check = "listen";
  const SocketAddress wanted = socket_address(address, false);
  const telemetry::FileHandle socket = open_socket(wanted);
  const int on = 1;
  if (socket) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Beside a socket that listens this fails, whatever its options.
    if (::bind(socket.get(), wanted.get(), wanted.size) == 0) return {check, State::fine, shown + " is free"};
  }
  switch (const int number = errno) {
    case EADDRINUSE:
      if (ask_for_status(address, patience).find(fmt::format("\"program\": \"{}\"", program)) !=
          std::string::npos)
        return {check, State::fine, fmt::format("a {} answers at {}", program, shown)};
      return {check, State::wrong, fmt::format("another program has {}", shown),
              "end it, or set listen.address to another port"};
    case EADDRNOTAVAIL:
      return {check, State::wrong, fmt::format("{} is no address of this machine", shown),
              fmt::format("set listen.address to one that is, like 127.0.0.1:{}", address.port)};
    case EACCES:
      return {check, State::wrong, fmt::format("this user may not listen at {}", shown),
              "take a port from 1024 on"};
    default:
      return {check, State::unreachable, fmt::format("{}: {}", shown, system_message(number)),
              "look at this machine's network"};
  }
}

std::optional<Finding> check_listening(const config::ListenSettings& listen, std::string_view program) {
  if (listen.is_off()) return std::nullopt;
  const auto address = web::parse_address(listen.address);
  if (!address) return Finding{"listen", State::wrong, address.error().message, "set listen.address"};
  if (const auto guard = web::Guard::make(*address, listen.name, listen.token, listen.is_public); !guard)
    return Finding{"listen", State::wrong, guard.error().message, "set listen.address or listen.token"};
  if (address->port == 0) return Finding{"listen", State::fine, web::to_string(*address) + ": any free port"};
  return check_listen(*address, program, 3s);
}

}  // namespace program
