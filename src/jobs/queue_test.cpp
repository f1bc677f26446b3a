// The queue's rules one by one, on every engine: bound, claims, fencing, attempts, deadline.
#include "jobs/queue.hpp"

#include "jobs/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using namespace jobs::testing;
using base::Code;
using jobs::Admission;
using jobs::Ending;
using jobs::Job;
using jobs::NewJob;

class Queue : public QueueTest {};

TEST_P(Queue, TheBoundCountsQueuedAndRunning) {
  auto queue = client({.capacity = 3});
  const auto answers =
      queue.offer({{1, "a", "{}", ""}, {2, "a", "{}", ""}, {3, "a", "{}", ""}, {4, "a", "{}", ""}});
  EXPECT_EQ(answers.at(0).verdict, Verdict::accepted);
  EXPECT_EQ(answers[0].ahead, 0);
  EXPECT_EQ(answers.at(2).verdict, Verdict::accepted);
  EXPECT_EQ(answers[2].ahead, 2);
  EXPECT_EQ(answers.at(3).verdict, Verdict::full);
  const auto running = queue.claim(2);
  ASSERT_EQ(running.size(), 2u);
  EXPECT_EQ(queue.offer(5).verdict, Verdict::full);
  EXPECT_EQ(queue.finish({running[0]}).size(), 1u);
  EXPECT_EQ(queue.used(), 2);
  EXPECT_EQ(queue.offer(5).verdict, Verdict::accepted);
  EXPECT_EQ(queue.offer(6).verdict, Verdict::full);
  EXPECT_EQ(queue.used(), 3);
}

TEST_P(Queue, WhoEndsJobsWaitsForNobodyWhoAdmits) {
  if (!is_server()) GTEST_SKIP() << "one writes at a time";
  auto queue = client({.capacity = 2}), other = client({.capacity = 2});
  queue.offer(1);
  queue.offer(2);
  const auto running = queue.claim(2);
  const auto verdict = queue.write<Verdict>([&](store::Connection& c) -> base::Result<Verdict> {
    const std::vector<std::int64_t> users{3};
    Admission admission = TRY(Admission::begin(c, queue.options(), users));
    EXPECT_EQ(other.finish({running.at(0)}).size(), 1u) << "while somebody admits";
    const Verdict given = admission.offer({3, "goals", "{}", ""}).verdict;
    TRY(admission.write(c));
    return given;
  });
  EXPECT_EQ(verdict, Verdict::full) << "when it began, they were all taken";
  EXPECT_EQ(queue.used(), 1);
  EXPECT_EQ(queue.standing().used, 1);
  EXPECT_EQ(queue.offer(3).verdict, Verdict::accepted);
  EXPECT_EQ(queue.offer(4).verdict, Verdict::full);
}

TEST_P(Queue, AnAdmissionThatIsRolledBackTakesNoPlacesAlong) {
  auto queue = client({.capacity = 1});
  queue.offer(1);
  queue.finish(queue.claim(1));
  const base::Result<void> failed =
      queue.session().transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
        const std::vector<std::int64_t> users{2};
        TRY(Admission::begin(c, queue.options(), users));
        return base::error(Code::invalid_data, "something else is wrong");
      });
  EXPECT_FALSE(failed);
  EXPECT_EQ(queue.used(), 0);
  EXPECT_EQ(queue.offer(2).verdict, Verdict::accepted);
  EXPECT_EQ(queue.offer(3).verdict, Verdict::full);
}

TEST_P(Queue, ALowerBoundKeepsWhatIsThere) {
  auto queue = client({.capacity = 3});
  for (const int user : {1, 2, 3}) queue.offer(user);
  queue.options().capacity = 1;
  queue.open();
  EXPECT_EQ(queue.used(), 3);
  queue.finish(queue.claim(2));
  EXPECT_EQ(queue.offer(4).verdict, Verdict::full);
  queue.finish(queue.claim(2));
  EXPECT_EQ(queue.offer(4).verdict, Verdict::accepted);
  EXPECT_EQ(queue.standing().capacity, 1);
}

