// Clients that are slow, many, wrong or greedy: they may lose, others may not.
#include <atomic>

#include "control/fixture_test.hpp"

namespace control {
namespace {

using base::Code;

class Bounds : public testing::Test {
 protected:
  static Handler end_at_once() {
    return [](const Request&, const std::shared_ptr<Reply>& reply) { reply->end(0); };
  }

  base::SystemClock clock;
  base::SimulatedClock simulated{base::SimulatedClock::Mode::manual};
  Folder folder;
  std::filesystem::path path = folder / "pulse.db.sock";
  Desk desk;
};

TEST_F(Bounds, ThreeHundredClientsAtOnce) {
  constexpr int number = 300;
  const auto server = serve({.path = path, .maximum_connections = number}, desk.handler(), clock);
  std::atomic<int> served{0};
  std::vector<std::jthread> clients;
  for (int i = 0; i < number; ++i) {
    clients.emplace_back([&, i] {
      auto client = Client::connect(path, clock, {});
      if (!client) return;
      std::string output;
      const auto code = client->request({.command = "collect", .arguments = fmt::format("{{\"n\":{}}}", i)},
                                        {.on_output = [&](std::string_view text) { output += text; }}, {});
      if (code && *code == i % 100 && output == fmt::format("{{\"n\":{}}}", i)) ++served;
    });
  }
  std::vector<Visit> visits;
  for (int i = 0; i < number; ++i) visits.push_back(desk.take());
  EXPECT_TRUE(eventually([&] { return server->connections() == number; })) << "all are open at once";
  for (const Visit& visit : visits) {
    visit.reply->output(visit.request.arguments);
    visit.reply->end(std::stoi(visit.request.arguments.substr(5)) % 100);
  }
  clients.clear();
  EXPECT_EQ(served, number);
}

TEST_F(Bounds, TheNextIsBusy) {
  const auto server = serve({.path = path, .maximum_connections = 2}, desk.handler(), clock);
  std::vector<Wire> wires;
  std::vector<Visit> visits;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(wires.emplace_back(path).send(collect_line));
    visits.push_back(desk.take());
  }
  const auto busy = ask(path, clock);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, Code::rate_limited);
  EXPECT_NE(busy.error().message.find("busy: 2 commands"), std::string::npos) << busy.error().message;
  visits[0].reply->end(0);
  EXPECT_EQ(wires[0].read_all(), accepted_line() + end_line(0));
  ASSERT_TRUE(eventually([&] { return server->connections() == 1; }));
  Wire next(path);
  ASSERT_TRUE(next.send(collect_line));
  desk.take().reply->end(0);
  EXPECT_EQ(next.read_all(), accepted_line() + end_line(0));
}

TEST_F(Bounds, HalfARequestIsCutAfterTenSeconds) {
  const auto server = serve({.path = path}, end_at_once(), simulated);
  Wire half(path), silent(path);
  ASSERT_TRUE(half.send("{\"version\":1,"));
  ASSERT_TRUE(eventually([&] { return server->connections() == 2; }));
  simulated.advance(9900ms);
  EXPECT_TRUE(ask(path, clock)) << "others are served";
  ASSERT_TRUE(half.send("\"command\":\"coll"));
  EXPECT_TRUE(eventually([&] { return server->connections() == 2; }));
  simulated.advance(100ms);
  EXPECT_NE(half.read_all().find("did not come within 10"), std::string::npos);
  EXPECT_NE(silent.read_all().find("\"timeout\""), std::string::npos);
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
}

TEST_F(Bounds, ARequestThatCameInTimeMayLast) {
  const auto server = serve({.path = path}, desk.handler(), simulated);
  Wire wire(path);
  ASSERT_TRUE(wire.send(collect_line));
  const Visit visit = desk.take();
  simulated.advance(24h);
  EXPECT_TRUE(eventually([&] { return server->connections() == 1; }));
  visit.reply->end(0);
  EXPECT_EQ(wire.read_all(), accepted_line() + end_line(0));
}

TEST_F(Bounds, ARequestMayComeInPieces) {
  const auto server = serve({.path = path}, end_at_once(), clock);
  Wire wire(path);
  for (const char c : collect_line) ASSERT_TRUE(wire.send({&c, 1}));
  EXPECT_EQ(wire.read_all(), accepted_line() + end_line(0));
}

TEST_F(Bounds, ARequestThatEndsInTheMiddle) {
  const auto server = serve({.path = path}, end_at_once(), clock);
  Wire half(path), empty(path);
  ASSERT_TRUE(half.send("{\"version\":1"));
  half.finish();
  EXPECT_NE(half.read_all().find("middle of its line"), std::string::npos);
  empty.finish();
  EXPECT_EQ(empty.read_all(), "");
}

