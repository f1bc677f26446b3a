// The account in front of the simulated football: keys, quotas, plans, and what is said about wrong requests.
#include "simulator/football.hpp"

#include "simulator/api_testing.hpp"
#include "simulator/football_testing.hpp"
#include "simulator/server.hpp"
#include "simulator/test_socket.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

TEST(Football, wants_its_key) {
  FootballClient football;
  const Answer none = football.ask("timezone", {}, {});
  EXPECT_EQ(none.status, 403);
  EXPECT_TRUE(Json::parse(*none.body)["errors"].contains("token"));
  for (const char* name : {"x-apisports-key", "x-rapidapi-key"}) {
    const Answer wrong = football.ask("status", {}, {{name, "wrong"}});
    EXPECT_EQ(wrong.status, 200);
    EXPECT_TRUE(Json::parse(*wrong.body)["errors"].contains("token"));
    EXPECT_EQ(Json::parse(*wrong.body)["response"], Json::array());
    const Answer right = football.ask("timezone", {}, {{name, "simulated-football-key"}});
    EXPECT_EQ(Json::parse(*right.body)["errors"], Json::array());
  }
}

TEST(Football, the_envelope_repeats_the_question) {
  FootballClient football;
  const Json all = football.get("leagues", {{"id", "39"}, {"season", "2025"}});
  EXPECT_EQ(all["get"], "leagues");
  EXPECT_EQ(all["parameters"], (Json{{"id", "39"}, {"season", "2025"}}));
  EXPECT_EQ(all["paging"], (Json{{"current", 1}, {"total", 1}}));
  EXPECT_EQ(football.get("timezone")["parameters"], Json::array());
  EXPECT_TRUE(football.get("status")["response"].is_object());
}

TEST(Football, counts_a_day_of_utc_and_a_minute) {
  FootballClient football(7, {.quota = 3, .per_minute = 2});
  const auto left = [](const Answer& answer) {
    return header_of(answer, "x-ratelimit-requests-remaining") + " " +
           header_of(answer, "X-RateLimit-Remaining");
  };
  const Answer first = football.ask("timezone");
  EXPECT_EQ(left(first), "2 1");
  EXPECT_EQ(header_of(first, "x-ratelimit-requests-limit"), "3");
  EXPECT_EQ(header_of(first, "X-RateLimit-Limit"), "2");
  EXPECT_EQ(left(football.ask("status")), "2 1") << "free";
  EXPECT_TRUE(football.errors("nothing").contains("endpoint")) << "a mistake counts";
  EXPECT_TRUE(football.errors("timezone").contains("rateLimit"));
  football.now += 1min;
  EXPECT_EQ(football.rows("status")["requests"], (Json{{"current", 2}, {"limit_day", 3}}));
  EXPECT_EQ(left(football.ask("timezone")), "0 1");
  EXPECT_TRUE(football.errors("timezone").contains("requests"));
  EXPECT_EQ(football.ask("timezone").status, 200);
  football.now += 2h;  // midnight
  EXPECT_EQ(left(football.ask("timezone")), "2 1");
}