TEST_P(Queue, AUserHasSoManyAndNoTwoAlike) {
  auto queue = client({.per_user = 2});
  const auto first = queue.offer(1, "a");
  const auto again = queue.offer(1, "a");
  EXPECT_EQ(again.verdict, Verdict::duplicate);
  EXPECT_EQ(again.id, first.id);
  const auto answers = queue.offer({{1, "goals", "b", ""},
                                    {1, "goals", "b", ""},
                                    {1, "goals", "c", ""},
                                    {2, "goals", "a", ""},
                                    {2, "result", "a", ""}});
  EXPECT_EQ(answers.at(0).verdict, Verdict::accepted);
  EXPECT_EQ(answers.at(1).verdict, Verdict::duplicate);
  EXPECT_EQ(answers.at(1).id, answers.at(0).id);
  EXPECT_EQ(answers.at(2).verdict, Verdict::too_many);
  EXPECT_EQ(answers.at(3).verdict, Verdict::accepted) << "another user's";
  EXPECT_EQ(answers.at(4).verdict, Verdict::accepted) << "another kind";
  const auto running = queue.claim(1);
  EXPECT_EQ(queue.offer(1, "a").verdict, Verdict::duplicate) << "a running one counts too";
  queue.finish(running);
  EXPECT_EQ(queue.offer(1, "a").verdict, Verdict::accepted) << "an ended one does not";
}

TEST_P(Queue, NothingIsAdmittedByATransactionThatEndsOtherwise) {
  auto queue = client({.capacity = 2});
  const auto failed =
      queue.session().transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
        const std::vector<std::int64_t> users{1};
        auto admission = TRY(Admission::begin(c, queue.options(), users));
        admission.offer({1, "a", "{}", ""});
        TRY(admission.write(c));
        return base::error(Code::cancelled, "stopped");
      });
  EXPECT_FALSE(failed);
  EXPECT_EQ(queue.used(), 0);
  EXPECT_EQ(queue.offer(1).id, 1) << "and its number is free";
}

TEST_P(Queue, WhatDoesNotFitIsRefused) {
  auto queue = client();
  const auto offered = [&](NewJob job) {
    return queue.session().transact(store::Access::write, {},
                                    [&](store::Connection& c) -> base::Result<void> {
                                      const std::vector<std::int64_t> users{1};
                                      auto admission = TRY(Admission::begin(c, queue.options(), users));
                                      admission.offer(std::move(job));
                                      return admission.write(c);
                                    });
  };
  EXPECT_FAILS(Code::invalid_data, offered({1, "a", std::string(jobs::max_payload + 1, 'x'), ""}));
  EXPECT_FAILS(Code::invalid_data, offered({1, std::string(1000, 'x'), "{}", ""}));
  EXPECT_FAILS(Code::invalid_data, offered({1, "a", "\xff", ""}));
  EXPECT_FAILS(Code::invalid_data, offered({1, "a", std::string("a\0b", 3), ""}));
  queue.options().name = "another";
  EXPECT_FAILS(Code::conflict, offered({1, "a", "{}", ""}));
}

TEST_P(Queue, QueuesHaveNumbersOfTheirOwn) {
  auto one = client();
  auto two = client({.name = "slow", .capacity = 1});
  const auto first = one.offer(1).id, other = two.offer(1).id, second = one.offer(2).id;
  EXPECT_EQ(second, first + 1);
  EXPECT_GT(other, std::int64_t{1} << 39);
  EXPECT_EQ(one.claim(9).size(), 2u);
  EXPECT_EQ(two.claim(9).size(), 1u);
}

