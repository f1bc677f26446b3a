// Updates of a Bot API, taken as the bot takes them, for bench/bot_updates.py: figures as one line of JSON.
// The updates wait there already; the time runs from the first question to the last answer, or commit.
//
//   bot_updates_driver durable URL TOKEN COUNT STORE   poller and intake, into sqlite:FILE, sqlite::memory:
//   or
//                                                      postgresql://…, which is for this only
//   bot_updates_driver route URL TOKEN COUNT           read, and what is wanted understood; nothing is kept
//   bot_updates_driver floor URL TOKEN COUNT           asked for and thrown away, over a bare socket
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "bot/poller.hpp"
#include "http/engine.hpp"
#include "http/url.hpp"
#include "store/migrations.hpp"
#include "store/postgres.hpp"
#include "store/sqlite.hpp"

namespace {

using base::Result;
using store::Access;
using store::Connection;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int batch = 100;
constexpr std::size_t max_answer = 16u << 20;

[[noreturn]] void die(std::string_view why) {
  fmt::print(stderr, "bot_updates_driver: {}\n", why);
  std::exit(1);
}

template <class Value>
Value must(Result<Value> result) {
  if (!result) die(result.error().message);
  if constexpr (!std::is_void_v<Value>) return *std::move(result);
}

struct Task {
  std::string url{}, token{};
  std::int64_t count = 0;
  std::string store{};
};

void print(std::int64_t updates, Clock::time_point start, const std::map<std::string, std::int64_t>& fates) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::string list;
  for (const auto& [fate, number] : fates)
    list += fmt::format("{}\"{}\": {}", list.empty() ? "" : ", ", fate, number);
  fmt::print("{{\"updates\": {}, \"seconds\": {:.4f}, \"by_fate\": {{{}}}}}\n", updates, seconds, list);
}

// ---- ours

struct Client {
  explicit Client(const Task& task)
      : transport(http::make_curl_transport({})),
        engine(*transport, clock, base::Rng(1)),
        api(engine, clock, {.token = base::Secret(task.token), .base = task.url}) {}

  base::SystemClock clock;
  std::unique_ptr<http::Transport> transport;
  http::Engine engine;
  telegram::Api api;
};

std::unique_ptr<store::Database> open(const std::string& store, base::Clock& clock) {
  constexpr std::string_view sqlite = "sqlite:";
  auto database =
      must(store.starts_with(sqlite) ? store::open_sqlite({.path = store.substr(sqlite.size())}, clock, {})
                                     : store::open_postgres({.url = base::Secret(store)}, clock, {}));
  must(store::migrate(*database, store::embedded_migrations(), {}));
  return database;
}

void durable(const Task& task) {
  Client client(task);
  const auto database = open(task.store, client.clock);
  bot::IntakeOptions options{.username = "bench_bot", .status = {}};
  bot::Lease lease{.bot = 1, .owner = "bench"};
  const auto session = must(database->session({}));
  must(session->transact(Access::write, {}, [&](Connection& c) -> Result<void> {
    TRY(jobs::open(c, options.queue));
    if (!TRY(bot::hold(c, lease))) die("somebody else has the lease: the store is for this only");
    return {};
  }));
  const bot::Intake intake(options, client.clock);
  std::stop_source enough;
  std::int64_t taken = 0;
  std::map<std::string, std::int64_t> fates;
  const auto on_taken = [&](const bot::Taken& it) {
    taken += it.updates;
    for (const auto& [fate, number] : it.by_fate) fates[fate] += number;
    if (taken >= task.count) enough.request_stop();
  };
  bot::Poller poller(
      *database, client.clock, base::Rng(2), client.api, intake, lease,
      {.limit = batch, .on_taken = on_taken, .on_trouble = [](bool, const std::string& text) { die(text); }});
  const auto start = Clock::now();
  poller.run(enough.get_token());
  print(taken, start, fates);
  std::int64_t stored = 0;
  must(session->transact(Access::read, {}, [&](Connection& c) -> Result<void> {
    stored = TRY(c.query("SELECT count(*) FROM {ledger}inbox")).at(0).integer(0);
    return {};
  }));
  if (stored != taken) die(fmt::format("{} updates were taken and {} are stored", taken, stored));
}