TEST(Football, says_what_is_wrong_with_parameters) {
  FootballClient football;
  std::string many = "1";
  for (int i = 2; i <= 21; ++i) many += "-" + std::to_string(i);
  struct Case {
    std::string endpoint;
    std::multimap<std::string, std::string> query;
    std::string at;
  };
  for (const auto& [endpoint, query, at] :
       std::vector<Case>{{"fixtures", {}, "required"},
                         {"fixtures", {{"nothing", "1"}}, "nothing"},
                         {"fixtures", {{"id", "x"}}, "id"},
                         {"fixtures", {{"ids", many}}, "ids"},
                         {"fixtures", {{"date", "21/11/2025"}}, "date"},
                         {"fixtures", {{"date", "2025-02-30"}}, "date"},
                         {"fixtures", {{"date", "2025-11-21"}, {"timezone", "Mars/Base"}}, "timezone"},
                         {"fixtures", {{"date", "2025-11-21"}, {"timezone", "../passwd"}}, "timezone"},
                         {"fixtures", {{"league", "39"}}, "league"},
                         {"fixtures", {{"season", "2025"}}, "season"},
                         {"fixtures", {{"season", "25"}, {"league", "39"}}, "season"},
                         {"fixtures", {{"from", "2025-11-21"}, {"to", "2025-11-22"}}, "from"},
                         {"fixtures", {{"from", "2025-11-21"}, {"league", "39"}, {"season", "2025"}}, "from"},
                         {"fixtures", {{"last", "100"}}, "last"},
                         {"fixtures", {{"live", "some"}}, "live"},
                         {"fixtures/headtohead", {}, "h2h"},
                         {"fixtures/headtohead", {{"h2h", "33"}}, "h2h"},
                         {"fixtures/statistics", {}, "fixture"},
                         {"fixtures/lineups", {}, "fixture"},
                         {"leagues", {{"search", "ab"}}, "search"},
                         {"leagues", {{"current", "yes"}}, "current"},
                         {"teams", {}, "required"},
                         {"teams", {{"league", "39"}}, "season"},
                         {"teams/statistics", {{"league", "39"}, {"season", "2025"}}, "team"},
                         {"standings", {{"league", "39"}}, "season"},
                         {"standings", {{"season", "2025"}}, "season"},
                         {"odds", {}, "required"},
                         {"odds", {{"league", "39"}}, "season"},
                         {"odds", {{"date", "2025-11-21"}, {"page", "0"}}, "page"},
                         {"injuries", {}, "required"},
                         {"players", {}, "endpoint"}}) {
    const Json errors = football.errors(endpoint, query);
    ASSERT_TRUE(errors.is_object()) << endpoint << errors;
    EXPECT_TRUE(errors.contains(at)) << endpoint << errors;
    EXPECT_GT(errors.value(at, "").size(), 10U);
  }
}

