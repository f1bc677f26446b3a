// The HTTP face of the World: GET and HEAD of /HOST/PATH?QUERY are answered as HOST would answer PATH?QUERY;
// /_sim/ is the Control. Listens on 127.0.0.1 only.
//
// One epoll thread serves all connections. A delayed answer suspends its connection, and a timer thread
// resumes it: a thousand slow answers cost neither threads nor the speed of the others. The destructor gives
// delayed answers up.
//
//   auto server = Server::start(world, clock, 0);   // unavailable: the port is taken
//   use("http://127.0.0.1:{}", (*server)->port());
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "simulator/control.hpp"

namespace simulator {

class Server {
 public:
  static constexpr std::size_t maximum_body = 1 << 20;  // of a request; beyond: 413

  // Port 0: any free one. World and clock must outlive the server.
  static base::Result<std::unique_ptr<Server>> start(World& world, const base::Clock& clock,
                                                     std::uint16_t port);
  ~Server();
  std::uint16_t port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulator
