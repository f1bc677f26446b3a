// The HTTP face of the World: GET and HEAD of /HOST/PATH?QUERY are answered as HOST would answer PATH?QUERY;
// /api.telegram.org/ is the BotApi; /_sim/ are the Control, the Holds and the BotControl. Listens on
// 127.0.0.1 only.
//
// One epoll thread serves all connections. An answer that is delayed, held back or not there yet suspends its
// connection (suspended.hpp): a thousand of them cost neither threads nor the speed of the others. The
// destructor gives them up.
//
//   auto server = Server::start(world, clock, 0);   // unavailable: the port is taken
//   use("http://127.0.0.1:{}", (*server)->port());
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "simulator/bot_api.hpp"
#include "simulator/control.hpp"

namespace simulator {

class Server {
 public:
  static constexpr std::size_t maximum_body = 1 << 20;  // of a request; beyond: 413

  static constexpr std::size_t maximum_updates_body = 16 << 20;  // of POST /_sim/telegram/updates

  // Port 0: any free one. World and clock must outlive the server. The bot's seed is the world's.
  static base::Result<std::unique_ptr<Server>> start(World& world, const base::Clock& clock,
                                                     std::uint16_t port, BotOptions bot = {});
  ~Server();
  std::uint16_t port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulator
