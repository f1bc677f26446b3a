// One request and its answers; what either side does when the other is gone.
#include <sys/stat.h>

#include <latch>

#include "control/fixture_test.hpp"

namespace control {
namespace {

using base::Code;

class Control : public testing::Test {
 protected:
  base::SystemClock clock;
  Folder folder;
  std::filesystem::path path = folder / "pulse.db.sock";
  Desk desk;
};

TEST_F(Control, ACommandIsServed) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  std::jthread worker([&] {
    const Visit visit = desk.take();
    EXPECT_EQ(visit.request.command, "collect");
    EXPECT_EQ(visit.request.arguments, "{\"names\":[\"kev\"]}");
    EXPECT_EQ(visit.request.program, "0.3.0");
    visit.reply->accept();
    visit.reply->progress("{\"rows\":1}");
    visit.reply->output("kev: ");
    visit.reply->message("a warning\n");
    visit.reply->output("success\n");
    visit.reply->end(3);
    visit.reply->output("late");
    visit.reply->end(4);
  });
  std::string told;
  const auto append = [&](std::string_view text) { told += text; };
  auto client = Client::connect(path, clock, {});
  ASSERT_TRUE(client) << client.error().message;
  const auto code =
      client->request({.command = "collect", .arguments = "{\"names\":[\"kev\"]}", .program = "0.3.0"},
                      {.on_accepted = [&] { told += "accepted "; },
                       .on_progress = append,
                       .on_output = append,
                       .on_message = append},
                      {});
  ASSERT_TRUE(code) << code.error().message;
  EXPECT_EQ(*code, 3);
  EXPECT_EQ(told, "accepted {\"rows\":1}kev: a warning\nsuccess\n");
  EXPECT_TRUE(client->was_accepted());
  EXPECT_EQ(client->request({.command = "collect"}, {}, {}).error().code, Code::internal) << "one only";
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
}

TEST_F(Control, ALargeResultArrivesWhole) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  std::string text;
  for (int i = 0; text.size() < 7'000'000; ++i) text += fmt::format("row {} …\n", i);
  std::jthread worker([&] {
    const Visit visit = desk.take();
    visit.reply->output(text);
    visit.reply->end(0);
  });
  std::string output;
  auto client = Client::connect(path, clock, {});
  ASSERT_TRUE(client);
  const auto code =
      client->request({.command = "collect"}, {.on_output = [&](std::string_view it) { output += it; }}, {});
  EXPECT_TRUE(code);
  EXPECT_TRUE(output == text);
}

TEST_F(Control, ARefusalIsNotAccepted) {
  const auto server = serve(
      {.path = path},
      [](const Request&, const std::shared_ptr<Reply>& reply) {
        reply->fail({Code::conflict, "kev is held back"});
      },
      clock);
  auto client = Client::connect(path, clock, {});
  const auto code = client->request({.command = "collect"}, {}, {});
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, Code::conflict);
  EXPECT_EQ(code.error().message, "kev is held back");
  EXPECT_FALSE(client->was_accepted());
}

TEST_F(Control, AReplyThatIsDroppedIsAnError) {
  const auto server = serve(
      {.path = path}, [](const Request&, const std::shared_ptr<Reply>&) {}, clock);
  const auto code = ask(path, clock);
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, Code::internal);
  EXPECT_NE(code.error().message.find("without an answer"), std::string::npos);
}

TEST_F(Control, AHandlerThatThrowsIsAnError) {
  const auto server = serve(
      {.path = path},
      [](const Request&, const std::shared_ptr<Reply>&) { throw std::runtime_error("no memory"); }, clock);
  for (int i = 0; i < 2; ++i) {
    const auto code = ask(path, clock);
    ASSERT_FALSE(code);
    EXPECT_NE(code.error().message.find("no memory"), std::string::npos);
  }
}

TEST_F(Control, AnUnknownCommandNamesBothVersions) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  auto client = Client::connect(path, clock, {});
  const auto code = client->request({.command = "fly", .program = "0.4.0"}, {}, {});
  ASSERT_FALSE(code);
  for (const char* part : {"\"fly\"", "the daemon is version 0.3.0", "version 0.4.0"})
    EXPECT_NE(code.error().message.find(part), std::string::npos) << code.error().message;
}

TEST_F(Control, AStopCancelsAndWaitsForTheEnd) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  std::stop_source stop;
  std::jthread worker([&] {
    const Visit visit = desk.take();
    visit.reply->accept();
    std::latch fired(1);
    const std::stop_callback callback(visit.reply->stop_token(), [&] { fired.count_down(); });
    stop.request_stop();
    fired.wait();
    visit.reply->output("kev: cancelled\n");
    visit.reply->end(130);
  });
  std::string output;
  auto client = Client::connect(path, clock, {});
  const auto code = client->request(
      {.command = "collect"}, {.on_output = [&](std::string_view it) { output += it; }}, stop.get_token());
  ASSERT_TRUE(code) << code.error().message;
  EXPECT_EQ(*code, 130);
  EXPECT_EQ(output, "kev: cancelled\n");
}

TEST_F(Control, AStopBeforehandAsksNobody) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  std::stop_source stop;
  auto client = Client::connect(path, clock, {});
  stop.request_stop();
  EXPECT_EQ(client->request({.command = "collect"}, {}, stop.get_token()).error().code, Code::cancelled);
}

