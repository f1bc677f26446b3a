#include "http/oauth2.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Secret;
using http::OAuth2;
using http::OAuth2Client;
using http::Outcome;
using Grant = http::OAuth2Client::Grant;

Outcome answer(int status, std::string body, std::string type = "application/json") {
  return {http::Fate::answered,
          {.status = status, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)}};
}
Outcome granted(const std::string& token, const std::string& more = "") {
  return answer(200, R"({"access_token":")" + token + R"(","token_type":"Bearer")" + more + "}");
}
Outcome refused(const std::string& error, int status = 400) {
  return answer(status, R"({"error":")" + error + R"(","error_description":"in their words"})");
}

// Gives the answers in turn, the last one for ever, and notes what was asked. While the gate is shut an
// attempt hangs until it opens or is stopped.
class TokenServer final : public http::Transport {
 public:
  explicit TokenServer(std::deque<Outcome> answers) : answers_(std::move(answers)) {}

  Outcome attempt(const http::Request& request, base::SteadyTime, std::stop_token stop,
                  const http::Progress&) override {
    std::unique_lock lock(mutex_);
    requests_.push_back(request);
    changed_.notify_all();
    if (!changed_.wait(lock, stop, [&] { return open_; }))
      return {http::Fate::cancelled, {}, base::error(Code::cancelled, "cancelled"), "cancelled"};
    Outcome outcome = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return outcome;
  }

  void shut() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for(std::size_t attempts) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_.size() >= attempts; });
  }
  std::vector<http::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  std::deque<Outcome> answers_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<http::Request> requests_;
  bool open_ = true;
};

OAuth2Client client() {
  return {.token_url = "https://auth.example/token",
          .client_id = Secret("the-client"),
          .client_secret = Secret("s3cret/of+client")};
}
OAuth2Client user() {
  OAuth2Client result = client();
  result.grant = Grant::password;
  result.username = Secret("ann@example.org");
  result.password = Secret("pass word");
  return result;
}

struct World {
  explicit World(std::deque<Outcome> answers, OAuth2Client who = client(),
                 base::SimulatedClock::Mode mode = base::SimulatedClock::Mode::automatic)
      : clock(mode), server(std::move(answers)), oauth2(std::move(who), engine, clock, &redactor) {}

  base::Result<Secret> token(std::stop_token stop = {}, base::Duration time = 1h) {
    return oauth2.token({.retry = {.max_attempts = 3}, .deadline = clock.steady() + time}, std::move(stop));
  }
  std::string text() {
    const auto result = token();
    return result ? result->reveal() : "error: " + result.error().message;
  }
  std::string body(std::size_t index) const { return server.requests().at(index).body; }
  std::size_t asked() const { return server.requests().size(); }

  base::SimulatedClock clock;
  TokenServer server;
  base::Redactor redactor;
  http::Engine engine{server, clock, base::Rng(1)};
  OAuth2 oauth2;
};

TEST(OAuth2, ClientCredentials) {
  OAuth2Client who = client();
  who.scope = "read write";
  World world({granted("abc-token")}, who);
  EXPECT_EQ(world.text(), "abc-token");
  const http::Request request = world.server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://auth.example/token");
  EXPECT_EQ(request.body, "grant_type=client_credentials&scope=read+write");
  EXPECT_EQ(request.content_type, "application/x-www-form-urlencoded");
  EXPECT_TRUE(request.body_is_secret);
  EXPECT_TRUE(request.idempotent);
  ASSERT_EQ(request.secret_headers.size(), 1U);
  EXPECT_EQ(request.secret_headers[0].name, "Authorization");
  // base64 of "the-client:s3cret%2Fof%2Bclient" (RFC 6749, section 2.3.1)
  EXPECT_EQ(request.secret_headers[0].value.reveal(), "Basic dGhlLWNsaWVudDpzM2NyZXQlMkZvZiUyQmNsaWVudA==");
}

TEST(OAuth2, PublicClientNamesItselfInTheBody) {
  OAuth2Client who = user();
  who.client_secret = Secret();
  World world({granted("abc-token")}, who);
  EXPECT_EQ(world.text(), "abc-token");
  EXPECT_EQ(world.body(0),
            "grant_type=password&username=ann%40example.org&password=pass+word&client_id=the-client");
  EXPECT_TRUE(world.server.requests().at(0).secret_headers.empty());
}

TEST(OAuth2, ATokenIsKeptUntilShortlyBeforeItExpires) {
  struct Row {
    const char* expires_in;
    base::Duration fresh;
  };
  for (const Row& row : {Row{"3600", 3540s}, Row{"600", 540s}, Row{"300", 270s}, Row{"10", 9s},
                         Row{"\"3600\"", 3540s}, Row{"3600.9", 3540s}, Row{"1e300", 24h * 365 - 60s}}) {
    World world(
        {granted("first-token", std::string(",\"expires_in\":") + row.expires_in), granted("second-token")});
    EXPECT_EQ(world.text(), "first-token");
    world.clock.advance(row.fresh - 1ns);
    EXPECT_EQ(world.text(), "first-token") << row.expires_in;
    world.clock.advance(1ns);
    EXPECT_EQ(world.text(), "second-token") << row.expires_in;
    EXPECT_EQ(world.asked(), 2U);
  }
}

