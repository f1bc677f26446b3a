// Sits between a client and any TCP server (HTTP, PostgreSQL, SMTP) and breaks the connections between them
// on demand. Faults and their words: fault_rules.hpp. They can be changed at any time and reach connections
// that are open already. An exchange = client bytes that follow server bytes, or the begin of the connection.
//
// One thread of its own (poll, steady clock), at most 1 MiB held for each direction of a connection: a slow
// reader slows the sender down. All methods may be called from any thread. The destructor closes everything.
//
//   FaultProxy proxy({.target = "127.0.0.1:5432"});
//   if (proxy.failure()) …;                         // a bad target, or a taken port
//   proxy.set("drop-answer 3");                     // then connect to 127.0.0.1:proxy.port()
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace simulator {

struct FaultProxyOptions {
  std::string target;        // HOST:PORT, [IPV6]:PORT
  std::uint16_t listen = 0;  // on 127.0.0.1; 0: any free port
  std::uint64_t seed = 1;    // of the jitter
};

struct FaultProxyStats {
  std::uint64_t connections = 0;  // accepted
  std::uint64_t open = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t bytes_to_server = 0;  // delivered
  std::uint64_t bytes_to_client = 0;
};

class FaultProxy {
 public:
  explicit FaultProxy(const FaultProxyOptions& options);
  ~FaultProxy();

  const std::optional<base::Error>& failure() const;
  std::uint16_t port() const;
  std::uint16_t control_port() const;  // one command a line; answers "ok", "error …" or the line of `stats`

  base::Result<void> set(std::string_view rule);  // "latency 50 jitter 10", … "clear"
  FaultProxyStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulator
