// What all our HTTP servers stand on: a socket, threads, and bounds that hold whatever clients do.
// Connections and their life time are bounded, and so are heads and bodies; a slow client loses its place to
// a new one. Every answer ends its connection. TLS is left to a reverse proxy.
//
// An Answering is called on the daemon's threads, several at once; what it throws becomes a 500. The
// destructor ends all connections and waits for answers under way.
//
//   auto daemon = TRY(Daemon::start({.address = address, .key = "listen.address"}, answering, clock));
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "web/address.hpp"
#include "web/message.hpp"

namespace web {

// The head of a request.
struct Incoming {
  static constexpr std::uint64_t unknown_length = UINT64_MAX;

  std::string method{}, version{};
  std::string target{};    // as sent
  std::size_t size = 0;    // of the whole head, in bytes
  std::uint64_t body = 0;  // bytes that were announced; unknown_length: in chunks, or it is no number
  std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case

  std::vector<std::string> values(std::string_view name) const;
};

class Answering {
 public:
  virtual ~Answering() = default;
  // Up to how many bytes the body of this request is kept; a longer one is not: answer() then gets "" and
  // sees by `incoming.body` why.
  virtual std::size_t body_limit(const Incoming& incoming) const = 0;
  virtual Response answer(const Incoming& incoming, std::string body) = 0;

 protected:
  // What no server of ours takes: another version of HTTP, too long a head, a target that is no path.
  // Nothing: `target` is good.
  static std::optional<Response> check_form(const Incoming& incoming, Target& target);
};

struct DaemonOptions {
  Address address{};
  std::string_view key{};  // of the settings, where people set the address
  unsigned threads = 2;    // at least 1
  std::size_t maximum_connections = 256;
  std::chrono::seconds connection_time{20};  // for request and answer together
};

class Daemon {
 public:
  // conflict: the port is taken. permission: the port is reserved for root. invalid_config: the address is
  // not ours. `answering` and clock must outlive the daemon.
  static base::Result<std::unique_ptr<Daemon>> start(DaemonOptions options, Answering& answering,
                                                     base::Clock& clock);
  ~Daemon();

  Address address() const;          // with the port that was found
  std::size_t connections() const;  // open now

 private:
  struct Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace web
