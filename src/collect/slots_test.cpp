// Slots of the schedule, on every engine: claimed once, settled with their run, missed once (SC4).
#include <barrier>
#include <thread>

#include "collect/ledger_fixture_test.hpp"
#include "store/faulty_database_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using base::to_iso8601;
using base::WallTime;
using collect::Ledger;
using collect::MissedSlots;
using collect::Outcome;
using collect::RunRecord;
using collect::RunSlot;
using schedule::MissedReason;
using schedule::OpenSlot;

class Slots : public collect::testing::LedgerTest {
 protected:
  RunRecord run_of(const std::string& id, WallTime slot, bool again = false) {
    RunRecord record = run(id);
    record.slot = RunSlot{slot, again, {}};
    record.started_by = again ? collect::StartedBy::retry : collect::StartedBy::schedule;
    return record;
  }
  base::Result<void> take(RunRecord& record) { return ledger_.begin(record, std::nullopt, {}); }
  void end(RunRecord& record, Outcome outcome, std::optional<OpenSlot> open = {}) {
    record.outcome = outcome;
    record.finished_at = clock_.wall();
    const auto ended = ledger_.finish(record, open, {});
    ASSERT_OK(ended);
    EXPECT_TRUE(*ended);
  }
  // slot|state|reason|run|first_failed|try_at; times as minutes since the start.
  Lines slots() {
    Lines result;
    const auto minutes = [&](const store::Row& row, std::size_t column) {
      const auto time = base::parse_timestamp(row.text(column));
      return time ? fmt::format("{:g}", std::chrono::duration<double, std::ratio<60>>(*time - start_).count())
                  : std::string("-");
    };
    const auto rows = store::testing::query(
        *session_,
        "SELECT slot, state, COALESCE(reason, '-'), COALESCE(run, '-'), first_failed, try_at, first_slot "
        "FROM {pulse}schedule_slots ORDER BY collector, slot");
    EXPECT_TRUE(rows);
    for (const store::Row& row : *rows)
      result.push_back(fmt::format("{}|{}|{}|{}|{}|{}|{}", minutes(row, 0), row.text(1), row.text(2),
                                   row.text(3), minutes(row, 4), minutes(row, 5), minutes(row, 6)));
    return result;
  }
  bool miss(WallTime first, WallTime last, MissedReason reason = MissedReason::superseded) {
    const auto recorded = ledger_.miss({{"items", first, last, reason}}, {});
    EXPECT_TRUE(recorded) << (recorded ? "" : recorded.error().message);
    return recorded && recorded->at(0);
  }

  const WallTime start_ = clock_.wall();
};

TEST_P(Slots, ASlotIsClaimedOnceAndDoneWithItsRun) {
  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  EXPECT_EQ(slots(), Lines{"0|claimed|-|r1|-|-|-"});
  EXPECT_EQ(only("r1").slot->time, start_);
  end(first, Outcome::success);
  EXPECT_EQ(slots(), Lines{"0|done|success|r1|-|-|-"});

  RunRecord second = run_of("r2", start_);
  EXPECT_FAILS(Code::conflict, take(second));
  second.slot->again = true;  // nor as a new try: it is done
  EXPECT_FAILS(Code::conflict, take(second));
  EXPECT_EQ(ids({}), Lines{"r1"});  // nothing of it stays
  RunRecord older = run_of("r3", start_ - 1h);
  EXPECT_FAILS(Code::conflict, take(older));
  EXPECT_EQ(slots(), Lines{"0|done|success|r1|-|-|-"});
}

TEST_P(Slots, ATryTakesTheOpenSlotAndKnowsItsFirstFailure) {
  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  clock_.advance(1min);
  end(first, Outcome::failed, OpenSlot{start_, start_ + 30s, start_ + 2min, true});
  EXPECT_EQ(slots(), Lines{"0|due|ladder|r1|0.5|2|-"});
  RunRecord again = run_of("r2", start_, true);
  ASSERT_OK(take(again));
  EXPECT_EQ(again.slot->first_failed, start_ + 30s);
  EXPECT_EQ(slots(), Lines{"0|claimed|-|r2|0.5|-|-"});
  // A stop of it does not make the first failure a later one.
  end(again, Outcome::cancelled, OpenSlot{start_, start_ + 1min, start_ + 3min, false});
  EXPECT_EQ(slots(), Lines{"0|due|interrupted|r2|0.5|3|-"});
}

