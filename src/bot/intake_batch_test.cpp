#include "bot/intake_fixture_test.hpp"
#include "store/faulty_database_test.hpp"

namespace bot {
namespace {

using namespace testing;

class IntakeBatchTest : public IntakeTest {};

// As a busy minute has them: 20 users, everything at once, one batch.
std::vector<Update> a_hundred() {
  const std::vector<std::string> data = {"analise_completa", "voltar_menu",   "analise_btts", "noop",
                                         "set_conf_7.0",     "configuracoes", "stats_dia",    "liga_39",
                                         "analise_cartoes",  "pg_1_1",        "garbage"};
  std::vector<Update> updates;
  for (std::int64_t id = 1; id <= 100; ++id) {
    const std::int64_t user = 1 + id * 7 % 20;
    if (id % 9 == 0)
      updates.push_back(message(id, user, "/start"));
    else if (id % 13 == 0)
      updates.push_back(message(id, user, fmt::format("time {} '\"\\ ⚽", id)));
    else if (id % 17 == 0)
      updates.push_back(Update{id, {}});
    else
      updates.push_back(tap(id, user, data[static_cast<std::size_t>(id) % data.size()]));
  }
  return updates;
}

TEST_P(IntakeBatchTest, AHundredAtOnceOrOneByOneIsTheSame) {
  options_.queue.capacity = 30;
  options_.allowances.commands = {2, 24h};  // so that "try again in …" is the same text for a while
  open();
  const Taken all = take(a_hundred());
  EXPECT_EQ(all.updates, 100);
  std::int64_t sum = 0;
  for (const auto& [fate, number] : all.by_fate) sum += number;
  EXPECT_EQ(sum, 100) << "every update has one fate";
  for (const char* fate : {"accepted", "limited", "shown", "ignored"})
    EXPECT_GT(all.by_fate.at(fate), 0) << fate;
  EXPECT_EQ(used(), all.by_fate.at("accepted"));
  EXPECT_EQ(count("inbox"), 100);
  const auto at_once = contents(*session_);
  for (const char* table : {"inbox", "limits", "settings", "jobs", "outbox"})
    sql(fmt::format("DELETE FROM {{ledger}}{}", table));
  sql("UPDATE {ledger}job_queues SET used = 0");
  Fates fates;
  for (const Update& update : a_hundred())
    for (const auto& [fate, number] : take({update}).by_fate) fates[fate] += number;
  EXPECT_EQ(fates, all.by_fate);
  EXPECT_EQ(contents(*session_), at_once);
}

// Wherever the database breaks, all of a batch is there or nothing; and the batch again ends as if nothing
// had happened, also where it was committed and nobody was told.
TEST_P(IntakeBatchTest, WhereverTheDatabaseBreaksNothingIsHalfDone) {
  options_.queue.capacity = 3;
  const std::vector<Update> updates = {tap(1, 5, "analise_completa"), message(2, 6, "Santos"),
                                       tap(3, 5, "set_conf_7.0"),     tap(4, 7, "analise_btts"),
                                       tap(5, 8, "analise_btts"),     tap(6, 5, "pg_1_1"),
                                       message(7, 9, "/start"),       message(8, 9, "Vasco")};
  const auto clear = [&] {
    for (const char* table : {"inbox", "limits", "settings", "jobs", "outbox", "job_queues"})
      sql(fmt::format("DELETE FROM {{ledger}}{}", table));
    open();
  };
  open();
  EXPECT_EQ(fates(updates), (Fates{{"accepted", 3}, {"full", 2}, {"shown", 3}}));
  const auto whole = contents(*session_);
  clear();
  const auto nothing = contents(*session_);
  store::testing::FaultyDatabase faulty(*database_);
  int calls = 0;
  while (true) {
    faulty.fail_at(++calls, store::testing::FaultyDatabase::Lasting::once);
    const auto taken = try_take(faulty, updates);
    faulty.heal();
    if (!faulty.fired()) {
      ASSERT_OK(taken);
      break;
    }
    ASSERT_FALSE(taken);
    const auto left = contents(*session_);
    ASSERT_EQ(left, faulty.where() == "the answer of the commit" ? whole : nothing) << faulty.where();
    take(updates);
    ASSERT_EQ(contents(*session_), whole) << "after a failure at " << faulty.where();
    ASSERT_EQ(used(), 3);
    clear();
  }
  EXPECT_GT(calls, 8) << "opening, beginning, each statement, the commit and its answer";
  EXPECT_EQ(contents(*session_), whole);
}

INSTANTIATE_TEST_SUITE_P(Engines, IntakeBatchTest, ::testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