TEST(OAuth2, WithoutALifetimeItIsKeptUntilItIsRefused) {
  for (const char* more : {"", ",\"expires_in\":null", ",\"expires_in\":\"soon\"", ",\"expires_in\":[1]"}) {
    World world({granted("first-token", more), granted("second-token")});
    EXPECT_EQ(world.text(), "first-token");
    world.clock.advance(24h * 1000);
    EXPECT_EQ(world.text(), "first-token") << more;
  }
  for (const char* more : {"0", "-5", "\"0\""}) {  // good for one request
    World world({granted("first-token", std::string(",\"expires_in\":") + more), granted("second-token")});
    EXPECT_EQ(world.text(), "first-token");
    EXPECT_EQ(world.text(), "second-token") << more;
  }
}

TEST(OAuth2, InvalidateDropsTheRefusedTokenOnly) {
  World world({granted("first-token"), granted("second-token"), granted("third-token")});
  const auto first = world.token();
  world.oauth2.invalidate(*first);
  EXPECT_EQ(world.text(), "second-token");
  world.oauth2.invalidate(*first);  // a slower thread finds out, too
  EXPECT_EQ(world.text(), "second-token");
}

TEST(OAuth2, ARefreshTokenIsTriedFirstAndReplaced) {
  OAuth2Client who = user();
  who.refresh_token = Secret("given-refresh");
  World world({granted("token-1", R"(,"refresh_token":"next&refresh","expires_in":0)"),
               granted("token-2", R"(,"expires_in":0)"), granted("token-3")},
              who);
  EXPECT_EQ(world.text(), "token-1");
  EXPECT_EQ(world.text(), "token-2");
  EXPECT_EQ(world.text(), "token-3");
  EXPECT_EQ(world.body(0), "grant_type=refresh_token&refresh_token=given-refresh");
  EXPECT_EQ(world.body(1), "grant_type=refresh_token&refresh_token=next%26refresh");
  EXPECT_EQ(world.body(2), world.body(1));  // an answer without one leaves the old one good
}

TEST(OAuth2, ThePasswordGrantWinsARefreshToken) {
  World world({granted("token-1", R"(,"refresh_token":"won-refresh","expires_in":0)"), granted("token-2")},
              user());
  EXPECT_EQ(world.text(), "token-1");
  EXPECT_EQ(world.text(), "token-2");
  EXPECT_EQ(world.body(0), "grant_type=password&username=ann%40example.org&password=pass+word");
  EXPECT_EQ(world.body(1), "grant_type=refresh_token&refresh_token=won-refresh");
}

TEST(OAuth2, ADeadRefreshTokenFallsBackToTheGrant) {
  OAuth2Client who = user();
  who.refresh_token = Secret("dead-refresh");
  World world({refused("invalid_grant"), granted("token-1", ",\"expires_in\":0"), granted("token-2")}, who);
  EXPECT_EQ(world.text(), "token-1");
  EXPECT_EQ(world.text(), "token-2");
  EXPECT_EQ(world.body(1), "grant_type=password&username=ann%40example.org&password=pass+word");
  EXPECT_EQ(world.body(2), world.body(1));  // it is not tried again
}

TEST(OAuth2, OtherRefusalsOfARefreshTokenStand) {
  OAuth2Client who = user();
  who.refresh_token = Secret("given-refresh");
  World stands({refused("invalid_client", 401)}, who);
  EXPECT_EQ(stands.token().error().code, Code::permission);
  EXPECT_EQ(stands.asked(), 1U);

  who.username = who.password = Secret();  // nothing to fall back to
  World nothing({refused("invalid_grant")}, who);
  EXPECT_NE(nothing.text().find("invalid_grant"), std::string::npos);
  EXPECT_EQ(nothing.asked(), 1U);

  who = user();
  who.refresh_token = Secret("given-refresh");
  World both({refused("invalid_grant"), refused("unauthorized_client")}, who);
  const std::string message = both.text();
  EXPECT_NE(message.find("unauthorized_client"), std::string::npos) << message;
  EXPECT_NE(message.find("before that the refresh token was refused"), std::string::npos) << message;
}

TEST(OAuth2, RefusalsAreForAPersonAndFinal) {
  for (const char* error : {"invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client",
                            "unsupported_grant_type", "invalid_request", "something_else"})
    for (const int status : {200, 400, 401, 403}) {
      World world({refused(error, status)});
      const auto result = world.token();
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Code::permission);
      EXPECT_EQ(world.asked(), 1U);
      EXPECT_NE(result.error().message.find(std::string(error) + " (in their words); check "),
                std::string::npos)
          << result.error().message;
    }
  World world({refused("invalid_client", 401)});
  EXPECT_EQ(world.text(),
            "error: asking for an access token: auth.example answered 401 Unauthorized: invalid_client (in "
            "their words); check client_id and client_secret in requester.authenticator");
  World plain({answer(401, "no")});
  EXPECT_EQ(plain.token().error().code, Code::permission);
  World gone({answer(404, "")});
  EXPECT_EQ(gone.token().error().code, Code::endpoint_gone);
}

