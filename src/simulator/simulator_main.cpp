// The simulator as a program: prints its address once it answers, and runs until SIGTERM or SIGINT.
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

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
  CLI11_PARSE(app, argc, argv);

  sigset_t ends;  // blocked before any thread starts, so that only sigwait() below gets them
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  base::SystemClock clock;
  simulator::World world(seed, {{"kev", kev_records}}, live ? &clock : nullptr);
  auto server = simulator::Server::start(world, clock, port);
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
