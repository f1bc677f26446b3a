// For tests of the intake: updates in, and what is said about them out.
#pragma once

#include <algorithm>

#include "bot/fixture_test.hpp"
#include "bot/intake.hpp"
#include "bot/outgoing.hpp"
#include "bot/views.hpp"

namespace bot::testing {

using telegram::Update;
using Fates = std::map<std::string, std::int64_t>;

class IntakeTest : public LedgerTest {
 protected:
  IntakeTest() {
    options_.username = bot_name;
    options_.owners = {900};
    options_.status = [] { return std::string("<b>status</b>"); };
    // The tests of what is no limit are not to meet one.
    options_.allowances.commands.calls = 1000;
    options_.allowances.navigation.calls = 1000;
  }
  void open() {
    ASSERT_OK(try_write([&](store::Connection& c) { return jobs::open(c, options_.queue); }));
  }
  base::Result<Taken> try_take(store::Database& database, const std::vector<Update>& updates) {
    const Intake intake(options_, clock_);
    Taken taken;
    const auto session = TRY(database.session({}));
    TRY(session->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
      taken = TRY(intake.take(c, updates));
      return {};
    }));
    return taken;
  }
  Taken take(const std::vector<Update>& updates) {
    const auto taken = try_take(*database_, updates);
    if (!taken) ADD_FAILURE() << taken.error().message;
    return taken ? *taken : Taken{};
  }
  Fates fates(const std::vector<Update>& updates) { return take(updates).by_fate; }

  // What was said since the last look: "edit 5: text", "answer 5: text".
  std::vector<std::string> said() {
    std::vector<std::string> lines;
    const auto rows = store::testing::query(
        *session_,
        fmt::format("SELECT id, address, action, body FROM {{ledger}}outbox WHERE id > {} ORDER BY id",
                    seen_));
    if (!rows) ADD_FAILURE() << rows.error().message;
    for (const store::Row& row : *rows) {
      seen_ = row.integer(0);
      const auto out = read_outgoing(
          {.channel = "telegram", .address = row.text(1), .action = row.text(2), .body = row.text(3)});
      if (!out) ADD_FAILURE() << out.error().message;
      lines.push_back(fmt::format("{} {}: {}", row.text(2), row.text(1),
                                  row.text(2) == "answer" ? out->text : out->view.text));
    }
    return lines;
  }
  std::string line(const char* action, std::int64_t chat, const std::string& text) {
    return fmt::format("{} {}: {}", action, chat, text);
  }
  void forget_what_was_told(base::Duration passed) {
    sql(fmt::format("UPDATE {{ledger}}limits SET told_at = told_at - {}",
                    std::chrono::duration_cast<std::chrono::milliseconds>(passed).count()));
  }
  // A job of this user that has ended with these pages. Returns its number.
  std::int64_t finished(std::int64_t user, const std::vector<View>& pages, telegram::Chat chat = {}) {
    take({tapped(user, "analise_btts", chat)});
    return write<std::int64_t>([&](store::Connection& c) -> base::Result<std::int64_t> {
      const auto jobs = TRY(jobs::claim(c, options_.queue, "test", 1, 3600s));
      const jobs::Ending ending{
          .claim = jobs.at(0).claim, .how = jobs::Ending::How::done, .result = write_views(pages)};
      TRY(jobs::finish(c, options_.queue, {&ending, 1}));
      return jobs.at(0).claim.id;
    });
  }

  telegram::Update tapped(std::int64_t user, const std::string& data, telegram::Chat chat = {}) {
    telegram::Update update = tap(next_++, user, data);
    if (chat.id != 0) std::get<telegram::Tap>(update.what).chat = chat;
    return update;
  }

  IntakeOptions options_;
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  std::int64_t seen_ = 0, next_ = 10'000;
};

}  // namespace bot::testing
