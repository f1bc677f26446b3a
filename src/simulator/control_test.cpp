#include "simulator/control.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace simulator {
namespace {

using Json = nlohmann::json;

class ControlTest : public testing::Test {
 protected:
  Answer call(const std::string& method, const std::string& path, const std::string& body = {},
              std::map<std::string, std::string> query = {}) {
    return control_.handle({.method = method, .path = path, .query = std::move(query), .body = body});
  }
  Json json(const Answer& answer) { return Json::parse(*answer.body); }
  int add_fault(const std::string& body) { return call("POST", "/_sim/faults", body).status; }

  World world_{7, {{"kev", 5}}};
  FaultQueue faults_;
  RequestLog requests_;
  Control control_{world_, faults_, requests_};
};

TEST_F(ControlTest, tick_answers_what_it_did) {
  const Answer answer = call("POST", "/_sim/tick", "", {{"api", "kev"}, {"add", "2"}, {"change", "1"}});
  EXPECT_EQ(answer.status, 200);
  const auto records = world_.records("kev");
  ASSERT_EQ(records->size(), 7U);
  EXPECT_EQ(json(answer)["added"].size(), 2U);
  EXPECT_EQ(json(answer)["added"][0], std::get<std::string>((*records)[0][0].value));
  EXPECT_EQ(json(answer)["changed"].size(), 1U);

  for (const char* wrong : {"x", "-1", "1.5", "", "99999999999999999999"})
    EXPECT_EQ(call("POST", "/_sim/tick", "", {{"api", "kev"}, {"add", wrong}}).status, 400) << wrong;
  EXPECT_EQ(call("POST", "/_sim/tick", "", {{"api", "nobody"}}).status, 400);
  EXPECT_EQ(call("GET", "/_sim/tick", "", {{"api", "kev"}, {"add", "1"}}).status, 405);
  EXPECT_EQ(world_.records("kev")->size(), 7U);
}

TEST_F(ControlTest, edit_takes_any_value) {
  const std::string values[] = {R"("2025-02-30")",  "null",           "true", "-1.5",
                                R"(["a",{"b":1}])", R"("quote \" é")"};
  for (const std::string& value : values) {
    const Answer answer =
        call("POST", "/_sim/edit", R"({"api":"kev","index":1,"field":"dateAdded","value":)" + value + "}");
    EXPECT_EQ(answer.status, 200) << *answer.body;
    EXPECT_EQ(json(call("GET", "/_sim/truth/kev"))[1]["dateAdded"], Json::parse(value));
    EXPECT_EQ(Json::parse(*world_.serve(*find_api("kev")).body)["vulnerabilities"][1]["dateAdded"],
              Json::parse(value));
  }
  const char* wrong[] = {"",
                         "[]",
                         R"({"api":"kev","index":1,"field":"dateAdded"})",
                         R"({"api":"kev","index":-1,"field":"dateAdded","value":1})",
                         R"({"api":"kev","index":5,"field":"dateAdded","value":1})",
                         R"({"api":"kev","index":1,"field":"no","value":1})",
                         R"({"api":1,"value":1})"};
  for (const char* body : wrong) EXPECT_EQ(call("POST", "/_sim/edit", body).status, 400) << body;
}

TEST_F(ControlTest, truth_and_health) {
  EXPECT_EQ(json(call("GET", "/_sim/truth/kev")).size(), 5U);
  EXPECT_EQ(call("GET", "/_sim/truth/nobody").status, 404);
  const Json health = json(call("GET", "/_sim/health"));
  EXPECT_EQ(health["seed"], 7);
  EXPECT_EQ(health["apis"][0]["name"], "kev");
  const Answer unknown = call("GET", "/_sim/nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body->find("kev"), std::string::npos);
}

TEST_F(ControlTest, faults_are_used_in_order) {
  EXPECT_EQ(
      add_fault(R"({"api":"kev","kind":"status","status":429,"count":2,"headers":{"Retry-After":"1"}})"),
      200);
  EXPECT_EQ(add_fault(R"({"kind":"delay","milliseconds":500})"), 200);
  EXPECT_EQ(add_fault(R"({"api":"kev","kind":"body","body_base64":"AP8="})"), 200);
  EXPECT_EQ(add_fault(R"({"api":"kev","kind":"html","count":-1})"), 200);
  EXPECT_EQ(json(call("GET", "/_sim/faults")).size(), 4U);

  auto fault = faults_.take("kev");
  ASSERT_TRUE(fault && fault->kind == Fault::Kind::status);
  EXPECT_EQ(fault->status, 429);
  EXPECT_EQ(fault->headers.at(0), (std::pair<std::string, std::string>("Retry-After", "1")));
  EXPECT_EQ(faults_.take("another")->delay, std::chrono::milliseconds{500}) << "without an api: for all";
  EXPECT_EQ(faults_.take("another"), std::nullopt);
  EXPECT_EQ(faults_.take("kev")->kind, Fault::Kind::status) << "its second time";
  EXPECT_EQ(faults_.take("kev")->body, std::string("\0\xff", 2));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(faults_.take("kev")->kind, Fault::Kind::html);
  EXPECT_EQ(call("DELETE", "/_sim/faults").status, 200);
  EXPECT_EQ(faults_.take("kev"), std::nullopt);
}

TEST_F(ControlTest, wrong_faults_are_refused) {
  const char* wrong[] = {"",
                         "{}",
                         R"({"kind":"no"})",
                         R"({"kind":"status","status":99})",
                         R"({"kind":"status","status":"503"})",
                         R"({"kind":"status","count":0})",
                         R"({"kind":"status","count":-2})",
                         R"({"kind":"status","cuont":2})",
                         R"({"api":"nobody","kind":"html"})",
                         R"({"kind":"status","headers":{"A":1}})",
                         R"({"kind":"delay","milliseconds":-1})",
                         R"({"kind":"body","body_base64":"?"})"};
  for (const char* body : wrong) EXPECT_EQ(add_fault(body), 400) << body;
  EXPECT_TRUE(faults_.list().empty());
}

TEST_F(ControlTest, requests_are_listed_and_bounded) {
  EXPECT_EQ(requests_.begin({.method = "GET", .host = "h", .path = "/p", .query = "a=1", .api = "kev"}), 1U);
  EXPECT_EQ(requests_.begin({.method = "HEAD"}), 2U);
  requests_.finish(1, 200);
  const Answer answer = call("GET", "/_sim/requests");
  EXPECT_EQ(answer.headers.at(0), (std::pair<std::string, std::string>("X-Total-Count", "2")));
  EXPECT_EQ(json(answer)[0]["status"], 200);
  EXPECT_EQ(json(answer)[0]["query"], "a=1");
  EXPECT_EQ(json(answer)[1]["status"], 0);

  for (std::size_t i = 0; i < RequestLog::capacity + 5; ++i) requests_.begin({});
  requests_.finish(1, 500);  // long gone: nothing happens
  EXPECT_EQ(requests_.list().size(), RequestLog::capacity);
  EXPECT_EQ(requests_.list().front().number, 8U);
  EXPECT_EQ(requests_.list().front().status, 0);
  EXPECT_EQ(requests_.total(), RequestLog::capacity + 7);

  EXPECT_EQ(call("DELETE", "/_sim/requests").status, 200);
  EXPECT_EQ(requests_.total(), 0U);
  EXPECT_EQ(requests_.begin({}), RequestLog::capacity + 8);
}

}  // namespace
}  // namespace simulator
