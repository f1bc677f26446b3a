// A command's side of the control socket (SQ1): one request to the daemon that holds the database. Not
// thread-safe; callbacks run on the caller's thread.
//
//   auto client = control::Client::connect("var/pulse.db.sock", clock, stop);
//   if (!client && client.error().code == base::Code::unavailable) …            // no daemon: take the lock
//   const int code = TRY(client->request({.command = "collect", .arguments = json}, {.on_output = print},
//   stop));
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/descriptor.hpp"
#include "control/protocol.hpp"

namespace control {

// Each may be absent.
struct Callbacks {
  std::function<void()> on_accepted{};
  std::function<void(std::string_view json)> on_progress{};
  std::function<void(std::string_view text)> on_output{};
  std::function<void(std::string_view text)> on_message{};
};

class Client {
 public:
  // unavailable: no daemon listens there. permission: it is another user's. timeout: it accepts nobody.
  // cancelled: stopped. The clock must outlive the client.
  static base::Result<Client> connect(const std::filesystem::path& path, base::Clock& clock,
                                      std::stop_token stop);

  // Once. The command's exit code. On a stop the daemon is asked to cancel, and has 5 s to say how it ended
  // (else: cancelled). Errors: what the daemon says; rate_limited: it has too many clients; unavailable: it
  // ended before it answered; invalid_data: one of the two does not understand the other.
  base::Result<int> request(const Request& request, const Callbacks& callbacks, std::stop_token stop);

  // The daemon has taken the request. After an error without this nothing was begun.
  bool was_accepted() const { return was_accepted_; }

 private:
  class Exchange;
  Client(Descriptor socket, base::Clock& clock) : socket_(std::move(socket)), clock_(&clock) {}

  Descriptor socket_;
  base::Clock* clock_;
  bool was_accepted_ = false;
};

}  // namespace control
