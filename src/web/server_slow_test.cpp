// Clients that are slow, idle or many: they may lose, others may not.
#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <thread>

#include "web/client_test.hpp"
#include "web/connections.hpp"
#include "web/server.hpp"

namespace web {
namespace {

using namespace std::chrono_literals;

std::vector<Route> routes() {
  return {{.path = "/healthz", .handler = [](const Request&) { return plain(200, "ok"); }},
          {.path = "/large",
           .handler = [](const Request&) { return Response{.body = std::string(64 << 20, 'x')}; }}};
}

std::unique_ptr<Server> start(Options options, base::Clock& clock) {
  auto server = Server::start(std::move(options), routes(), clock);
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

std::vector<Client> slow_clients(std::uint16_t port, int number) {
  std::vector<Client> clients;
  for (int i = 0; i < number; ++i) clients.emplace_back(port).send("GET /healthz HTTP/1.1\r\nHost: loc");
  return clients;
}

void wait_for(const Server& server, std::size_t connections) {
  while (server.connections() != connections) std::this_thread::yield();
}

TEST(SlowClients, OthersAreAnswered) {
  base::SystemClock clock;
  const auto server = start({}, clock);
  auto slow = slow_clients(server->address().port, 200);
  EXPECT_EQ(get(server->address().port, "/healthz").status, 200);
  ASSERT_TRUE(slow.back().send("alhost\r\n\r\n"));
  EXPECT_EQ(parse_reply(slow.back().read_all()).status, 200) << "slow is not wrong";
}

TEST(SlowClients, TheOldestMakesRoomForTheNewest) {
  base::SystemClock clock;
  const auto server = start({.maximum_connections = 16}, clock);
  auto slow = slow_clients(server->address().port, 200);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(server->address().port, "/healthz").status, 200);
  EXPECT_LE(server->connections(), 16U);
  EXPECT_EQ(slow.front().read_all(), "");
  EXPECT_TRUE(slow.front().closed());
}

// However its bytes are spread: that would outwit a limit between two of them.
TEST(SlowClients, TimeIsUp) {
  base::SimulatedClock clock(base::SimulatedClock::Mode::manual);
  const auto server = start({.connection_time = 20s}, clock);
  const auto port = server->address().port;
  Client old(port);
  old.send("GET /healthz HTTP/1.1\r\n");
  wait_for(*server, 1);
  clock.advance(19s);
  Client young(port);
  young.send("GET /healthz HTTP/1.1\r\n");
  wait_for(*server, 2);
  clock.advance(1s);
  EXPECT_EQ(old.read_all(), "");
  EXPECT_TRUE(old.closed());
  EXPECT_EQ(server->connections(), 1U);
  young.send("Host: localhost\r\n\r\n");
  EXPECT_EQ(parse_reply(young.read_all()).status, 200);
}

TEST(SlowClients, AnAnswerThatNobodyReads) {
  base::SimulatedClock clock(base::SimulatedClock::Mode::manual);
  const auto server = start({.connection_time = 20s}, clock);
  Client client(server->address().port);
  client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  wait_for(*server, 1);
  clock.advance(20s);
  EXPECT_LT(client.read_all().size(), std::size_t{64} << 20);
  wait_for(*server, 0);
}

TEST(SlowClients, StopDoesNotWaitForThem) {
  base::SystemClock clock;
  auto server = start({}, clock);
  auto slow = slow_clients(server->address().port, 100);
  Client reader(server->address().port);
  reader.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto before = std::chrono::steady_clock::now();
  server.reset();
  // The idle limit is 10 s: far from both, so that a busy machine does not matter.
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_EQ(slow.front().read_all(), "");
  EXPECT_TRUE(slow.front().closed());
}

TEST(SlowClients, StopWaitsForAHandler) {
  base::SystemClock clock;
  std::latch entered(1), leave(1);
  auto started = Server::start({},
                               {{.path = "/wait",
                                 .handler =
                                     [&](const Request&) {
                                       entered.count_down();
                                       leave.wait();
                                       return plain(200, "done");
                                     }}},
                               clock);
  ASSERT_TRUE(started);
  auto server = std::move(*started);
  Client client(server->address().port);
  client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  entered.wait();
  std::jthread stop([&] { server.reset(); });
  leave.count_down();
}

TEST(Connections, AClosedOneIsNotTouched) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  Connections connections(2, 10s);
  const base::SteadyTime start{};
  const auto first = connections.opened(pair[0], start);
  connections.closed(first);
  connections.end_old(start + 20s);
  EXPECT_EQ(::send(pair[0], "x", 1, MSG_NOSIGNAL), 1) << "still whole";
  connections.opened(pair[0], start);
  connections.end_old(start + 9s);
  EXPECT_EQ(::send(pair[0], "x", 1, MSG_NOSIGNAL), 1);
  connections.end_old(start + 10s);
  EXPECT_EQ(::send(pair[0], "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(connections.count(), 0U);
  ::close(pair[0]);
  ::close(pair[1]);
}

}  // namespace
}  // namespace web
