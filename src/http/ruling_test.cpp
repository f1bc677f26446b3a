// What Request::judge_answer changes: the judgement, the retries, the response.
#include <gtest/gtest.h>

#include "http/policy_driver_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using http::Outcome;
using http::Request;
using http::Response;
using http::Ruling;
using http::Verdict;
using Is = http::Ruling::Action;

const base::WallTime now{std::chrono::seconds{1'700'000'000}};
http::Judgement judge(const Request& request, const Outcome& outcome) {
  return http::judge(request, outcome, now);
}

http::AnswerJudge always(Ruling ruling) {
  return [ruling](const Response&) { return ruling; };
}
Request get(Ruling ruling) {
  return {.url = "https://api.example/v1?key=secret", .judge_answer = always(std::move(ruling))};
}
Request post(Ruling ruling) {
  return {.method = "POST",
          .url = "https://api.example/v1",
          .judge_answer = always(std::move(ruling)),
          .idempotent = false};
}
Outcome answered(int status, std::string body = "") {
  return {http::Fate::answered, {.status = status, .headers = {}, .body = std::move(body)}};
}

TEST(Ruling, AnAnswerThatCountsDoesSoWhateverItsStatusAndBody) {
  for (const Is action : {Is::success, Is::ignore, Is::reset_pagination})
    for (const int status : {200, 204, 302, 304, 400, 401, 404, 429, 500, 503})
      for (const char* body : {"", "<html>", "{\"a\": ["}) {
        Request request = get({.action = action});
        request.expect = Request::Expect::json;
        const auto judgement = judge(request, answered(status, body));
        EXPECT_EQ(judgement.verdict, Verdict::success) << status;
        EXPECT_EQ(judgement.ruling, action);
      }
}

TEST(Ruling, FailIsFinalWithTheCodeOfTheStatusOrItsOwn) {
  struct Row {
    int status;
    Code code;
  };
  for (const Row& row :
       {Row{200, Code::invalid_data}, Row{204, Code::invalid_data}, Row{400, Code::invalid_config},
        Row{401, Code::permission}, Row{403, Code::permission}, Row{404, Code::endpoint_gone},
        Row{408, Code::timeout}, Row{429, Code::rate_limited}, Row{503, Code::unavailable}}) {
    Request request = get({.action = Is::fail});
    request.expect = Request::Expect::json;  // an empty body is not tried again either
    const auto judgement = judge(request, answered(row.status));
    EXPECT_EQ(judgement.verdict, Verdict::final) << row.status;
    EXPECT_EQ(judgement.error.code, row.code) << row.status;
    EXPECT_EQ(judgement.reason, "filter_fail");
    EXPECT_EQ(judge(get({.action = Is::fail, .code = Code::permission}), answered(row.status)).error.code,
              Code::permission);
  }
}

TEST(Ruling, WhatMayBeRepeatedStillHolds) {  // RT1
  struct Row {
    int status;
    bool post;
  };
  for (const Row& row : {Row{200, true}, Row{204, true}, Row{400, true}, Row{403, true}, Row{404, true},
                         Row{409, true}, Row{425, true}, Row{429, true}, Row{503, true}, Row{408, false},
                         Row{500, false}, Row{501, false}, Row{502, false}, Row{504, false}, Row{302, false}})
    for (const Is action : {Is::retry, Is::rate_limited}) {
      const auto expected = row.post ? Verdict::retry : Verdict::final;
      EXPECT_EQ(judge(get({.action = action}), answered(row.status)).verdict, Verdict::retry) << row.status;
      const auto judgement = judge(post({.action = action}), answered(row.status));
      EXPECT_EQ(judgement.verdict, expected) << row.status;
      EXPECT_EQ(judgement.error.message.find("not repeated") == std::string::npos, row.post) << row.status;
      Request idempotent = post({.action = action});
      idempotent.idempotent = true;
      EXPECT_EQ(judge(idempotent, answered(row.status)).verdict, Verdict::retry) << row.status;

      Outcome see_other = answered(row.status);  // the POST itself was carried out
      see_other.response.method = "GET";
      EXPECT_EQ(judge(post({.action = action}), see_other).verdict, Verdict::final) << row.status;
    }
}

TEST(Ruling, WhatIsTriedAgainTakesTheWaitThatTheAnswerAsksFor) {  // RT3
  using namespace std::chrono_literals;
  Outcome asking = answered(200, "rate limit");
  EXPECT_EQ(judge(get({.action = Is::rate_limited}), asking).wait, std::nullopt);
  asking.response.headers.push_back({"retry-after", "90"});
  const auto limited = judge(get({.action = Is::rate_limited}), asking);
  EXPECT_EQ(limited.wait, 90s);
  EXPECT_EQ(limited.error.retry_after, 90s);
  EXPECT_EQ(judge(get({.action = Is::retry}), asking).wait, 90s);
  EXPECT_EQ(judge(get({.action = Is::success}), asking).wait, std::nullopt);
  EXPECT_EQ(judge(get({.action = Is::fail, .code = Code::permission}), asking).wait, std::nullopt);
  EXPECT_EQ(judge(get({.action = Is::rate_limited}), answered(403, "forbidden")).wait, std::nullopt);
  EXPECT_EQ(judge(get({.action = Is::rate_limited}), answered(403, "rate limit")).wait, 60s);
  EXPECT_EQ(judge(get({.action = Is::fail}), answered(403, "rate limit")).error.code, Code::rate_limited);
}

TEST(Ruling, CodesOfWhatIsTriedAgain) {
  const auto code = [](Ruling ruling, int status) {
    return judge(get(std::move(ruling)), answered(status)).error.code;
  };
  EXPECT_EQ(code({.action = Is::retry}, 200), Code::unavailable);
  EXPECT_EQ(code({.action = Is::retry}, 404), Code::unavailable);
  EXPECT_EQ(code({.action = Is::retry}, 401), Code::unavailable);
  EXPECT_EQ(code({.action = Is::retry}, 408), Code::timeout);
  EXPECT_EQ(code({.action = Is::retry}, 429), Code::rate_limited);
  EXPECT_EQ(code({.action = Is::retry, .code = Code::invalid_data}, 404), Code::invalid_data);
  for (const int status : {200, 403, 429, 503})
    EXPECT_EQ(code({.action = Is::rate_limited, .code = Code::permission}, status), Code::rate_limited);
}

TEST(Ruling, Messages) {
  const auto text = [](Ruling ruling, int status) {
    return judge(get(std::move(ruling)), answered(status, "{\"error\":\"over\"}")).error.message;
  };
  EXPECT_EQ(text({.action = Is::fail, .message = "the quota of the month is used up"}, 200),
            "api.example answered 200 OK: the quota of the month is used up");
  EXPECT_EQ(text({.action = Is::fail}, 200),
            "api.example answered 200 OK, a failure by requester.error_handler.response_filters: "
            "{\"error\":\"over\"}");
  EXPECT_EQ(text({.action = Is::rate_limited}, 403),
            "api.example answered 403 Forbidden, a rate limit by requester.error_handler.response_filters: "
            "{\"error\":\"over\"}");
  EXPECT_EQ(text({.action = Is::fail, .message = "a\x1b[2J\nb"}, 299),
            "api.example answered 299: a\\x1b[2J\\nb");
  EXPECT_LT(text({.action = Is::fail, .message = std::string(5000, 'x')}, 200).size(), 600U);
}

TEST(Ruling, IsAskedAboutEveryAnswerBeforeAnythingElseAndAboutNothingElse) {
  std::vector<int> asked;
  Request request{.url = "https://api.example/", .judge_answer = [&](const Response& response) {
                    asked.push_back(response.status);
                    return std::optional<Ruling>();
                  }};
  request.expect = Request::Expect::json;
  for (const int status : {200, 302, 404, 503}) judge(request, answered(status));
  EXPECT_EQ(asked, (std::vector<int>{200, 302, 404, 503}));
  EXPECT_EQ(judge(request, answered(503)).reason, "status_503");  // nullopt: the usual judgement
  EXPECT_EQ(judge(request, answered(200)).reason, "no_json");
  asked.clear();
  for (const auto fate :
       {http::Fate::not_sent, http::Fate::sent_unknown, http::Fate::refused, http::Fate::cancelled})
    judge(request, {.fate = fate, .error = base::error(Code::unavailable, "x")});
  EXPECT_TRUE(asked.empty());
}

// The whole of a request: `statuses` in turn, the last for ever.
base::Result<Response> run(const Request& request, const std::vector<int>& statuses,
                           int* attempts = nullptr) {
  std::vector<http::Outcome> outcomes;
  for (const int status : statuses) outcomes.push_back(answered(status, "x"));
  http::testing::Driver driver(request, {.max_attempts = 3});
  driver.run(std::move(outcomes));
  if (attempts) *attempts = driver.policy.attempts();
  return driver.policy.result();
}

http::AnswerJudge on(int status, Ruling ruling) {
  return [=](const Response& response) {
    return response.status == status ? std::optional(ruling) : std::nullopt;
  };
}

TEST(Ruling, StandsInTheResponse) {
  for (const Is action : {Is::success, Is::ignore, Is::reset_pagination}) {
    const auto result = run(get({.action = action}), {404});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->ruling, action);
    EXPECT_EQ(result->status, 404);
  }
  const auto usual = run({.url = "https://api.example/"}, {200});
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->ruling, std::nullopt);
}

TEST(Ruling, RetryGoesByTheBackoffAndEndsWithItsCause) {
  int attempts = 0;
  Request request{.url = "https://api.example/",
                  .judge_answer = on(202, {.action = Is::retry, .message = "not ready yet"})};
  EXPECT_TRUE(run(request, {202, 202, 200}, &attempts));
  EXPECT_EQ(attempts, 3);
  const auto spent = run(request, {202}, &attempts);
  EXPECT_EQ(attempts, 3);
  ASSERT_FALSE(spent);
  EXPECT_EQ(spent.error().code, Code::unavailable);
  EXPECT_TRUE(spent.error().message.ends_with("answered 202 Accepted: not ready yet"))
      << spent.error().message;
  request.judge_answer = on(403, {.action = Is::rate_limited});
  EXPECT_EQ(run(request, {403}, &attempts).error().code, Code::rate_limited);
  EXPECT_EQ(attempts, 3);
  request.judge_answer = on(503, {.action = Is::fail, .code = Code::endpoint_gone});
  EXPECT_EQ(run(request, {503}, &attempts).error().code, Code::endpoint_gone);
  EXPECT_EQ(attempts, 1);
}

}  // namespace
