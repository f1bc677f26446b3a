// The Bot API, holds and lost answers over real connections.
#include <nlohmann/json.hpp>
#include <thread>

#include "simulator/server.hpp"
#include "simulator/test_socket.hpp"

namespace simulator {
namespace {

using Json = nlohmann::json;

const std::string kev_path = "/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";

class BotServerTest : public testing::Test {
 protected:
  BotServerTest() {
    auto server = Server::start(world_, clock_, 0);
    if (server) server_ = std::move(*server);
    EXPECT_TRUE(server.has_value());
  }
  static std::string bot(const std::string& method) {
    return "/api.telegram.org/bot" + BotOptions{}.token + "/" + method;
  }
  TestSocket begin(const std::string& method, const std::string& target, const std::string& body = {}) {
    TestSocket socket(server_->port());
    socket.send(
        fmt::format("{} {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                    method, target, body.size(), body));
    return socket;
  }
  static Json finish(TestSocket& socket) {
    const std::string all = socket.read_all();
    const std::size_t end = all.find("\r\n\r\n");
    return end == std::string::npos ? Json("no answer: " + all) : Json::parse(all.substr(end + 4));
  }
  Json call(const std::string& method, const std::string& target, const std::string& body = {}) {
    TestSocket socket = begin(method, target, body);
    return finish(socket);
  }
  Json state() { return call("GET", "/_sim/telegram/state"); }
  void wait_for(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }
  void wait_for_poll() {
    wait_for([&] { return state()["poll_waiting"] == true; });
  }
  void start_chat() {
    EXPECT_TRUE(
        call("POST", "/_sim/telegram/message", R"({"user":1,"text":"/start"})").contains("update_id"));
  }

  World world_{7, {{"kev", 20}}};
  base::SystemClock clock_;
  std::unique_ptr<Server> server_;
};

TEST_F(BotServerTest, a_long_poll_ends_with_an_update) {
  EXPECT_EQ(call("GET", bot("getMe"))["result"]["is_bot"], true);
  TestSocket poll = begin("POST", bot("getUpdates"), R"({"timeout":50})");
  wait_for_poll();
  start_chat();
  EXPECT_EQ(finish(poll)["result"][0]["message"]["text"], "/start");
  EXPECT_EQ(call("POST", bot("sendMessage?chat_id=1&text=a%26b"))["result"]["text"], "a&b");
}

TEST_F(BotServerTest, a_long_poll_ends_at_its_time) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(call("GET", bot("getUpdates?timeout=1"))["result"], Json::array());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(900));
}

TEST_F(BotServerTest, the_older_of_two_polls_gets_409) {
  TestSocket older = begin("GET", bot("getUpdates?timeout=50"));
  wait_for_poll();
  TestSocket newer = begin("GET", bot("getUpdates?timeout=50&offset=1"));
  EXPECT_EQ(finish(older)["error_code"], 409);
  start_chat();
  EXPECT_EQ(finish(newer)["result"].size(), 1U);
}

TEST_F(BotServerTest, a_poll_whose_client_is_gone_is_no_conflict) {
  {
    TestSocket gone = begin("GET", bot("getUpdates?timeout=50"));
    wait_for_poll();
  }
  TestSocket next = begin("GET", bot("getUpdates?timeout=50&offset=1"));
  wait_for([&] { return state()["polls"] == 2; });
  start_chat();
  EXPECT_EQ(finish(next)["result"].size(), 1U);
  EXPECT_EQ(state()["conflicts"], 0);
}

TEST_F(BotServerTest, ends_while_a_poll_waits) {
  TestSocket poll = begin("GET", bot("getUpdates?timeout=50"));
  wait_for_poll();
  server_.reset();
  EXPECT_EQ(poll.read_all(), "");
}

TEST_F(BotServerTest, the_token_is_not_logged) {
  call("GET", bot("getMe"));
  call("GET", "/api.telegram.org/bot1:wrong/getMe?a=1");
  const Json log = call("GET", "/_sim/requests");
  EXPECT_EQ(log[0]["path"], "/bot<token>/getMe");
  EXPECT_EQ(log[0]["api"], "telegram");
  EXPECT_EQ(log[0]["status"], 200);
  EXPECT_EQ(log[1]["path"], "/bot<token>/getMe");
  EXPECT_EQ(log[1]["status"], 404);
  EXPECT_EQ(log.dump().find(BotOptions{}.token), std::string::npos);
}

TEST_F(BotServerTest, faults_of_one_method) {
  start_chat();
  call("POST", "/_sim/faults", R"({"api":"telegram","method":"sendMessage","kind":"status","status":500})");
  EXPECT_EQ(call("GET", bot("getMe"))["ok"], true);
  EXPECT_EQ(call("GET", bot("sendmessage?chat_id=1&text=x"))["status"], 500) << "in any case";
  EXPECT_EQ(call("GET", bot("sendMessage?chat_id=1&text=x"))["ok"], true);
  EXPECT_TRUE(
      call("POST", "/_sim/faults", R"({"api":"kev","method":"getMe","kind":"html"})").contains("error"));
}

TEST_F(BotServerTest, a_lost_answer_is_carried_out) {
  start_chat();
  call("POST", "/_sim/faults", R"({"api":"telegram","method":"sendMessage","kind":"lost_answer"})");
  TestSocket lost = begin("GET", bot("sendMessage?chat_id=1&text=once"));
  EXPECT_EQ(lost.read_all(), "");
  EXPECT_EQ(call("GET", "/_sim/telegram/chat?user=1")["messages"][1]["text"], "once");
  call("POST", "/_sim/faults", R"({"api":"kev","kind":"lost_answer"})");
  EXPECT_EQ(begin("GET", kev_path).read_all(), "");
  EXPECT_TRUE(call("GET", kev_path).contains("vulnerabilities"));
}

TEST_F(BotServerTest, a_hold_keeps_requests_until_it_ends) {
  start_chat();
  call("POST", "/_sim/hold?api=kev");
  call("POST", "/_sim/hold?api=telegram");
  TestSocket feed = begin("GET", kev_path);
  TestSocket message = begin("GET", bot("sendMessage?chat_id=1&text=x"));
  const auto held = [&] { return call("GET", "/_sim/hold"); };
  wait_for([&] { return held() == Json{{{"api", "kev"}, {"held", 1}}, {{"api", "telegram"}, {"held", 1}}}; });
  EXPECT_TRUE(call("GET", "/api.npmjs.org/downloads/point/last-month/react").contains("downloads"))
      << "other APIs go on";
  EXPECT_EQ(call("GET", "/_sim/telegram/chat?user=1")["messages"].size(), 1U);
  call("DELETE", "/_sim/hold?api=telegram");
  EXPECT_EQ(finish(message)["ok"], true);
  EXPECT_EQ(held(), (Json{{{"api", "kev"}, {"held", 1}}}));
  call("DELETE", "/_sim/hold");
  EXPECT_TRUE(finish(feed).contains("vulnerabilities"));
  EXPECT_TRUE(call("POST", "/_sim/hold?api=nobody").contains("error"));
  EXPECT_TRUE(call("POST", "/_sim/hold").contains("error"));
  EXPECT_TRUE(call("PUT", "/_sim/hold").contains("error"));
}

TEST_F(BotServerTest, a_faulty_answer_comes_after_the_hold) {
  call("POST", "/_sim/hold?api=kev");
  TestSocket feed = begin("GET", kev_path);
  wait_for([&] { return call("GET", "/_sim/hold")[0]["held"] == 1; });
  call("POST", "/_sim/faults", R"({"api":"kev","kind":"body","body":"[7]"})");
  call("DELETE", "/_sim/hold?api=kev");
  EXPECT_EQ(finish(feed), Json{7});
}

TEST_F(BotServerTest, many_updates_in_one_body) {
  Json list = Json::array();
  for (int i = 1; i <= 20'000; ++i)
    list.push_back({{"kind", "message"}, {"user", i}, {"text", std::string(60, 'x')}});
  ASSERT_GT(list.dump().size(), Server::maximum_body);
  EXPECT_EQ(call("POST", "/_sim/telegram/updates", list.dump())["done"], 20'000);
  const std::string too_large(Server::maximum_updates_body + 1, ' ');
  EXPECT_EQ(call("POST", "/_sim/telegram/updates", too_large)["error"], "more than 16777216 bytes");
}

}  // namespace
}  // namespace simulator
