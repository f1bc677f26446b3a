// Takes what another server posts to us: one path, POST only, with a secret in a header that only that server
// knows. Bodies are bounded, and those of senders without the secret are not even kept; connections are
// bounded as in daemon.hpp, and on loopback only our own names are answered.
//
//   auto hook = TRY(Hook::start({.address = address, .path = "/telegram", .header = "X-…", .secret = secret},
//                               [](std::string body) { return HookAnswer{200}; }, clock));
//
//   405  another method            401  the secret is wrong or missing; without a body
//   404  another path              411  the length of the body is not said
//   413  the body is too long      400, 421 no or another's Host; else what the handler says, or 500
//
// The handler runs on the hook's threads, as many at once as there are; it must be thread-safe, and should
// not take longer than a connection lives. The destructor waits for handlers under way; their answers may
// not arrive.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "web/address.hpp"

namespace web {

struct HookOptions {
  Address address{};
  std::string_view key{};               // of the settings, where people set the address
  std::string name{};                   // under which a reverse proxy passes requests on; besides localhost
  std::string path = "/";               // decoded
  std::string header{};                 // with the secret
  base::Secret secret{};                // may not be empty
  std::size_t maximum_body = 1u << 20;  // bytes
  unsigned threads = 16;
  std::size_t maximum_connections = 256;
  std::chrono::seconds connection_time{20};
  std::function<void(int status)> on_answer{};  // of every request that is HTTP; on any thread
};

struct HookAnswer {
  int status = 200;
  std::chrono::seconds retry_after{0};  // 0: not said
};

class Hook {
 public:
  using Handler = std::function<HookAnswer(std::string body)>;
  // Errors as of Daemon::start.
  static base::Result<std::unique_ptr<Hook>> start(HookOptions options, Handler handler, base::Clock& clock);
  ~Hook();

  Address address() const;          // with the port that was found
  std::size_t connections() const;  // open now

 private:
  struct Impl;
  explicit Hook(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace web
