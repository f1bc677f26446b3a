// For tests of the workers: an analyst that does what the test says, jobs as users ask for them, and workers
// on threads of their own, in a time that the test moves.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>

#include "bot/fixture_test.hpp"
#include "bot/intake.hpp"
#include "bot/outgoing.hpp"
#include "bot/views.hpp"
#include "bot/watched_database_test.hpp"
#include "bot/workers.hpp"
#include "outbox/outbox.hpp"

namespace bot::testing {

using base::Code;
using base::Result;
using Views = std::vector<View>;

// Does what the test says, and counts.
class ScriptedAnalyst final : public Analyst {
 public:
  std::function<Result<Views>(const Assignment&, std::stop_token)> on_work =
      [](const Assignment&, const std::stop_token&) { return Views{{.text = "result"}}; };
  Result<Views> work(const Assignment& assignment, std::stop_token stop) override {
    ++begun;
    return on_work(assignment, std::move(stop));
  }
  std::string explain(const base::Error& error) override { return "por causa de " + error.message; }
  std::atomic<int> begun = 0;
};

class WorkersTest : public LedgerTest {
 protected:
  WorkersTest() {
    EXPECT_TRUE(try_write([&](store::Connection& c) { return jobs::open(c, queue_); }));
  }
  ~WorkersTest() override {
    now_.request_stop();
    no_more_.request_stop();
    if (thread_.joinable()) join();
  }
  // As a user asks for it, with its placeholder. Returns the number of the job.
  std::int64_t ask(std::int64_t user, const std::string& data = "analise_over_gols",
                   telegram::Chat chat = {}) {
    const Intake intake({.queue = queue_, .username = bot_name}, clock_);
    std::vector updates = {tap(++updates_, user, data)};
    if (chat.id != 0) std::get<telegram::Tap>(updates[0].what).chat = chat;
    EXPECT_EQ(write<Taken>([&](store::Connection& c) { return intake.take(c, updates); }).by_fate,
              (std::map<std::string, std::int64_t>{{"accepted", 1}}));
    return store::testing::number(*session_, "SELECT max(id) FROM {ledger}jobs");
  }
  void start(store::Database& database, int hands = 4) {
    workers_ = std::make_unique<Workers>(database, clock_, base::Rng(4), analyst_,
                                         WorkersOptions{.queue = queue_,
                                                        .owner = "me",
                                                        .workers = hands,
                                                        .look_every = 5ms,
                                                        .on_end =
                                                            [this](const JobEnd& end) {
                                                              const std::lock_guard lock(mutex_);
                                                              ends_.push_back(end.kind + " " + end.outcome);
                                                            },
                                                        .on_trouble =
                                                            [this](const std::string& text) {
                                                              const std::lock_guard lock(mutex_);
                                                              troubles_.push_back(text);
                                                            }});
    thread_ = std::jthread([this] {
      workers_->run(no_more_.get_token(), now_.get_token());
      over_ = true;
    });
  }
  void start(int hands = 4) { start(*database_, hands); }
  // The time goes on until it has ended.
  void join() {
    EXPECT_TRUE(eventually([this] { return over_.load(); }, [this] { clock_.advance(100ms); }));
    thread_.join();
  }
  void stop() {
    no_more_.request_stop();
    join();
  }
  std::vector<std::string> ends() {
    const std::lock_guard lock(mutex_);
    return ends_;
  }
  std::ptrdiff_t troubles_with(std::string_view beginning) {
    const std::lock_guard lock(mutex_);
    return std::ranges::count_if(troubles_, [&](const auto& it) { return it.starts_with(beginning); });
  }
  bool ends_with(const std::string& end, const std::function<void()>& meanwhile = {}) {
    const bool found = eventually([&] { return !ends().empty() && ends().back() == end; }, meanwhile);
    if (!found) ADD_FAILURE() << (ends().empty() ? "nothing ended" : ends().back()) << " instead of " << end;
    return found;
  }
  std::function<void()> time_passes() {
    return [this] { clock_.advance(200ms); };
  }
  std::string state() { return text("SELECT state FROM {ledger}jobs ORDER BY id DESC"); }
  std::string attempts() { return text("SELECT attempt FROM {ledger}jobs ORDER BY id DESC"); }
  // What was told apart from placeholders and answers: "edit: text".
  std::vector<std::string> said() {
    std::vector<std::string> lines;
    const auto rows = store::testing::query(
        *session_,
        "SELECT o.address, o.action, o.body FROM {ledger}outbox o WHERE o.action <> 'answer' AND NOT "
        "EXISTS (SELECT 1 FROM {ledger}jobs j WHERE j.placeholder = o.id) ORDER BY o.id");
    for (const store::Row& row : *rows)
      lines.push_back(
          row.text(1) + ": " +
          read_outgoing(
              {.channel = "telegram", .address = row.text(0), .action = row.text(1), .body = row.text(2)})
              ->view.text);
    return lines;
  }
  // Without the notice of a result that took long: on a busy machine the time that a test moves runs ahead.
  std::vector<std::string> said_but_the_notice() {
    std::vector<std::string> lines = said();
    if (!lines.empty() && lines.back() == "send: " + notice("goals").text) lines.pop_back();
    return lines;
  }
  // Works until the test lets it go or it is stopped.
  void hold_all() {
    analyst_.on_work = [this](const Assignment&, const std::stop_token& stop) -> Result<Views> {
      if (!eventually([&] { return stop.stop_requested() || released_; })) return Views{{.text = "too late"}};
      if (stop.stop_requested()) return base::error(Code::cancelled, "stopped");
      return Views{{.text = "result"}};
    };
  }

  jobs::QueueOptions queue_{.max_attempts = 2};
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  ScriptedAnalyst analyst_;
  std::mutex mutex_;
  std::vector<std::string> ends_, troubles_;
  std::atomic<bool> over_ = false, released_ = false;
  std::int64_t updates_ = 0;
  std::stop_source no_more_, now_;
  std::unique_ptr<Workers> workers_;
  std::jthread thread_;
};

}  // namespace bot::testing
