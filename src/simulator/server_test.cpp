#include "simulator/server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "simulator/test_socket.hpp"

namespace simulator {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

const std::string kev_path = "/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";

struct Response {
  int status = 0;
  std::string head;
  std::string body{};
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    auto server = Server::start(world_, clock_, 0);
    if (server) server_ = std::move(*server);
    EXPECT_TRUE(server.has_value());
  }

  static std::string request(const std::string& method, const std::string& target,
                             const std::string& body = {}) {
    return fmt::format(
        "{} {} HTTP/1.1\r\nHost: x\r\nX-Mixed-Case: Value\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n{}",
        method, target, body.size(), body);
  }
  static Response read_response(TestSocket& socket) {
    const std::string all = socket.read_all();
    const std::size_t end = all.find("\r\n\r\n");
    if (!all.starts_with("HTTP/1.1 ") || end == std::string::npos) return {.head = all};
    return {
        .status = std::stoi(all.substr(9, 3)), .head = all.substr(0, end + 2), .body = all.substr(end + 4)};
  }
  Response call(const std::string& method, const std::string& target, const std::string& body = {}) {
    TestSocket socket(server_->port());
    socket.send(request(method, target, body));
    return read_response(socket);
  }

  World world_{7, {{"kev", 20}}};
  base::SystemClock clock_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, hands_method_query_headers_and_body_to_the_api) {
  const std::string nih = "/api.reporter.nih.gov/v2/projects/search";
  const Response page = call("POST", nih, R"({"criteria": {}, "limit": 3, "offset": 1})");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(Json::parse(page.body)["results"].size(), 3U);
  EXPECT_EQ(call("GET", nih).status, 405);
  EXPECT_EQ(call("POST", nih, std::string(Server::maximum_body + 1, ' ')).status, 413);
  const Response filtered =
      call("GET", "/ghoapi.azureedge.net/api/WHOSIS_000001?%24filter=SpatialDim+in+(%27BRA%27)&%24top=2");
  EXPECT_EQ(Json::parse(filtered.body)["value"][1]["SpatialDim"], "BRA");
  const Response packed = call("GET", "/api.stackexchange.com/2.3/tags?site=x");
  EXPECT_NE(packed.head.find("Content-Encoding: gzip"), std::string::npos);
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(call("POST", "/api.producthunt.com/v2/api/graphql", "{}").status, 401);
  EXPECT_EQ(call("GET", "/api.npmjs.org/downloads/point/last-month/%40angular%2Fcore").status, 200);
  const Json log = Json::parse(call("GET", "/_sim/requests").body);
  EXPECT_EQ(log[0]["api"], "nih");
  EXPECT_EQ(log.back()["api"], "npm");
}

TEST_F(ServerTest, serves_the_catalogue) {
  const Response response = call("GET", kev_path);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, *world_.serve(*find_api("kev")).body);
  for (const char* header : {"\r\nContent-Type: application/json\r\n", "\r\nETag: \"",
                             "\r\nDate: ", "\r\nLast-Modified: Mon, 25 Aug 2025 17:04:19 GMT\r\n"})
    EXPECT_NE(response.head.find(header), std::string::npos) << header << "\n" << response.head;

  const Response head = call("HEAD", kev_path);
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.body.empty());
  EXPECT_NE(head.head.find(fmt::format("\r\nContent-Length: {}\r\n", response.body.size())),
            std::string::npos);
  EXPECT_EQ(call("POST", kev_path, "x").status, 405);
}

