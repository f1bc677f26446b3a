#include "store/postgres_link.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "store/postgres_error.hpp"

namespace store {
namespace {

using base::Code;
using namespace std::chrono_literals;

constexpr auto cancel_again = 100ms;  // one that comes between two statements is lost
constexpr auto cancel_patience = 1s;  // then the connection is given up
constexpr auto ping_patience = 5s;
constexpr auto far_away = std::chrono::hours{24 * 365};

}  // namespace

void ForgetAnswer::operator()(pg_result* answer) const { PQclear(answer); }

PostgresLink::PostgresLink(const Settings& settings)
    : settings_(settings), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

PostgresLink::~PostgresLink() {
  PQfinish(handle_);
  if (wake_ >= 0) ::close(wake_);
}

// ---- connecting ----

base::Result<std::unique_ptr<PostgresLink>> PostgresLink::connect(const Settings& settings,
                                                                  std::stop_token stop) {
  std::size_t first_host = 0;
  while (true) {
    std::unique_ptr<PostgresLink> link(new PostgresLink(settings));
    if (link->wake_ < 0) return base::error(Code::unavailable, "no file descriptor is left for an eventfd");
    const auto watch = link->watch(stop);
    auto opened = link->open(first_host, stop);
    if (opened) return link;
    // Polled, libpq waits for one silent host for ever; the hosts behind it may be well.
    const std::size_t next = link->host_under_way(first_host) + 1;
    if (opened.error().code != Code::timeout || next >= settings.parsed.hosts.size()) {
      base::Error error = std::move(opened).error();
      if (error.code == Code::timeout) error.code = Code::unavailable;
      return std::move(error).with("connecting to " + settings.parsed.description());
    }
    first_host = next;
  }
}

std::size_t PostgresLink::host_under_way(std::size_t from) const {
  const auto& hosts = settings_.parsed.hosts;
  const char* name = handle_ == nullptr ? nullptr : PQhost(handle_);
  const char* port = handle_ == nullptr ? nullptr : PQport(handle_);
  for (std::size_t i = from; name != nullptr && port != nullptr && i < hosts.size(); ++i) {
    const std::string& own = hosts[i].name.empty() ? hosts[i].address : hosts[i].name;
    if (own == name && (hosts[i].port.empty() || hosts[i].port == port)) return i;
  }
  return hosts.size();
}

base::Result<void> PostgresLink::open(std::size_t first_host, std::stop_token stop) {
  // What stands before the URL it may override; what stands behind it overrides the URL.
  std::vector<std::pair<const char*, std::string>> words = {
      {"keepalives_idle", "30"},          {"keepalives_interval", "10"},
      {"keepalives_count", "3"},          {"fallback_application_name", settings_.application},
      {"dbname", settings_.url.reveal()}, {"client_encoding", "UTF8"}};
  if (first_host > 0) {
    std::array<std::string, 3> lists;
    const auto& hosts = settings_.parsed.hosts;
    for (std::size_t i = first_host; i < hosts.size(); ++i) {
      const std::array<const std::string*, 3> parts{&hosts[i].name, &hosts[i].address, &hosts[i].port};
      for (std::size_t k = 0; k < lists.size(); ++k) lists[k] += (i == first_host ? "" : ",") + *parts[k];
    }
    words.insert(words.end(), {{"host", lists[0]}, {"hostaddr", lists[1]}, {"port", lists[2]}});
  }
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : words) {
    keys.push_back(key);
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  handle_ = PQconnectStartParams(keys.data(), values.data(), 1);
  if (handle_ == nullptr) return base::error(Code::unavailable, "out of memory");
  PQsetErrorVerbosity(handle_, PQERRORS_VERBOSE);
  PQsetNoticeProcessor(
      handle_, [](void*, const char*) {}, nullptr);

  auto polled = PGRES_POLLING_WRITING;
  std::size_t host = first_host;
  base::SteadyTime deadline = settings_.clock->steady() + settings_.connect_timeout;
  while (PQstatus(handle_) != CONNECTION_BAD && polled != PGRES_POLLING_OK) {
    TRY(wait(polled == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline));
    if (stop.stop_requested()) return base::error(Code::cancelled, "stopped");
    polled = PQconnectPoll(handle_);
    if (polled == PGRES_POLLING_FAILED) break;
    if (const std::size_t now = host_under_way(first_host); now != host) {
      host = now;
      deadline = settings_.clock->steady() + settings_.connect_timeout;
    }
  }
  if (PQstatus(handle_) != CONNECTION_OK) return safe(connect_error(PQerrorMessage(handle_)));
  if (PQsetnonblocking(handle_, 1) != 0) return broken();
  return {};
}

// ---- waiting ----

base::SteadyTime PostgresLink::deadline() const {
  const auto timeout = hurry_ ? std::chrono::milliseconds(cancel_patience) : settings_.answer_timeout;
  return settings_.clock->steady() +
         (timeout.count() > 0 ? base::Duration(timeout) : base::Duration(far_away));
}

// Until the socket is ready. Afterwards a stop may have been noted; the caller goes on in its loop.
base::Result<void> PostgresLink::wait(short events, base::SteadyTime deadline) {
  const base::SteadyTime now = settings_.clock->steady();
  if (stopped_at_ && now - *stopped_at_ > cancel_patience) {
    lost_ = true;
    return base::error(Code::cancelled, "stopped; the database server did not answer the cancel request");
  }
  if (now >= deadline) {
    lost_ = true;
    return base::error(Code::timeout, "the database server does not answer");
  }
  base::Duration patience = std::min(base::Duration(deadline - now), base::Duration(1min));
  if (stopped_at_) patience = cancel_again;
  std::array<pollfd, 2> sources{{{PQsocket(handle_), events, 0}, {stopped_at_ ? -1 : wake_, POLLIN, 0}}};
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(patience);
  const int ready = ::poll(sources.data(), sources.size(), static_cast<int>(rounded.count()));
  if (ready < 0 && errno != EINTR) {
    lost_ = true;
    return base::error(Code::unavailable, "waiting for the database: {}",
                       std::generic_category().message(errno));
  }
  if (ready > 0 && (sources[1].revents & POLLIN) != 0) stopped_at_ = settings_.clock->steady();
  // While connecting there is nothing to cancel: the loop there looks at the stop itself.
  if (stopped_at_ && PQstatus(handle_) == CONNECTION_OK && sources[0].revents == 0) send_cancel();
  return {};
}

base::Result<void> PostgresLink::flush() {
  const base::SteadyTime until = deadline();
  while (true) {
    const int left = PQflush(handle_);
    if (left == 0) return {};
    if (left < 0) return broken();
    TRY(wait(POLLIN | POLLOUT, until));
    // The server may be unable to take more before it has got rid of what it has to say.
    if (PQconsumeInput(handle_) == 0) return broken();
  }
}

base::Result<void> PostgresLink::await_answer() {
  const base::SteadyTime until = deadline();
  while (PQisBusy(handle_) != 0) {
    TRY(wait(POLLIN, until));
    if (PQconsumeInput(handle_) == 0) return broken();
  }
  return {};
}

base::Result<Answer> PostgresLink::answer(bool sent) {
  if (lost_) return base::error(Code::unavailable, "the connection to the database is lost");
  if (!sent) return broken();
  TRY(flush());
  Answer last;
  std::optional<base::Error> failed;
  while (true) {
    // A server that shuts down says so before it closes.
    if (const auto ready = await_answer(); !ready) return failed ? *failed : ready.error();
    Answer next(PQgetResult(handle_));
    if (!next) break;
    const auto status = PQresultStatus(next.get());
    if (status == PGRES_COPY_IN) return next;
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      lost_ = true;  // there is no other way to end it
      return base::error(Code::internal, "COPY TO STDOUT is not for this");
    }
    if ((status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) && !failed)
      failed = safe(postgres_error(next.get()));
    last = std::move(next);
  }
  settle_cancel();
  if (PQstatus(handle_) != CONNECTION_OK) lost_ = true;
  if (failed) return *failed;
  if (!last) return broken();
  return last;
}

