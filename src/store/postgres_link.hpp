// The wire to one PostgreSQL server: connecting, sending, waiting, cancelling; all without blocking in libpq,
// so that a stop or a deadline ends every wait. Knows no transactions (postgres_connection.hpp). Used by one
// thread at a time; a stop may come from any.
//
//   const auto watch = link->watch(stop);              // from here on a stop cancels what runs
//   Answer answer = TRY(link->command("BEGIN"));        // Error: refused (SQLSTATE), cancelled, or lost()
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "store/postgres_url.hpp"

struct pg_conn;
struct pg_result;

namespace store {

struct ForgetAnswer {
  void operator()(pg_result* answer) const;
};
using Answer = std::unique_ptr<pg_result, ForgetAnswer>;

class PostgresLink {
 public:
  struct Settings {
    base::Secret url;
    PostgresUrl parsed;
    std::chrono::milliseconds connect_timeout{};
    std::chrono::milliseconds answer_timeout{};  // silence after which the server counts as gone; 0: never
    base::Clock* clock = nullptr;
    std::string application{};  // as the server shows it, unless the URL says
  };
  // The settings outlive the link.
  static base::Result<std::unique_ptr<PostgresLink>> connect(const Settings& settings, std::stop_token stop);
  ~PostgresLink();
  PostgresLink(const PostgresLink&) = delete;
  PostgresLink& operator=(const PostgresLink&) = delete;

  pg_conn* handle() const { return handle_; }  // for sending; the answer is awaited here
  bool lost() const { return lost_; }          // of no more use
  void give_up() { lost_ = true; }
  // After a stop: no answer is waited for longer than a second (SS4).
  void hurry(bool on) { hurry_ = on; }

  // Until it is destroyed, a stop cancels the statement that runs, and those after it.
  class Watch;
  std::unique_ptr<Watch> watch(std::stop_token stop);

  // After sending: the last answer, or the first error. COPY_IN comes back at once.
  base::Result<Answer> answer(bool sent);
  base::Result<Answer> command(const std::string& sql);
  base::Result<void> flush();  // until the server has taken all
  bool answers();              // a question and its answer; for a connection that was idle

 private:
  explicit PostgresLink(const Settings& settings);
  base::Result<void> open(std::size_t first_host, std::stop_token stop);
  base::Result<void> wait(short events, base::SteadyTime deadline);
  base::Result<void> await_answer();
  std::size_t host_under_way(std::size_t from) const;
  base::SteadyTime deadline() const;
  void send_cancel();
  void settle_cancel();
  base::Error broken();
  base::Error safe(base::Error error) const;  // without the password

  const Settings& settings_;
  pg_conn* handle_ = nullptr;
  int wake_ = -1;  // an eventfd; written by a stop
  bool lost_ = false;
  bool hurry_ = false;
  std::optional<base::SteadyTime> stopped_at_;
  std::future<void> cancel_;  // the request under way
};

class PostgresLink::Watch {
 public:
  Watch(PostgresLink& link, std::stop_token stop);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  PostgresLink& link_;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
};

}  // namespace store
