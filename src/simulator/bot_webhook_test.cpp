// Deliveries to a webhook: the machine's side without a network, and the whole way over real connections.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <thread>

#include "simulator/bot_postman.hpp"
#include "simulator/bot_testing.hpp"
#include "simulator/loopback_client.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

TEST(LoopbackUrl, OnlyThisMachine) {
  const auto url = parse_loopback_url("http://127.0.0.1:8789/hook?a=1#b");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "127.0.0.1");
  EXPECT_EQ(url->port, 8789);
  EXPECT_EQ(url->target, "/hook?a=1");
  EXPECT_EQ(parse_loopback_url("http://[::1]:1")->port, 1);
  EXPECT_EQ(parse_loopback_url("http://localhost")->target, "/");
  for (const char* wrong :
       {"https://localhost/", "http://example.org/", "http://127.0.0.1.example.org/", "http://localhost:0/",
        "http://localhost:70000/", "http://localhost:x/", "http://a@localhost/", "localhost",
        "http://localhost/a b", "http://localhost/\r\nX: y", ""})
    EXPECT_FALSE(parse_loopback_url(wrong)) << wrong;
}

// Answers each connection's request with what `answer` makes of it, and closes.
class Listener {
 public:
  explicit Listener(std::function<std::string(const std::string&)> answer) : answer_(std::move(answer)) {
    file_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(file_, reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(::listen(file_, 16), 0);
    ::getsockname(file_, reinterpret_cast<sockaddr*>(&name), &size);
    port_ = ntohs(name.sin_port);
    thread_ = std::jthread([this] { run(); });
  }
  ~Listener() {
    ::shutdown(file_, SHUT_RDWR);
    thread_.join();
    ::close(file_);
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/hook", port_); }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void run() {
    for (int client = 0; (client = ::accept(file_, nullptr, nullptr)) >= 0; ::close(client)) {
      std::string request;
      char buffer[4096];
      while (!is_whole(request)) {
        const ssize_t got = ::recv(client, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        request.append(buffer, static_cast<std::size_t>(got));
      }
      std::string answer;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        answer = answer_(request);
      }
      ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  static bool is_whole(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n"), length = request.find("Content-Length: ");
    return end != request.npos && length != request.npos &&
           request.size() >= end + 4 + std::stoul(request.substr(length + 16));
  }

  const std::function<std::string(const std::string&)> answer_;
  int file_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::jthread thread_;
};

std::string status(int code, const std::string& headers = {}) {
  return fmt::format("HTTP/1.1 {} Some\r\n{}Content-Length: 0\r\n\r\n", code, headers);
}

TEST(LoopbackClient, Answers) {
  std::mutex mutex;
  std::string next;
  Listener listener([&](const std::string&) {
    const std::lock_guard lock(mutex);
    return next;
  });
  const auto url = parse_loopback_url(listener.url());
  ASSERT_TRUE(url);
  const auto ask = [&](std::string answer) {
    {
      const std::lock_guard lock(mutex);
      next = std::move(answer);
    }
    return post(*url, {.headers = {{"X-A", "b"}}, .body = "body"}, 20s, {});
  };
  EXPECT_EQ(ask(status(200))->status, 200);
  const auto later = ask(status(503, "X: y\r\nRETRY-after: 3\r\n"));
  EXPECT_EQ(later->status, 503);
  EXPECT_EQ(later->retry_after, 3s);
  EXPECT_EQ(ask(status(503, "Retry-After: soon\r\n"))->retry_after, 0s);
  EXPECT_EQ(ask("hello\r\n\r\n").error().code, base::Code::invalid_data);
  EXPECT_EQ(ask("HTTP/1.1 2").error().code, base::Code::unavailable);
  EXPECT_EQ(ask("").error().code, base::Code::unavailable);
  EXPECT_EQ(ask(std::string(1 << 20, 'x')).error().code, base::Code::invalid_data) << "not all of it is read";
  EXPECT_NE(listener.requests().front().find("POST /hook HTTP/1.1\r\n"), std::string::npos);
  EXPECT_NE(listener.requests().front().find("\r\nX-A: b\r\n\r\nbody"), std::string::npos);
}

TEST(LoopbackClient, IsBoundedInTime) {
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // takes connections, never answers
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&name), size), 0);
  ASSERT_EQ(::listen(silent, 1), 0);
  ::getsockname(silent, reinterpret_cast<sockaddr*>(&name), &size);
  const LoopbackUrl url{.host = "127.0.0.1", .port = ntohs(name.sin_port), .target = "/"};
  EXPECT_EQ(post(url, {}, 10ms, {}).error().code, base::Code::timeout);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(post(url, {}, 1h, stop.get_token()).error().code, base::Code::cancelled);
  ::close(silent);
  EXPECT_EQ(post(url, {}, 20s, {}).error().code, base::Code::unavailable);
}