base::Result<Answer> PostgresLink::command(const std::string& sql) {
  return answer(!lost_ && PQsendQuery(handle_, sql.c_str()) == 1);
}

bool PostgresLink::answers() {
  if (lost_ || PQsendQuery(handle_, "") != 1) return false;
  const base::SteadyTime until = settings_.clock->steady() + ping_patience;
  while (PQflush(handle_) == 1)
    if (!wait(POLLOUT, until)) return false;
  while (true) {
    while (PQisBusy(handle_) != 0)
      if (!wait(POLLIN, until) || PQconsumeInput(handle_) == 0) return false;
    const Answer next(PQgetResult(handle_));
    if (!next) return PQstatus(handle_) == CONNECTION_OK;
    if (PQresultStatus(next.get()) != PGRES_EMPTY_QUERY) return false;
  }
}

// ---- stops ----

std::unique_ptr<PostgresLink::Watch> PostgresLink::watch(std::stop_token stop) {
  return std::make_unique<Watch>(*this, std::move(stop));
}

// The callback only wakes the thread that waits: whoever asks for the stop must not wait for a network.
PostgresLink::Watch::Watch(PostgresLink& link, std::stop_token stop) : link_(link) {
  callback_.emplace(std::move(stop), [wake = link.wake_] { ::eventfd_write(wake, 1); });
}

PostgresLink::Watch::~Watch() {
  callback_.reset();
  eventfd_t ignored = 0;
  ::eventfd_read(link_.wake_, &ignored);
  link_.stopped_at_.reset();
}

// PQcancel connects anew and can hang as long as TCP does, so it gets a thread of its own, with its own copy
// of the address, which nothing waits for longer than cancel_patience.
void PostgresLink::send_cancel() {
  if (cancel_.valid() && cancel_.wait_for(0s) != std::future_status::ready) return;
  const std::shared_ptr<PGcancel> address(PQgetCancel(handle_), PQfreeCancel);
  if (!address) return;
  std::packaged_task<void()> task([address] {
    std::array<char, 256> complaint{};
    PQcancel(address.get(), complaint.data(), static_cast<int>(complaint.size()));
  });
  cancel_ = task.get_future();
  try {
    std::thread(std::move(task)).detach();
  } catch (const std::system_error&) {
    cancel_ = {};  // no thread to be had: tried again in a moment
  }
}

// A request that arrives late would hit the next statement.
void PostgresLink::settle_cancel() {
  if (!cancel_.valid()) return;
  if (cancel_.wait_for(cancel_patience) != std::future_status::ready) lost_ = true;
  cancel_ = {};
}

// ---- errors ----

base::Error PostgresLink::broken() {
  lost_ = true;
  return safe(connect_error(PQerrorMessage(handle_)));
}

base::Error PostgresLink::safe(base::Error error) const {
  base::Redactor redactor;
  redactor.add(settings_.parsed.password);
  if (handle_ != nullptr && PQpass(handle_) != nullptr) redactor.add(base::Secret(PQpass(handle_)));
  error.message = redactor.redact(error.message);
  return error;
}

}  // namespace store