TEST_F(ServerTest, unknown_paths_name_the_known_apis) {
  for (const char* path : {"/", "/www.cisa.gov", "/www.cisa.gov/other", "//", "/example.org/%ff"}) {
    const Response response = call("GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(Json::parse(response.body)["apis"][0]["path"], kev_path) << path;
  }
}

TEST_F(ServerTest, requests_are_recorded_as_sent) {
  call("GET", kev_path + "?a=1&b=%20x");
  call("HEAD", "/unknown%41/p");
  call("GET", "/_sim/health");
  const Json list = Json::parse(call("GET", "/_sim/requests").body);
  ASSERT_EQ(list.size(), 2U) << "control requests are left out";
  EXPECT_EQ(list[0]["number"], 1);
  EXPECT_EQ(list[0]["method"], "GET");
  EXPECT_EQ(list[0]["host"], "www.cisa.gov");
  EXPECT_EQ(list[0]["path"], "/sites/default/files/feeds/known_exploited_vulnerabilities.json");
  EXPECT_EQ(list[0]["query"], "a=1&b=%20x");
  EXPECT_EQ(list[0]["headers"]["x-mixed-case"], "Value");
  EXPECT_EQ(list[0]["status"], 200);
  EXPECT_EQ(list[0]["api"], "kev");
  EXPECT_EQ(list[1]["host"], "unknown%41");
  EXPECT_EQ(list[1]["status"], 404);
  EXPECT_EQ(list[1]["api"], "");
}

TEST_F(ServerTest, control_works_over_http) {
  const Json ticked = Json::parse(call("POST", "/_sim/tick?api=kev&add=1&change=1").body);
  EXPECT_EQ(ticked["added"].size(), 1U);
  EXPECT_EQ(call("POST", "/_sim/edit", R"({"api":"kev","index":0,"field":"notes","value":7})").status, 200);
  EXPECT_EQ(Json::parse(call("GET", kev_path).body)["vulnerabilities"][0]["notes"], 7);
  EXPECT_EQ(call("POST", "/_sim/edit", std::string(Server::maximum_body + 1, ' ')).status, 413);
}

TEST_F(ServerTest, faults_come_in_order_and_end) {
  call("POST", "/_sim/faults", R"({"api":"kev","kind":"status","status":503,"headers":{"Retry-After":"1"}})");
  call("POST", "/_sim/faults", R"({"api":"kev","kind":"html"})");
  call("POST", "/_sim/faults",
       R"({"api":"kev","kind":"body","body_base64":"AHsK","content_type":"application/x-odd"})");
  EXPECT_EQ(call("GET", "/elsewhere/").status, 404);
  const Response unavailable = call("GET", kev_path);
  EXPECT_EQ(unavailable.status, 503);
  EXPECT_NE(unavailable.head.find("\r\nRetry-After: 1\r\n"), std::string::npos);
  const Response html = call("GET", kev_path);
  EXPECT_EQ(html.status, 200);
  EXPECT_NE(html.head.find("Content-Type: text/html"), std::string::npos);
  EXPECT_TRUE(html.body.starts_with("<!DOCTYPE html>"));
  const Response bytes = call("GET", kev_path);
  EXPECT_EQ(bytes.body, std::string("\0{\n", 3));
  EXPECT_NE(bytes.head.find("Content-Type: application/x-odd"), std::string::npos);
  EXPECT_EQ(call("GET", kev_path).body.front(), '{');
}

TEST_F(ServerTest, a_delayed_answer_comes_late) {
  call("POST", "/_sim/faults", R"({"kind":"delay","milliseconds":100})");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(call("GET", kev_path).status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
}

TEST_F(ServerTest, a_delayed_answer_holds_up_nobody) {
  call("POST", "/_sim/faults", R"({"kind":"delay","milliseconds":3600000})");
  call("POST", "/_sim/faults", R"({"kind":"delay","milliseconds":50})");
  TestSocket hour(server_->port());
  hour.send(request("GET", kev_path));
  while (Json::parse(call("GET", "/_sim/requests").body).empty()) std::this_thread::yield();
  EXPECT_EQ(call("GET", kev_path).status, 200) << "50 ms: asked later, answered earlier";
  EXPECT_EQ(call("GET", kev_path).status, 200);
  const Json list = Json::parse(call("GET", "/_sim/requests").body);
  EXPECT_EQ(list[0]["status"], 0) << "still waiting";
  EXPECT_EQ(list[1]["status"], 200);
  server_.reset();  // at once, with one answer an hour away
  EXPECT_EQ(hour.read_all(), "");
}

TEST_F(ServerTest, many_clients_at_once) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(call("GET", kev_path).status, 200);
        if (t == 0) {
          EXPECT_EQ(call("POST", "/_sim/tick?api=kev&add=1").status, 200);
        }
      }
    });
  threads.clear();
  EXPECT_EQ(world_.records("kev")->size(), 30U);
  EXPECT_EQ(Json::parse(call("GET", "/_sim/health").body)["requests_total"], 80);
}

TEST_F(ServerTest, a_taken_port_is_an_error) {
  const auto second = Server::start(world_, clock_, server_->port());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::Code::unavailable);
}

}  // namespace
}  // namespace simulator
