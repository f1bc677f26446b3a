// The daemon's side of the control socket (SQ1; protocol.hpp has the protocol). Only its own user and root
// are served. It stays responsive whatever its clients do: their number, requests, time and unread answers
// are bounded.
//
// The handler runs on the server's one thread and must return quickly: it gives the work to others, with the
// Reply. What it throws becomes an error. The destructor fires the stop of all requests that are open, tells
// their clients, and removes the socket.
//
//   auto server = TRY(control::Server::start({.path = "var/pulse.db.sock", .version = PULSE_VERSION,
//                                             .commands = {"collect"}}, handler, clock));
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/protocol.hpp"
#include "control/reply.hpp"

namespace control {

using Handler = std::function<void(const Request&, std::shared_ptr<Reply>)>;

struct ServerOptions {
  std::filesystem::path path;
  std::string version{};                           // of this program, for messages
  std::vector<std::string> commands{};             // any other is answered with an error
  std::size_t maximum_connections = 256;           // the next is told "busy"
  std::size_t maximum_unread = 8 << 20;            // bytes; beyond, the client is cut
  std::chrono::milliseconds request_time{10'000};  // to send its request
  std::chrono::milliseconds unread_time{30'000};   // without reading; then the client is cut
  std::chrono::milliseconds farewell_time{2'000};  // for clients to read their ends, when the server ends
};

class Server {
 public:
  // conflict: another server listens there. Else what is wrong with the path. The clock must outlive the
  // server.
  static base::Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler,
                                                     base::Clock& clock);
  ~Server();

  void stop_listening();            // no new clients, the file is gone; requests under way go on
  std::size_t connections() const;  // open now

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace control