TEST(Football, answers_are_utf8_whatever_was_sent) {
  FootballClient football;
  for (const auto& [name, value] : std::multimap<std::string, std::string>{
           {"search", "\xff\xfe\xfd"}, {"\xc3", "x"}, {"id", std::string(100'000, '1')}, {"", ""}}) {
    const Answer answer = football.ask("leagues", {{name, value}});
    EXPECT_TRUE(Json::accept(*answer.body)) << *answer.body;
    EXPECT_LT(answer.body->size(), 5000U);
  }
  EXPECT_TRUE(Json::accept(*football.ask("a\xff").body));
  EXPECT_TRUE(Json::accept(*football.ask(std::string("/").append(1, '\0')).body));
}

TEST(Football, the_free_plan_knows_old_seasons_and_the_days_around) {
  FootballClient football(7, {.free_plan = true});
  EXPECT_EQ(football.rows("status")["subscription"]["plan"], "Free");
  EXPECT_EQ(football.errors("standings", {{"league", "39"}, {"season", "2025"}})["plan"],
            "Free plans do not have access to this season, try from 2021 to 2023.");
  EXPECT_TRUE(football.errors("standings", {{"league", "39"}, {"season", "2019"}}).contains("plan"));
  EXPECT_EQ(football.rows("standings", {{"league", "39"}, {"season", "2023"}}).size(), 1U);
  EXPECT_FALSE(football.rows("fixtures", {{"date", "2025-11-22"}}).empty());
  EXPECT_TRUE(football.errors("fixtures", {{"date", "2025-11-24"}}).contains("plan"));
  EXPECT_TRUE(football.errors("fixtures", {{"next", "5"}}).contains("plan"));
}

TEST(Football, finds_leagues_and_teams) {
  FootballClient football;
  EXPECT_EQ(football.rows("leagues", {{"country", "brazil"}}).size(), 3U);
  EXPECT_EQ(football.rows("leagues", {{"search", "serie"}}).size(), 4U);
  EXPECT_EQ(football.rows("leagues", {{"id", "39"}, {"season", "1990"}}).size(), 0U);
  const Json teams = football.rows("teams", {{"search", "nacional"}});
  ASSERT_EQ(teams.size(), 2U);
  const std::string id = teams[0]["team"]["id"].dump();
  EXPECT_EQ(football.rows("teams", {{"id", id}})[0], teams[0]);
  EXPECT_EQ(football.rows("leagues", {{"team", id}}).size(), 3U) << "its league and two cups";
  EXPECT_EQ(football.rows("teams", {{"league", "39"}, {"season", "2025"}}).size(), 20U);
}

TEST(Football, chooses_games) {
  FootballClient football;
  const Json teams = football.rows("teams", {{"league", "39"}, {"season", "2025"}});
  const std::string team = teams[3]["team"]["id"].dump();
  const Json last = football.rows("fixtures", {{"team", team}, {"last", "5"}});
  ASSERT_EQ(last.size(), 5U);
  EXPECT_GT(last[0]["fixture"]["timestamp"], last[4]["fixture"]["timestamp"]);
  const Json next = football.rows("fixtures", {{"team", team}, {"next", "2"}});
  ASSERT_EQ(next.size(), 2U);
  EXPECT_LT(next[0]["fixture"]["timestamp"], next[1]["fixture"]["timestamp"]);
  EXPECT_LT(last[0]["fixture"]["timestamp"], next[0]["fixture"]["timestamp"]);
  for (const Json& game :
       football.rows("fixtures", {{"league", "39"}, {"season", "2025"}, {"status", "FT-PST"}}))
    EXPECT_TRUE(game["fixture"]["status"]["short"] == "FT" || game["fixture"]["status"]["short"] == "PST");
  const Json month = football.rows(
      "fixtures", {{"league", "39"}, {"season", "2025"}, {"from", "2025-10-01"}, {"to", "2025-10-31"}});
  EXPECT_FALSE(month.empty());
  for (const Json& game : month)
    EXPECT_EQ(game["fixture"]["date"].get<std::string>().substr(0, 7), "2025-10");
  const std::string a = month[0]["fixture"]["id"].dump(), b = month[1]["fixture"]["id"].dump();
  const Json both = football.rows("fixtures", {{"ids", b + "-" + a}});
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0]["statistics"].size(), 2U);
  EXPECT_FALSE(month[0].contains("statistics"));
  EXPECT_EQ(football.rows("fixtures", {{"id", "1"}}), Json::array());
}

TEST(Football, is_no_table_of_records) {
  World world(7, {});
  const Api& api = *find_api("football");
  EXPECT_EQ(&api, route("v3.football.api-sports.io", "/fixtures/headtohead"));
  const auto ticked = world.tick("football", 1, 1);
  ASSERT_TRUE(ticked.has_value());
  EXPECT_TRUE(ticked->added.empty() && ticked->changed.empty());
  EXPECT_FALSE(world.edit("football", 0, "x", "y").has_value());
  EXPECT_FALSE(world.records("football").has_value());
  EXPECT_EQ(world.serve(api, {.path = "/status"}).status, 403);
  world.replace("football", football_service(7, {.key = "other"}));
  const Answer answer = world.serve(api, {.path = "/status", .headers = {{"x-apisports-key", "other"}}});
  EXPECT_EQ(Json::parse(*answer.body)["errors"], Json::array());
}

TEST(Football, the_server_routes_logs_and_breaks_it) {
  World world(7, {});
  base::SystemClock clock;
  const auto server = Server::start(world, clock, 0);
  ASSERT_TRUE(server.has_value());
  const auto call = [&](const std::string& method, const std::string& target, const std::string& body = "") {
    TestSocket socket((*server)->port());
    socket.send(
        fmt::format("{} {} HTTP/1.1\r\nHost: x\r\nx-apisports-key: simulated-football-key\r\n"
                    "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                    method, target, body.size(), body));
    const std::string all = socket.read_all();
    return all.substr(std::min(all.size(), all.find("\r\n\r\n") + 4));
  };
  const std::string host = "/v3.football.api-sports.io";
  EXPECT_EQ(Json::parse(call("GET", host + "/fixtures?live=all&timezone=America%2FSao_Paulo"))["errors"],
            Json::array());
  const std::string busy = R"({"errors":{"rateLimit":"Too many requests."},"response":[]})";
  call("POST", "/_sim/faults", Json{{"api", "football"}, {"kind", "body"}, {"body", busy}}.dump());
  EXPECT_EQ(call("GET", host + "/status"), busy);
  EXPECT_EQ(Json::parse(call("GET", host + "/status"))["response"]["requests"]["current"], 1);
  EXPECT_EQ(Json::parse(call("GET", "/_sim/requests"))[0]["api"], "football");
}

}  // namespace
}  // namespace simulator