TEST_P(Queue, AJobComesAsItWasOffered) {
  auto queue = client();
  const NewJob job{-7, "ção", R"({"fixture": "a\"b"})", "42:ção"};
  const auto id = queue.write<std::int64_t>([&](store::Connection& c) -> base::Result<std::int64_t> {
    const std::vector<std::int64_t> users{job.user};
    auto admission = TRY(Admission::begin(c, queue.options(), users));
    const auto answer = admission.offer(job);
    admission.set_placeholder(answer.id, 77);
    TRY(admission.write(c));
    return answer.id;
  });
  const auto claimed = queue.claim(5);
  ASSERT_EQ(claimed.size(), 1u);
  const Job& it = claimed[0];
  EXPECT_EQ(it.claim.id, id);
  EXPECT_EQ(it.attempt, 1);
  EXPECT_EQ(it.user, job.user);
  EXPECT_EQ(it.kind, job.kind);
  EXPECT_EQ(it.payload, job.payload);
  EXPECT_EQ(it.address, job.address);
  EXPECT_EQ(it.placeholder, 77);
  EXPECT_LT(it.waited, 60s);
  EXPECT_FALSE(it.expired);
  EXPECT_FALSE(it.last_attempt);
  EXPECT_TRUE(queue.claim(5).empty());
  EXPECT_TRUE(queue.claim(0).empty());
}

TEST_P(Queue, ALateFinishIsRefusedAndChangesNothing) {
  auto queue = client();
  queue.offer(1);
  const auto first = queue.claim(1, "slow");
  EXPECT_EQ(queue.recover(true), 1);
  const auto second = queue.claim(1, "quick");
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(first.at(0).claim.token, second[0].claim.token);
  EXPECT_TRUE(queue.finish({{.claim = first[0].claim, .result = "late"}}).empty());
  queue.give_back(first, false);
  EXPECT_TRUE(queue.renew({first[0].claim}).empty());
  EXPECT_EQ(queue.used(), 1);
  EXPECT_EQ(queue.standing().running, 1);
  ASSERT_EQ(queue.finish({{.claim = second[0].claim, .result = "right"}}).size(), 1u);
  EXPECT_EQ(queue.result(second[0].claim.id), "right");
  EXPECT_TRUE(queue.finish({{.claim = second[0].claim, .result = "twice"}}).empty());
  EXPECT_EQ(queue.result(second[0].claim.id), "right");
  EXPECT_EQ(queue.used(), 0);
}

TEST_P(Queue, FinishTellsWhichOfABatchHeld) {
  auto queue = client();
  for (const int user : {1, 2, 3}) queue.offer(user);
  auto claimed = queue.claim(3);
  ASSERT_EQ(claimed.size(), 3u);
  claimed[1].claim.token += 1;
  const auto ended = queue.finish({claimed[2], claimed[1], claimed[0]});
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[0].id, claimed[0].claim.id);
  EXPECT_EQ(ended[1].id, claimed[2].claim.id);
  EXPECT_EQ(queue.used(), 1);
}

TEST_P(Queue, AJobThatIsLostAgainAndAgainReachesTheDeadLetter) {
  auto queue = client({.max_attempts = 2});
  queue.offer(1);
  auto claimed = queue.claim(1);
  EXPECT_FALSE(claimed.at(0).last_attempt);
  queue.recover(true);
  claimed = queue.claim(1);
  EXPECT_EQ(claimed.at(0).attempt, 2);
  EXPECT_TRUE(claimed[0].last_attempt);
  queue.recover(true);
  claimed = queue.claim(1);
  EXPECT_EQ(claimed.at(0).attempt, 3) << "once more, to be ended";
  EXPECT_TRUE(claimed[0].last_attempt);
  queue.finish({{.claim = claimed[0].claim, .how = Ending::How::dead, .error = std::string(5000, 'x')}});
  EXPECT_EQ(queue.used(), 0);
  EXPECT_EQ(queue.standing().ended.at("dead"), 1);
  EXPECT_EQ(queue.recover(true), 0);
}

TEST_P(Queue, WhatIsGivenBackKeepsItsAttemptsIfItWasNotItsFault) {
  auto queue = client();
  queue.offer(1);
  queue.offer(2);
  auto claimed = queue.claim(1);
  queue.give_back(claimed, false);
  claimed = queue.claim(1);
  EXPECT_EQ(claimed.at(0).user, 1) << "at its old turn";
  EXPECT_EQ(claimed[0].attempt, 1);
  queue.give_back(claimed, true);
  claimed = queue.claim(1);
  EXPECT_EQ(claimed.at(0).attempt, 2);
  queue.give_back(claimed, true, 1h);
  EXPECT_EQ(users_of(queue.claim(5)), std::vector<std::int64_t>{2}) << "the other waits";
  EXPECT_EQ(queue.used(), 2);
  queue.sql("UPDATE {ledger}jobs SET not_before = {now} WHERE not_before IS NOT NULL");
  EXPECT_EQ(queue.claim(5).at(0).attempt, 3);
}

