// One connection through the fault proxy: two sockets, two directions, and the faults it has to suffer. Only
// the proxy's thread uses it: it asks what to wait for, waits, and calls step().
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "simulator/fault_proxy.hpp"
#include "simulator/fault_rules.hpp"

namespace simulator {

class Socket {
 public:
  explicit Socket(int file = -1) : file_(file) {}
  Socket(Socket&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }
  void close();
  void close_with_reset();  // RST instead of FIN
  int get() const { return file_; }
  bool is_open() const { return file_ >= 0; }

 private:
  int file_;
};

// What all connections of a proxy have in common.
struct ProxyShared {
  FaultRules rules;
  base::Rng rng;
  FaultProxyStats stats;
  sockaddr_storage target{};
  socklen_t target_size = 0;
};

class FaultConnection {
 public:
  FaultConnection(Socket client, ProxyShared& shared);

  void rules_changed();

  struct Interest {  // poll()'s events for the two sockets, 0: none; and when to call step() at the latest
    short client = 0;
    short server = 0;
    std::optional<base::SteadyTime> wake{};
  };
  Interest interest(base::SteadyTime now) const;
  void step(short client_events, short server_events, base::SteadyTime now);

  bool finished() const { return !client_.is_open() && !server_.is_open(); }
  int client() const { return client_.get(); }
  int server() const { return server_.get(); }

 private:
  struct Pipe {  // one direction
    struct Chunk {
      base::SteadyTime due;
      std::string bytes;
    };
    std::deque<Chunk> chunks{};
    std::size_t sent_of_first = 0;
    std::size_t held = 0;
    base::SteadyTime last_due{};
    base::SteadyTime next_send{};  // bandwidth
    bool ended = false;            // the source sent FIN; forwarded when last_due comes
    bool end_sent = false;
    bool blocked = false;  // the receiver's window is full
    std::uint64_t delivered = 0;

    bool has_room() const;
    void push(std::string_view bytes, base::SteadyTime due);
    std::optional<base::SteadyTime> next_time() const;
  };
  enum class State { open, swallowing, draining, resetting, truncated };

  const FaultRule* rule(FaultRule::Kind kind) const { return shared_.rules.find(share_, kind); }
  bool connect();
  void finish_connect(short events);
  void read_client(base::SteadyTime now);
  void read_server(base::SteadyTime now);
  base::SteadyTime due(base::SteadyTime now);
  void flush(Pipe& pipe, const Socket& to, base::SteadyTime now, std::uint64_t& counter);
  bool answer_limit_reached(const FaultRule* limit, base::SteadyTime now) const;
  void apply_answer_limits(base::SteadyTime now);
  void step_resetting(base::SteadyTime now);
  void drain(base::SteadyTime now);
  void step_draining(short server_events, base::SteadyTime now);
  void step_truncated(short client_events, base::SteadyTime now);
  void abort();
  void close();

  ProxyShared& shared_;
  RuleShare share_;
  Socket client_;
  Socket server_;
  bool connecting_ = false;
  State state_ = State::open;
  base::SteadyTime state_end_{};  // swallowing: the answer has ended; others: enough waited
  bool server_spoke_ = true;      // the next client bytes begin an exchange
  std::uint64_t limit_base_ = 0;  // answer bytes before the rule came
  Pipe up_;
  Pipe down_;
};

}  // namespace simulator