// Two daemons wake at its time, and the first is done with it before the second begins (RT10).
TEST_P(Slots, ATryIsTakenAtTheTimeItWasPlannedFor) {
  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  end(first, Outcome::failed, OpenSlot{start_, start_, start_ + 30s, true});
  clock_.advance(30s);
  RunRecord again = run_of("r2", start_, true), late = run_of("r3", start_, true);
  again.slot->try_at = late.slot->try_at = start_ + 30s;
  ASSERT_OK(take(again));
  end(again, Outcome::failed, OpenSlot{start_, start_, start_ + 90s, true});
  EXPECT_FAILS(Code::conflict, take(late));
  EXPECT_EQ(slots(), Lines{"0|due|ladder|r2|0|1.5|-"});
  late.slot->try_at = start_ + 90s;
  ASSERT_OK(take(late));
  end(late, Outcome::failed, OpenSlot{start_, start_, start_ + 210s, true});
  RunRecord by_hand = run("h1");
  ASSERT_OK(take(by_hand));
  EXPECT_EQ(slots(), Lines{"0|claimed|-|h1|0|-|-"});
}

// Its clock was ten years ahead.
TEST_P(Slots, WhatAWrongClockClaimedBarsNoOther) {
  for (const auto& [id, ahead] : {std::pair{"r1", 87'600h}, {"r2", 4h}, {"r3", 0h}}) {
    RunRecord record = run_of(id, start_ + ahead);
    ASSERT_OK(take(record));
    end(record, Outcome::success);
  }
  EXPECT_TRUE(miss(start_ + 10min, start_ + 20min));
  // What clocks are set by in ordinary life brings no slot back (SC4).
  clock_.advance(2h);
  RunRecord record = run_of("r4", start_ + 2h);
  EXPECT_FAILS(Code::conflict, take(record));
  EXPECT_FALSE(miss(start_ + 2h, start_ + 2h));
  record = run_of("r5", start_ + 87'600h);  // nor is any taken twice
  EXPECT_FAILS(Code::conflict, take(record));
}

TEST_P(Slots, WhatWasOnlyInterruptedHasNotFailed) {
  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  end(first, Outcome::cancelled, OpenSlot{start_, start_, start_ + 1min, false});
  EXPECT_EQ(slots(), Lines{"0|due|interrupted|r1|-|1|-"});
}

TEST_P(Slots, ARateLimitNamesTheTime) {
  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  end(first, Outcome::rate_limited, OpenSlot{start_, start_, start_ + 7min, false});
  EXPECT_EQ(slots(), Lines{"0|due|rate_limited|r1|0|7|-"});
}

TEST_P(Slots, ANewerSlotEndsTheTriesOfTheOpenOne) {
  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  end(first, Outcome::failed, OpenSlot{start_, start_, start_ + 2min, true});
  RunRecord second = run_of("r2", start_ + 1min);
  ASSERT_OK(take(second));
  EXPECT_EQ(slots(), (Lines{"0|done|gave_up|r1|0|-|-", "1|claimed|-|r2|-|-|-"}));
}

TEST_P(Slots, ARunByHandTakesTheOpenSlot) {
  RunRecord by_hand = run("h1");
  ASSERT_OK(take(by_hand));
  EXPECT_FALSE(by_hand.slot);
  EXPECT_EQ(slots(), Lines{});
  end(by_hand, Outcome::success);

  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  end(first, Outcome::failed, OpenSlot{start_, start_, start_ + 2min, true});
  by_hand = run("h2");
  ASSERT_OK(take(by_hand));
  ASSERT_TRUE(by_hand.slot);
  EXPECT_EQ(by_hand.slot->time, start_);
  EXPECT_EQ(slots(), Lines{"0|claimed|-|h2|0|-|-"});
  end(by_hand, Outcome::success);
  EXPECT_EQ(slots(), Lines{"0|done|success|h2|0|-|-"});
}

// The slot that was open then may be another's by the next call.
TEST_P(Slots, ABeginThatFailedKeepsNoSlot) {
  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  end(first, Outcome::failed, OpenSlot{start_, start_, start_ + 2min, true});
  store::testing::FaultyDatabase faulty(*database_);
  for (int call = 1;; ++call) {
    faulty.fail_at(call, store::testing::FaultyDatabase::Lasting::once);
    RunRecord by_hand = run("h1");
    bool begun = false;
    if (const auto session = faulty.session({})) {
      Ledger ledger(**session, clock_);
      begun = ledger.begin(by_hand, std::nullopt, {}).has_value();
      faulty.heal();
      if (!begun) {
        EXPECT_FALSE(by_hand.slot) << faulty.where();
      }
      // Also if only the answer to it was lost.
      ASSERT_OK(ledger.begin(by_hand, std::nullopt, {}));
      ASSERT_TRUE(by_hand.slot);
      EXPECT_EQ(by_hand.slot->time, start_);
      EXPECT_EQ(slots(), Lines{"0|claimed|-|h1|0|-|-"});
      ASSERT_OK(store::testing::execute(*session_, "DELETE FROM {pulse}runs WHERE id = 'h1'"));
      ASSERT_OK(
          store::testing::execute(*session_, "UPDATE {pulse}schedule_slots SET state = 'due', run = 'r1'"));
    }
    if (begun && !faulty.fired()) break;
  }
}

// Whoever did not learn that it had begun cannot say which slot it took.
TEST_P(Slots, AnUnknownSlotIsSettledByItsRun) {
  RunRecord first = run_of("r1", start_);
  ASSERT_OK(take(first));
  end(first, Outcome::failed, OpenSlot{start_, start_, start_ + 2min, true});
  RunRecord by_hand = run("h1");
  ASSERT_OK(take(by_hand));
  by_hand.slot.reset();
  end(by_hand, Outcome::cancelled, OpenSlot{start_ + 9min, start_ + 9min, start_ + 9min, false});
  EXPECT_EQ(slots(), Lines{"0|due|interrupted|h1|0|9|-"});
}

TEST_P(Slots, ALostRunPutsItsSlotBackOnTheLadder) {
  RunRecord lost = run_of("r1", start_);
  ASSERT_OK(take(lost));
  clock_.advance(5min);
  const bool leases = database_->dialect().is_server();
  if (leases) {  // renewed for the last time after 3:00
    const std::string end_of_lease = to_iso8601(start_ + 3min + collect::run_lease);
    ASSERT_OK(store::testing::execute(*session_, "UPDATE {pulse}runs SET lease_until = $1", {end_of_lease}));
  }
  const auto found = ledger_.mark_lost({});
  ASSERT_OK(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(slots(), Lines{leases ? "0|due|ladder|r1|3|3.5|-" : "0|due|ladder|r1|0|0.5|-"});
  EXPECT_EQ(only("r1").first_failed, leases ? start_ + 3min : start_);
  // Its process wakes up again.
  const auto late = ledger_.finish(lost, std::nullopt, {});
  ASSERT_OK(late);
  EXPECT_FALSE(*late);
  EXPECT_EQ(slots().size(), 1U);
  EXPECT_EQ(slots()[0].substr(0, 12), "0|due|ladder");

  RunRecord again = run_of("r2", start_, true);
  ASSERT_OK(take(again));
  lose_all();
  EXPECT_EQ(slots()[0].substr(0, 18), leases ? "0|due|ladder|r2|3|" : "0|due|ladder|r2|0|");
}

TEST_P(Slots, WhatALostRunCommittedIsALifeSign) {
  if (database_->dialect().is_server()) GTEST_SKIP() << "leases tell";
  RunRecord lost = run_of("r1", start_);
  ASSERT_OK(take(lost));
  clock_.advance(4min);
  commit_slice(lost, "a");
  clock_.advance(4min);
  ASSERT_OK(ledger_.mark_lost({}));
  EXPECT_EQ(slots(), Lines{"0|due|ladder|r1|4|4.5|-"});
}

TEST_P(Slots, MissedOnesAreOneLineForARow) {
  EXPECT_TRUE(miss(start_, start_ + 10min));
  EXPECT_EQ(slots(), Lines{"10|missed|superseded|-|-|-|0"});
  EXPECT_FALSE(miss(start_, start_ + 10min));
  EXPECT_FALSE(miss(start_ + 5min, start_ + 20min));  // another process knows of some of them
  EXPECT_TRUE(miss(start_ + 11min, start_ + 11min, MissedReason::too_late));
  RunRecord record = run_of("r1", start_ + 11min);
  EXPECT_FAILS(Code::conflict, take(record));
  record.slot->time = start_ + 12min;
  ASSERT_OK(take(record));
  EXPECT_FALSE(miss(start_ + 12min, start_ + 12min));
  EXPECT_EQ(slots(),
            (Lines{"10|missed|superseded|-|-|-|0", "11|missed|too_late|-|-|-|11", "12|claimed|-|r1|-|-|-"}));

  const auto several = ledger_.miss({{"a", start_, start_, MissedReason::not_wanted},
                                     {"a", start_, start_, MissedReason::not_wanted},
                                     {"b", start_, start_, MissedReason::upstream}},
                                    {});
  ASSERT_OK(several);
  EXPECT_EQ(*several, (std::vector<bool>{true, false, true}));
}

// Another process knows later than the ledger that the run has ended.
TEST_P(Slots, OnlyARunThatIsStillGoingIsInTheWay) {
  RunRecord record = run_of("r1", start_);
  ASSERT_OK(take(record));
  EXPECT_TRUE(miss(start_ + 1min, start_ + 1min, MissedReason::overlap));
  end(record, Outcome::success);
  EXPECT_FALSE(miss(start_ + 2min, start_ + 2min, MissedReason::overlap));
  EXPECT_EQ(slots(), (Lines{"0|done|success|r1|-|-|-", "1|missed|overlap|-|-|-|1"}));
}

INSTANTIATE_TEST_SUITE_P(Engines, Slots, testing::ValuesIn(store::testing::engines), store::testing::name_of);

// Processes that want the same slot at the same moment: one gets it, and none waits for ever.
class SlotRaces : public ::testing::Test {
 protected:
  static constexpr int rounds = 150;
  std::unique_ptr<store::Database> database_ =
      collect::testing::migrated(store::testing::open_fresh_postgres());
  const WallTime start_{std::chrono::seconds{1'772'323'200}};

  // Each thread does its part in every round; `check` stands between them.
  void race(const std::vector<std::function<bool(Ledger&, int)>>& parts,
            const std::function<void(int, const std::vector<char>&)>& check) {
    std::vector<char> won(parts.size());
    std::barrier gate(static_cast<std::ptrdiff_t>(parts.size()) + 1);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < parts.size(); ++i)
      threads.emplace_back([&, i] {
        base::SimulatedClock clock(base::SimulatedClock::Mode::manual, start_);
        const auto session = store::testing::session_of(*database_);
        Ledger ledger(*session, clock);
        for (int round = 0; round < rounds; ++round) {
          gate.arrive_and_wait();
          won[i] = parts[i](ledger, round);
          gate.arrive_and_wait();
        }
      });
    for (int round = 0; round < rounds; ++round) {
      gate.arrive_and_wait();
      gate.arrive_and_wait();
      check(round, won);
    }
  }
  bool claim(Ledger& ledger, int round, int process) {
    RunRecord record;
    record.id = fmt::format("r{}-{}", round, process);
    record.collector = "items";
    record.host = "h";
    record.process = process;
    record.started_at = start_ + std::chrono::minutes(round);
    record.slot = RunSlot{start_ + std::chrono::minutes(round), false, {}};
    const auto begun = ledger.begin(record, std::nullopt, {});
    if (!begun) {
      EXPECT_EQ(begun.error().code, Code::conflict) << begun.error().message;
      return false;
    }
    record.outcome = Outcome::success;
    record.finished_at = record.started_at;
    EXPECT_TRUE(ledger.finish(record, std::nullopt, {}));
    return true;
  }
  std::int64_t count(const std::string& what) {
    const auto session = store::testing::session_of(*database_);
    return store::testing::number(*session, "SELECT count(*) FROM " + what);
  }
};

TEST_F(SlotRaces, OneOfThreeClaimsASlot) {
  std::vector<std::function<bool(Ledger&, int)>> parts;
  for (int process = 1; process <= 3; ++process)
    parts.push_back([this, process](Ledger& ledger, int round) { return claim(ledger, round, process); });
  race(parts, [](int round, const std::vector<char>& won) {
    EXPECT_EQ(std::count(won.begin(), won.end(), 1), 1) << round;
  });
  EXPECT_EQ(count("{pulse}schedule_slots WHERE state = 'done'"), rounds);
  EXPECT_EQ(count("{pulse}runs"), rounds);
}

TEST_F(SlotRaces, ASlotIsMissedOrClaimed) {
  const auto misses = [this](std::vector<std::string> names) {
    return [this, names](Ledger& ledger, int round) {
      std::vector<MissedSlots> missed;
      const WallTime slot = start_ + std::chrono::minutes(round);
      for (const std::string& name : names) missed.push_back({name, slot, slot, MissedReason::too_late});
      const auto recorded = ledger.miss(missed, {});
      EXPECT_TRUE(recorded) << (recorded ? "" : recorded.error().message);
      return recorded && recorded->front();
    };
  };
  race({misses({"items", "others"}), misses({"items", "others"}),
        [this](Ledger& ledger, int round) { return claim(ledger, round, 3); }},
       [](int round, const std::vector<char>& won) {
         EXPECT_EQ(std::count(won.begin(), won.end(), 1), 1) << round;
       });
  EXPECT_EQ(count("{pulse}schedule_slots WHERE collector = 'items'"), rounds);
}

}  // namespace