void route(const Task& task) {
  Client client(task);
  std::map<std::string, std::int64_t> wanted;
  std::int64_t offset = 0, taken = 0;
  const auto start = Clock::now();
  while (taken < task.count) {
    const auto updates = client.api.get_updates(offset, batch, 50s, {});
    if (updates.reply.fault != telegram::Fault::none) die(updates.reply.description);
    for (const telegram::Update& update : updates.list) {
      const bot::Intent intent = bot::read_intent(update, "bench_bot");
      ++wanted[std::holds_alternative<bot::Show>(intent.what)   ? "shown"
               : std::holds_alternative<bot::Work>(intent.what) ? "accepted"
                                                                : "ignored"];
      offset = update.id + 1;
      ++taken;
    }
  }
  print(taken, start, wanted);
}

// ---- the floor: what the Bot API itself can do

class Socket {
 public:
  explicit Socket(std::uint16_t port) : handle_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(handle_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      die("nobody listens there");
  }
  ~Socket() { ::close(handle_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // The body of the answer.
  std::string_view ask(const std::string& request) {
    for (std::size_t at = 0; at < request.size();) {
      const ssize_t sent = ::write(handle_, request.data() + at, request.size() - at);
      if (sent <= 0) die("the connection broke");
      at += static_cast<std::size_t>(sent);
    }
    buffer_.clear();
    std::size_t body = std::string::npos, length = 0;
    while (body == std::string::npos || buffer_.size() < body + length) {
      read_some();
      if (body != std::string::npos) continue;
      const auto end = buffer_.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      body = end + 4;
      length = length_of(buffer_.substr(0, body));
    }
    return std::string_view(buffer_).substr(body, length);
  }

 private:
  void read_some() {
    char part[1 << 16];
    const ssize_t got = ::read(handle_, part, sizeof part);
    if (got <= 0) die("the connection broke");
    buffer_.append(part, static_cast<std::size_t>(got));
    if (buffer_.size() > max_answer) die("the answer does not end");
  }
  static std::size_t length_of(std::string head) {
    constexpr std::string_view name = "content-length: ";
    for (char& c : head)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    const auto at = head.find(name);
    std::size_t length = 0;
    if (at == std::string::npos ||
        std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length).ec != std::errc())
      die("an answer without its length");
    return length;
  }

  const int handle_;
  std::string buffer_;
};

void floor(const Task& task) {
  const auto url = must(http::parse_url(task.url));
  const std::string path =
      task.url.substr(std::min(task.url.find('/', task.url.find("://") + 3), task.url.size()));
  Socket socket(static_cast<std::uint16_t>(url.origin.port));
  constexpr std::string_view key = "\"update_id\":";
  std::int64_t offset = 0, taken = 0;
  const auto start = Clock::now();
  while (taken < task.count) {
    const std::string body = fmt::format(R"({{"offset":{},"limit":{},"timeout":50}})", offset, batch);
    const std::string_view answer = socket.ask(fmt::format(
        "POST {}/bot{}/getUpdates HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        path, task.token, body.size(), body));
    const auto last = answer.rfind(key);
    if (last == std::string_view::npos) die(answer.substr(0, 200));
    const char* const digits = answer.data() + last + key.size();
    std::int64_t id = 0;
    std::from_chars(digits, answer.data() + answer.size(), id);
    for (auto at = answer.find(key); at != std::string_view::npos; at = answer.find(key, at + 1)) ++taken;
    offset = id + 1;
  }
  print(taken, start, {});
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if ((what != "durable" && what != "route" && what != "floor") || argc != (what == "durable" ? 6 : 5))
    die("usage: bot_updates_driver durable URL TOKEN COUNT STORE, or route|floor URL TOKEN COUNT");
  Task task{.url = argv[2], .token = argv[3], .store = argc > 5 ? argv[5] : ""};
  const std::string_view count = argv[4];
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), task.count);
  if (error != std::errc() || end != count.data() + count.size() || task.count < 1)
    die("COUNT is a number above 0");
  if (what == "durable") durable(task);
  if (what == "route") route(task);
  if (what == "floor") floor(task);
  return 0;
}