TEST_F(Control, ADaemonThatDoesNotHearTheCancelIsLeftAfterFiveSeconds) {
  base::SimulatedClock simulated(base::SimulatedClock::Mode::manual);
  const auto server = serve({.path = path}, desk.handler(), clock);
  std::stop_source stop;
  std::optional<base::Result<int>> code;
  std::jthread caller([&] {
    auto client = Client::connect(path, simulated, {});
    code = client->request({.command = "collect"}, {}, stop.get_token());
  });
  const Visit visit = desk.take();
  stop.request_stop();
  EXPECT_TRUE(eventually([&] { return visit.reply->stop_token().stop_requested(); }));
  simulated.advance(4900ms);
  EXPECT_EQ(server->connections(), 1U);
  simulated.advance(100ms);
  caller.join();
  ASSERT_TRUE(code && !*code);
  EXPECT_EQ(code->error().code, Code::cancelled);
}

TEST_F(Control, CancelIsHeardMoreThanOnce) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  Wire wire(path);
  ASSERT_TRUE(wire.send(collect_line + "{\"cancel\":true}\n{\"cancel\":true}\n"));
  const Visit visit = desk.take();
  EXPECT_TRUE(eventually([&] { return visit.reply->stop_token().stop_requested(); }));
  ASSERT_TRUE(wire.send("{\"cancel\":true}\n"));
  visit.reply->end(130);
  EXPECT_EQ(wire.read_all(), accepted_line() + end_line(130));
}

TEST_F(Control, AClientThatVanishesCancels) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  Wire wire(path);
  ASSERT_TRUE(wire.send(collect_line));
  const Visit visit = desk.take();
  visit.reply->output("begun\n");
  EXPECT_FALSE(visit.reply->stop_token().stop_requested());
  wire.close();
  EXPECT_TRUE(eventually([&] { return visit.reply->stop_token().stop_requested(); }));
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
  visit.reply->output("nobody hears this\n");
  visit.reply->end(0);
}

TEST_F(Control, AnotherRequestOnTheConnectionIsRefusedAndCancelsTheFirst) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  Wire wire(path);
  ASSERT_TRUE(wire.send(collect_line + collect_line));
  const Visit visit = desk.take();
  EXPECT_NE(wire.read_all().find("invalid_data"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return visit.reply->stop_token().stop_requested(); }));
}

TEST_F(Control, TheEndOfTheServerIsTold) {
  auto server = serve({.path = path}, desk.handler(), clock);
  Wire begun(path);
  ASSERT_TRUE(begun.send(collect_line));
  const Visit visit = desk.take();
  visit.reply->output("so far\n");
  Wire ended(path);
  ASSERT_TRUE(ended.send(collect_line));
  desk.take().reply->end(0);
  Wire silent(path);
  ASSERT_TRUE(eventually([&] { return server->connections() >= 2; }));
  server.reset();
  EXPECT_TRUE(visit.reply->stop_token().stop_requested());
  EXPECT_EQ(ended.read_all(), accepted_line() + end_line(0));
  const std::string told = begun.read_all();
  EXPECT_TRUE(
      told.starts_with(accepted_line() + output_lines("so far\n") + "{\"error\":{\"code\":\"unavailable\""))
      << told;
  visit.reply->progress("{}");
  visit.reply->message("after the end");
  visit.reply->end(0);
}

TEST_F(Control, AServerThatEndsWaitsForNobodyForLong) {
  auto server = serve({.path = path, .farewell_time = 0ms}, desk.handler(), clock);
  Wire wire(path);
  ASSERT_TRUE(wire.send(collect_line));
  const Visit visit = desk.take();
  visit.reply->output(std::string(4'000'000, 'x'));
  visit.reply->end(0);
  server.reset();
}

TEST_F(Control, WithoutListeningRequestsUnderWayGoOn) {
  const auto server = serve({.path = path}, desk.handler(), clock);
  Wire wire(path);
  ASSERT_TRUE(wire.send(collect_line));
  const Visit visit = desk.take();
  server->stop_listening();
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(path); }));
  EXPECT_TRUE(eventually([&] {
    const auto client = Client::connect(path, clock, {});
    return !client && client.error().code == Code::unavailable;
  }));
  visit.reply->end(0);
  EXPECT_EQ(wire.read_all(), accepted_line() + end_line(0));
}

// A daemon that says `answers` and dies.
base::Result<int> with_daemon_that_says(const std::filesystem::path& path, std::string_view answers) {
  base::SystemClock clock;
  auto listener = listen_socket(path);
  auto client = TRY(Client::connect(path, clock, {}));
  Wire wire(Descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  EXPECT_TRUE(wire.send(answers));
  wire.close();
  return client.request({.command = "collect"}, {}, {});
}

TEST_F(Control, ADaemonThatDiesIsUnavailable) {
  const auto before = with_daemon_that_says(path, "");
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code, Code::unavailable);
  EXPECT_NE(before.error().message.find("nothing was begun"), std::string::npos);
  const auto in_the_middle = with_daemon_that_says(path, accepted_line() + "{\"outp");
  ASSERT_FALSE(in_the_middle);
  EXPECT_EQ(in_the_middle.error().code, Code::unavailable);
  EXPECT_NE(in_the_middle.error().message.find("`pulse runs`"), std::string::npos);
  const auto after = with_daemon_that_says(path, end_line(7));
  EXPECT_EQ(after ? *after : -1, 7);
}

TEST_F(Control, ADaemonThatTalksNonsenseIsNotBelieved) {
  for (const std::string& answer :
       {std::string("hello\n"), std::string("\xff\n"), std::string("{\"end\":1}\n")})
    EXPECT_EQ(with_daemon_that_says(path, answer).error().code, Code::invalid_data) << answer;
}

}  // namespace
}  // namespace control
