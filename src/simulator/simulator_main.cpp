// The simulator as a program: prints its address once it answers, and runs until SIGTERM or SIGINT.
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "simulator/football.hpp"
#include "simulator/server.hpp"

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  std::uint64_t seed = base::Rng::from_entropy().below(1'000'000'000);
  std::size_t kev_records = simulator::find_api("kev")->records;
  CLI::App app("A fake outside world over HTTP, on 127.0.0.1");
  app.add_option("--port", port, "port to listen on; 0: any free one");
  app.add_option("--seed", seed, "the same seed gives the same world; default: random");
  app.add_option("--kev-records", kev_records, "records of the KEV catalogue")
      ->check(CLI::Range(std::size_t{0}, simulator::World::maximum_records));
  bool live = false;
  app.add_flag("--live", live,
               "data of today, and what changes, changes now; default: of 2025, six hours a tick");
  simulator::BotOptions bot;
  app.add_option("--telegram-token", bot.token, "the token of the bot whose API is /api.telegram.org/")
      ->capture_default_str()
      ->check([](const std::string& token) {
        return simulator::is_bot_token(token) ? std::string()
                                              : "a token is digits, a colon and at least 30 characters";
      });
  app.add_option("--telegram-username", bot.username, "the name that getMe answers")->capture_default_str();
  app.footer(
      "Each API answers at http://127.0.0.1:PORT/HOST/PATH, the Bot API at\n"
      "http://127.0.0.1:PORT/api.telegram.org/bot<token>/METHOD. What tests do to them (faults, holds, "
      "data,\n"
      "the bot's users) is below /_sim/: GET /_sim/health lists the APIs, and the headers control.hpp,\n"
      "holds.hpp and bot_control.hpp in src/simulator say the rest.");
  simulator::FootballOptions football;
  std::string football_plan = "Pro";
  app.add_option("--football-key", football.key,
                 "the key that API-Football accepts; default: simulated-football-key");
  app.add_option("--football-quota", football.quota, "its requests a day, UTC; default: 7500")
      ->check(CLI::Range(0, 1'000'000'000));
  app.add_option("--football-per-minute", football.per_minute, "its requests a minute; default: 300")
      ->check(CLI::Range(0, 1'000'000'000));
  app.add_option("--football-plan", football_plan, "Pro, or Free: old seasons, the days around today")
      ->check(CLI::IsMember({"Free", "Pro"}));
  CLI11_PARSE(app, argc, argv);
  football.free_plan = football_plan == "Free";

  sigset_t ends;  // blocked before any thread starts, so that only sigwait() below gets them
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  base::SystemClock clock;
  simulator::World world(seed, {{"kev", kev_records}}, live ? &clock : nullptr);
  world.replace("football", simulator::football_service(seed, football));
  auto server = simulator::Server::start(world, clock, port, bot);
  if (!server) {
    fmt::print(stderr, "simulator: {}\n", server.error().message);
    return 69;
  }
  fmt::print(stderr, "simulator seed {}\n", seed);
  fmt::print("simulator listening on http://127.0.0.1:{}\n", (*server)->port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