TEST_F(Bounds, GarbageIsAnsweredWithAnError) {
  const auto server = serve({.path = path}, end_at_once(), clock);
  for (const std::string& line :
       {std::string("\n"), std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("{\"version\":1,\"command\":\"\xc3\"}\n"), std::string("\0\n", 2),
        std::string("{\"version\":1,\"command\":\"collect\",\"arguments\":3}\n"),
        std::string("{\"cancel\":true}\n"), std::string("{\"version\":9,\"command\":\"collect\"}\n"),
        std::string(500'000, '[') + "\n"}) {
    Wire wire(path);
    wire.send(line);
    const std::string answer = wire.read_all();
    EXPECT_TRUE(answer.starts_with("{\"error\":{\"code\":\"invalid_data\",\"message\":\"")) << answer;
  }
  EXPECT_TRUE(ask(path, clock));
}

TEST_F(Bounds, ALongRequestIsServedAndATooLongOneIsNot) {
  const auto server = serve({.path = path}, end_at_once(), clock);
  const std::string begin = "{\"version\":1,\"command\":\"collect\",\"arguments\":{\"a\":\"", end = "\"}}\n";
  Wire longest(path);
  ASSERT_TRUE(longest.send(begin + std::string(maximum_line - begin.size() - end.size() + 1, 'x') + end));
  EXPECT_EQ(longest.read_all(), accepted_line() + end_line(0));
  Wire endless(path);
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 20 && endless.send(piece); ++i) {
  }
  EXPECT_NE(endless.read_all().find("a line of more than 1 MiB"), std::string::npos);
  Wire chatty(path);
  ASSERT_TRUE(chatty.send(collect_line));
  EXPECT_EQ(chatty.read_all(), accepted_line() + end_line(0));
}

TEST_F(Bounds, ASlowReaderBlocksNobodyAndIsCut) {
  const auto server = serve({.path = path}, desk.handler(), simulated);
  Wire slow(path);
  ASSERT_TRUE(slow.send(collect_line));
  const Visit visit = desk.take();
  visit.reply->output(std::string(4'000'000, 'x'));
  std::jthread other([&] { EXPECT_TRUE(ask(path, clock)); });
  desk.take().reply->end(0);
  other.join();
  ASSERT_TRUE(eventually([&] { return server->connections() == 1; }));
  EXPECT_FALSE(visit.reply->stop_token().stop_requested());
  simulated.advance(30s);
  EXPECT_TRUE(eventually([&] { return visit.reply->stop_token().stop_requested(); }));
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
  EXPECT_EQ(slow.read_all().find("\"end\""), std::string::npos);
}

TEST_F(Bounds, WhoReadsNowAndThenIsNotCut) {
  const auto server = serve({.path = path}, desk.handler(), simulated);
  Wire slow(path);
  ASSERT_TRUE(slow.send(collect_line));
  const Visit visit = desk.take();
  visit.reply->accept();
  EXPECT_EQ(slow.read_line() + "\n", accepted_line());
  for (int i = 0; i < 5; ++i) {
    visit.reply->output(std::string(1'000'000, 'x'));
    simulated.advance(20s);
    std::string text;
    while (text.size() < 1'000'000) text += parse_answer(slow.read_line())->text;
    simulated.advance(20s);
  }
  visit.reply->end(0);
  EXPECT_EQ(slow.read_all(), end_line(0));
}

TEST_F(Bounds, WhoIsTooFarBehindIsCut) {
  const auto server = serve({.path = path, .maximum_unread = 1 << 20}, desk.handler(), simulated);
  Wire slow(path);
  ASSERT_TRUE(slow.send(collect_line));
  const Visit visit = desk.take();
  for (int i = 0; i < 30; ++i) visit.reply->output(std::string(100'000, 'x'));
  EXPECT_TRUE(eventually([&] { return visit.reply->stop_token().stop_requested(); }));
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
}

TEST_F(Bounds, OfProgressThatNobodyReadsTheLastIsKept) {
  const auto server = serve({.path = path, .maximum_unread = 1 << 20}, desk.handler(), clock);
  Wire slow(path);
  ASSERT_TRUE(slow.send(collect_line));
  const Visit visit = desk.take();
  const std::string note(1000, 'n');
  constexpr int number = 20'000;  // 20 MB
  for (int i = 1; i <= number; ++i)
    visit.reply->progress(fmt::format("{{\"rows\":{},\"note\":\"{}\"}}", i, note));
  EXPECT_FALSE(visit.reply->stop_token().stop_requested());
  int lines = 0;
  EXPECT_EQ(slow.read_line() + "\n", accepted_line());
  std::string line;
  do line = slow.read_line(), ++lines;
  while (!line.empty() && line.find(fmt::format("\"rows\":{},", number)) == std::string::npos);
  EXPECT_FALSE(line.empty());
  EXPECT_LE(lines, number);
  visit.reply->end(0);
  EXPECT_EQ(slow.read_all(), end_line(0));
}

}  // namespace
}  // namespace control
