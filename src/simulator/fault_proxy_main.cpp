// The fault proxy as a program. Faults come from the command line and from the control port, one command a
// line:
//   fault-proxy --target 127.0.0.1:5432 --fault "latency 50 jitter 10"
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/rng.hpp"
#include "simulator/fault_proxy.hpp"

int main(int argc, char** argv) {
  simulator::FaultProxyOptions options{.target = {}, .seed = base::Rng::from_entropy().below(1'000'000'000)};
  std::vector<std::string> faults;
  CLI::App app("Breaks TCP connections on demand, between a client and a server");
  app.add_option("--target", options.target, "HOST:PORT of the server")->required();
  app.add_option("--listen", options.listen, "port on 127.0.0.1; 0: any free one");
  app.add_option("--seed", options.seed, "of the jitter; default: random");
  app.add_option(
         "--fault", faults,
         "latency MS [jitter MS] | bandwidth BYTES | reset BYTES | truncate BYTES | half-open | black-hole | "
         "refuse | drop-answer N, each also with: count K")
      ->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);

  sigset_t ends;  // blocked before any thread starts, so that only sigwait() below gets them
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  simulator::FaultProxy proxy(options);
  if (proxy.failure()) {
    fmt::print(stderr, "fault-proxy: {}\n", proxy.failure()->message);
    return proxy.failure()->code == base::Code::invalid_config ? 64 : 69;
  }
  for (const std::string& fault : faults) {
    if (const auto set = proxy.set(fault); !set) {
      fmt::print(stderr, "fault-proxy: {}\n", set.error().message);
      return 64;
    }
  }
  fmt::print("fault-proxy listening on 127.0.0.1:{} control 127.0.0.1:{}\n", proxy.port(),
             proxy.control_port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