TEST(OAuth2, WhatPassesIsTriedAgain) {
  const Outcome busy = answer(503, R"({"error":"temporarily_unavailable"})");
  const Outcome reset{.fate = http::Fate::sent_unknown,
                      .error = base::error(Code::unavailable, "auth.example: reset")};
  for (const Outcome& outcome :
       {busy, reset, refused("temporarily_unavailable"), refused("server_error", 500),
        refused("slow_down", 429), answer(200, "<html>", "text/html"), answer(200, "")}) {
    World world({outcome, granted("abc-token")});
    EXPECT_EQ(world.text(), "abc-token");
    EXPECT_EQ(world.asked(), 2U);
  }
  World down({busy});
  EXPECT_EQ(down.token().error().code, Code::unavailable);
  EXPECT_EQ(down.asked(), 3U);
}

TEST(OAuth2, AnswersThatAreNoToken) {
  for (const char* body :
       {"[]", "{}", "17", "\"x\"", R"({"access_token":""})", R"({"access_token":17})",
        R"({"access_token":null})", R"({"access_token":"a\r\nX: 1"})", R"({"access_token":"caf\u00e9"})",
        R"({"error":{"code":1}})", R"({"access_token":"secret-token","token_type":"mac"})"}) {
    World world({answer(200, body)});
    const auto result = world.token();
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().code, Code::invalid_data) << body;
    EXPECT_EQ(result.error().message.find("secret-token"), std::string::npos);
    EXPECT_EQ(world.asked(), 1U);
  }
  World bare({answer(200, R"({"access_token":"abc-token"})")});
  EXPECT_EQ(bare.text(), "abc-token");
  World lower({answer(200, R"({"access_token":"abc-token","token_type":"bearer"})")});
  EXPECT_EQ(lower.text(), "abc-token");
}

TEST(OAuth2, NoSecretIsShown) {
  OAuth2Client who = user();
  who.refresh_token = Secret("given-refresh");
  World world(
      {answer(400, R"({"error":"x","error_description":"s3cret/of+client pass word given-refresh"})")}, who);
  const std::string message = world.text();
  EXPECT_NE(message.find("x (*** *** ***)"), std::string::npos) << message;

  World granting({granted("abc-token", R"(,"refresh_token":"won-refresh")")}, user());
  ASSERT_TRUE(granting.token());
  EXPECT_EQ(granting.redactor.redact("a abc-token b won-refresh c s3cret/of+client d "
                                     "dGhlLWNsaWVudDpzM2NyZXQlMkZvZiUyQmNsaWVudA=="),
            "a *** b *** c *** d ***");
}

TEST(OAuth2, AnAddressThatIsNoneIsSaid) {
  OAuth2Client who = client();
  who.token_url = "nonsense";
  World world({granted("abc-token")}, who);
  EXPECT_EQ(world.token().error().code, Code::invalid_config);
  EXPECT_EQ(world.asked(), 0U);
}

TEST(OAuth2, OneAsksForAll) {
  World world({granted("first-token"), granted("second-token")});
  world.server.shut();
  std::vector<std::string> tokens(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& token : tokens)
      threads.emplace_back([&] {
        const auto result = world.token();
        token = result ? result->reveal() : result.error().message;
      });
    world.server.wait_for(1);
    world.server.open();
  }
  EXPECT_EQ(tokens, std::vector<std::string>(8, "first-token"));
  EXPECT_EQ(world.asked(), 1U);
}

TEST(OAuth2, AWaitingCallerIsStoppedOrRunsOutOfTime) {
  World world({granted("abc-token")}, client(), base::SimulatedClock::Mode::manual);
  world.server.shut();
  std::jthread leader([&] { EXPECT_TRUE(world.token()); });
  world.server.wait_for(1);

  std::stop_source stop;
  std::jthread stopped([&] { EXPECT_EQ(world.token(stop.get_token()).error().code, Code::cancelled); });
  stop.request_stop();
  stopped.join();

  const base::SteadyTime deadline = world.clock.steady() + 10s;
  std::jthread late(
      [&] { EXPECT_EQ(world.oauth2.token({.deadline = deadline}, {}).error().code, Code::timeout); });
  world.clock.advance(10s);
  late.join();

  world.server.open();
  leader.join();
  EXPECT_EQ(world.asked(), 1U);
}

TEST(OAuth2, WhenTheOneWhoAsksIsStoppedAnotherAsks) {
  World world({granted("abc-token")});
  world.server.shut();
  std::stop_source stop;
  std::jthread leader([&] { EXPECT_EQ(world.token(stop.get_token()).error().code, Code::cancelled); });
  world.server.wait_for(1);
  std::jthread other([&] {
    const auto result = world.token();
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->reveal(), "abc-token");
  });
  stop.request_stop();
  world.server.wait_for(2);
  world.server.open();
}

}  // namespace