class BotWebhookTest : public BotTest {
 protected:
  BotDelivery next() {
    const auto due = bot_.wait_for_delivery({});
    return due.value_or(BotDelivery{});
  }
  void set(const std::string& url, const std::string& secret = "s3cr3t_S3CR3T-01") {
    EXPECT_EQ(fault("setWebhook", {{"url", url}, {"secret_token", secret}}), "ok");
  }
  void wait_for(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << bot_.state_view();
      std::this_thread::yield();
    }
  }
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual, now_};
};

TEST_F(BotWebhookTest, an_update_stays_until_it_was_delivered) {
  const auto first = write(1, "a"), second = write(1, "b");
  set("http://127.0.0.1:1/hook");
  const BotDelivery due = next();
  EXPECT_EQ(due.update.id, first);
  EXPECT_EQ(due.url, "http://127.0.0.1:1/hook");
  EXPECT_EQ(due.secret, "s3cr3t_S3CR3T-01");
  bot_.not_delivered(due, 503, "Wrong response from the webhook: 503", now_);
  EXPECT_EQ(next().update.id, first);
  const Json info = call("getWebhookInfo")["result"];
  EXPECT_EQ(info["pending_update_count"], 2);
  EXPECT_EQ(info["last_error_message"], "Wrong response from the webhook: 503");
  EXPECT_EQ(info["last_error_date"], 1'760'000'000);
  EXPECT_EQ(state()["delivery"]["last_status"], 503);
  bot_.delivered(due, 200);
  EXPECT_EQ(next().update.id, second);
  EXPECT_EQ(state()["pending_updates"], 1);
  EXPECT_EQ(state()["delivery"]["delivered"], 1);
  EXPECT_EQ(state()["delivery"]["failed"], 1);
  EXPECT_EQ(state().dump().find("s3cr3t"), std::string::npos);
}

TEST_F(BotWebhookTest, the_last_one_can_be_repeated) {
  set("http://127.0.0.1:1/hook");
  EXPECT_FALSE(bot_.repeat_delivery()) << "nothing was delivered";
  const auto first = write(1, "a");
  bot_.delivered(next(), 200);
  const auto second = write(1, "b");
  EXPECT_TRUE(bot_.repeat_delivery());
  const BotDelivery again = next();
  EXPECT_EQ(again.update.id, first);
  EXPECT_TRUE(again.is_repetition);
  bot_.delivered(again, 200);
  EXPECT_EQ(next().update.id, second) << "it was not lost for the one that came twice";
  EXPECT_EQ(state()["delivery"]["repeated"], 1);
}

TEST_F(BotWebhookTest, what_a_deleted_webhook_left_comes_by_polling) {
  set("http://localhost:1/");
  const auto update = write(1, "a");
  const BotDelivery under_way = next();
  call("deleteWebhook");
  bot_.not_delivered(under_way, 0, "Connection refused", now_);
  EXPECT_EQ(state()["delivery"]["last_error"], "") << "it was another webhook's";
  EXPECT_EQ(ids(call("getUpdates")), (std::vector{update}));
  EXPECT_EQ(fault("setWebhook", {{"url", "http://example.org/"}}),
            "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
}

TEST_F(BotWebhookTest, the_postman_delivers_in_order_and_tries_again) {
  int refusals = 2;
  Listener listener(
      [&](const std::string&) { return refusals-- > 0 ? status(503, "X: y\r\n") : status(200); });
  const auto first = write(1, "a"), second = write(1, "b"), third = write(2, "c");
  BotPostman postman(bot_, clock_);
  set(listener.url());
  wait_for([&] { return state()["pending_updates"] == 0; });
  const auto requests = listener.requests();
  ASSERT_EQ(requests.size(), 5U);
  const std::int64_t expected[] = {first, first, first, second, third};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Json update = Json::parse(requests[i].substr(requests[i].find("\r\n\r\n") + 4));
    EXPECT_EQ(update["update_id"], expected[i]);
    EXPECT_NE(requests[i].find("\r\nX-Telegram-Bot-Api-Secret-Token: s3cr3t_S3CR3T-01\r\n"),
              std::string::npos);
  }
  const auto last = write(1, "later");
  wait_for([&] { return state()["delivery"]["delivered"] == 4; });
  EXPECT_NE(listener.requests().back().find(std::to_string(last)), std::string::npos);
}

TEST_F(BotWebhookTest, a_new_webhook_is_tried_at_once) {
  Listener never([](const std::string&) { return status(503, "Retry-After: 60\r\n"); });
  Listener good([](const std::string&) { return status(204); });
  write(1, "a");
  const auto begun = std::chrono::steady_clock::now();
  BotPostman postman(bot_, clock_);
  set(never.url());
  wait_for([&] { return state()["delivery"]["failed"] == 1; });
  set(good.url());
  wait_for([&] { return state()["pending_updates"] == 0; });
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s) << "half of what the first one had asked for";
  EXPECT_EQ(never.requests().size(), 1U);
}

}  // namespace
}  // namespace simulator
