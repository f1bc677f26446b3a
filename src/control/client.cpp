#include "control/client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <optional>

#include "base/text.hpp"
#include "control/socket_path.hpp"

namespace control {

using base::Code;
using namespace std::chrono_literals;

namespace {

constexpr auto cancel_wait = 5s;
constexpr std::size_t read_at_once = 64 * 1024;

}  // namespace

// One request on its way.
class Client::Exchange {
 public:
  Exchange(Client& client, const Callbacks& callbacks, std::string line, std::shared_ptr<Wake> wake)
      : client_(client), callbacks_(callbacks), unsent_(std::move(line)), wake_(std::move(wake)) {}

  base::Result<int> run(const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [wake = wake_] { wake->ring(); });
    while (!code_) {
      if (stop.stop_requested() && !alarm_) cancel();
      if (is_late_)
        return base::error(
            Code::cancelled,
            "stopped; the daemon has not said within {} how the command ended: `pulse runs` shows it",
            base::format_duration(cancel_wait));
      TRY(turn());
    }
    return *code_;
  }

 private:
  base::Result<void> turn() {
    pollfd polled[] = {
        {wake_->get(), POLLIN, 0},
        {client_.socket_.get(), static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT), 0}};
    if (::poll(polled, 2, -1) < 0 && errno != EINTR)
      return base::system_error(errno, "waiting for the daemon");
    wake_->drain();
    if ((polled[1].revents & POLLOUT) != 0) send();
    if ((polled[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) TRY(read());
    return {};
  }

  void cancel() {
    unsent_ += cancel_line();
    alarm_ = client_.clock_->alarm(client_.clock_->steady() + cancel_wait, [this] {
      is_late_ = true;
      wake_->ring();
    });
  }

  void send() {
    const ssize_t sent =
        ::send(client_.socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
      unsent_.erase(0, static_cast<std::size_t>(sent));
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
      unsent_.clear();  // it takes no more; what it has said, and its end, are still to be read
  }

  base::Result<void> read() {
    char bytes[read_at_once];
    const ssize_t got = ::recv(client_.socket_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return {};
    if (got <= 0) return ended();
    input_.append(bytes, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end; !code_ && (end = input_.find('\n', begin)) != std::string::npos; begin = end + 1)
      TRY(take(std::string_view(input_).substr(begin, end - begin)));
    input_.erase(0, begin);
    if (input_.size() > maximum_line)
      return base::error(
          Code::invalid_data,
          "the daemon's answer has a line of more than {}; use the same version of pulse for both",
          base::format_size(maximum_line));
    return {};
  }

  base::Error ended() const {
    if (!client_.was_accepted_)
      return base::error(Code::unavailable, "the daemon ended before it took the request; nothing was begun");
    return base::error(Code::unavailable,
                       "the daemon ended before it answered; `pulse runs` shows what became of the run");
  }

  base::Result<void> take(std::string_view line) {
    const Answer answer = TRY(parse_answer(line));
    const auto tell = [&](const auto& callback) {
      if (callback) callback(answer.text);
    };
    switch (answer.kind) {
      case Answer::Kind::accepted:
        client_.was_accepted_ = true;
        if (callbacks_.on_accepted) callbacks_.on_accepted();
        break;
      case Answer::Kind::progress: tell(callbacks_.on_progress); break;
      case Answer::Kind::output: tell(callbacks_.on_output); break;
      case Answer::Kind::message: tell(callbacks_.on_message); break;
      case Answer::Kind::end: code_ = answer.code; break;
      case Answer::Kind::error: return answer.error;
    }
    return {};
  }

  Client& client_;
  const Callbacks& callbacks_;
  std::string unsent_;
  std::string input_;
  const std::shared_ptr<Wake> wake_;
  std::optional<int> code_;
  std::atomic<bool> is_late_{false};
  std::unique_ptr<base::Clock::Alarm> alarm_;
};

base::Result<Client> Client::connect(const std::filesystem::path& path, base::Clock& clock,
                                     std::stop_token stop) {
  Client client(TRY(connect_to(path, clock, std::move(stop))), clock);
  uid_t peer = 0;
  // The other way round, too: what a request says is for nobody's ears but the daemon's.
  if (!peer_of(client.socket_.get(), peer) || !(may_ask(::geteuid(), peer) || peer == 0))
    return base::error(Code::permission,
                       "{} belongs to a daemon of another user; run this command as that user",
                       path.string());
  return client;
}

base::Result<int> Client::request(const Request& request, const Callbacks& callbacks, std::stop_token stop) {
  if (!socket_) return base::error(Code::internal, "a connection to the daemon serves one request only");
  if (stop.stop_requested()) return base::error(Code::cancelled, "stopped before the daemon was asked");
  std::string line = TRY(request_line(request));
  std::shared_ptr<Wake> wake = TRY(Wake::create());
  Exchange exchange(*this, callbacks, std::move(line), std::move(wake));
  auto result = exchange.run(stop);
  socket_.reset();
  return result;
}

}  // namespace control