TEST_P(Queue, AJobOlderThanItsDeadlineSaysSo) {
  auto queue = client({.deadline = 600s});
  queue.offer(1);
  queue.sql("UPDATE {ledger}jobs SET created_at = '2020-01-01T00:00:00.000000Z'");
  queue.offer(2);
  EXPECT_GT(queue.standing().oldest, 24h);
  const auto claimed = queue.claim(2);
  ASSERT_EQ(claimed.size(), 2u);
  EXPECT_TRUE(claimed[0].expired);
  EXPECT_GT(claimed[0].waited, 24h);
  EXPECT_FALSE(claimed[1].expired);
}

TEST_P(Queue, LeasesEndByTheDatabasesClock) {
  auto queue = client();
  queue.offer(1);
  queue.offer(2);
  const auto claimed = queue.claim(2);
  EXPECT_EQ(queue.recover(false), 0);
  if (!is_server()) GTEST_SKIP() << "no lease ends where one process has the database";
  queue.sql("UPDATE {ledger}jobs SET lease_until = '2020-01-01T00:00:00Z' WHERE lease_until IS NOT NULL");
  EXPECT_EQ(queue.renew({claimed[1].claim}).size(), 1u) << "nobody else has it yet";
  EXPECT_EQ(queue.recover(false), 1);
  EXPECT_EQ(users_of(queue.claim(5)), std::vector<std::int64_t>{1});
  const auto held = queue.renew({claimed[0].claim, claimed[1].claim});
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].id, claimed[1].claim.id);
}

TEST_P(Queue, ResultsAreForTheirUserUntilTheyAreTidiedAway) {
  auto queue = client();
  const auto id = queue.offer(1).id;
  EXPECT_EQ(queue.result(id), std::nullopt);
  const auto claimed = queue.claim(1);
  const auto too_long =
      queue.session().transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
        const std::vector<Ending> endings{
            {.claim = claimed.at(0).claim, .result = std::string(jobs::max_result + 1, 'x')}};
        TRY(jobs::finish(c, queue.options(), endings));
        return {};
      });
  EXPECT_FAILS(Code::invalid_data, too_long);
  const std::string result(jobs::max_result, 'x');
  EXPECT_EQ(queue.finish({{.claim = claimed[0].claim, .result = result}}).size(), 1u);
  EXPECT_EQ(queue.result(id), result);
  EXPECT_EQ(queue.tidy(3600s, 10), 0);
  queue.offer(1);
  queue.sql(
      "UPDATE {ledger}jobs SET finished_at = '2020-01-01T00:00:00.000000Z' WHERE finished_at IS NOT NULL");
  EXPECT_TRUE(queue.standing().ended.empty()) << "long ago";
  EXPECT_EQ(queue.tidy(3600s, 0), 0);
  EXPECT_EQ(queue.tidy(3600s, 10), 1);
  EXPECT_EQ(queue.result(id), std::nullopt);
  EXPECT_EQ(queue.used(), 1);
}

TEST_P(Queue, StandingCounts) {
  auto queue = client();
  EXPECT_EQ(queue.standing().oldest, std::nullopt);
  for (const int user : {1, 2, 3, 4, 5}) queue.offer(user);
  const auto claimed = queue.claim(3);
  queue.finish({claimed[0]});
  queue.finish({claimed[1]}, Ending::How::failed);
  const auto standing = queue.standing();
  EXPECT_EQ(standing.capacity, 1000);
  EXPECT_EQ(standing.used, 3);
  EXPECT_EQ(standing.queued, 2);
  EXPECT_EQ(standing.running, 1);
  EXPECT_LT(standing.oldest.value(), 60s);
  EXPECT_EQ(standing.ended, (std::map<std::string, std::int64_t>{{"done", 1}, {"failed", 1}}));
}

INSTANTIATE_TEST_SUITE_P(Engines, Queue, testing::ValuesIn(store::testing::engines), store::testing::name_of);

}  // namespace
