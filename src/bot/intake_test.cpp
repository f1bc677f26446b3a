#include "bot/intake_fixture_test.hpp"

namespace bot {
namespace {

using namespace testing;

TEST_P(IntakeTest, AnAnalysisIsAJobAPlaceholderAndAnAnswer) {
  open();
  const Taken taken = take({tap(1, 5, "analise_over_gols")});
  EXPECT_EQ(taken.updates, 1);
  EXPECT_EQ(taken.repeated, 0);
  EXPECT_EQ(taken.by_fate, (Fates{{"accepted", 1}}));
  EXPECT_TRUE(taken.has_jobs);
  EXPECT_TRUE(taken.has_messages);
  EXPECT_EQ(said(), (std::vector{line("answer", 5, ""), line("send", 5, placeholder("goals", 0).text)}));
  EXPECT_EQ(used(), 1);
  EXPECT_EQ(count("inbox"), 1);
  EXPECT_EQ(count("jobs j JOIN {ledger}outbox o ON o.id = j.placeholder WHERE o.action = 'send'"), 1);
  EXPECT_EQ(text("SELECT address FROM {ledger}jobs"), "5");
}

TEST_P(IntakeTest, AListReplacesTheMessageOfItsButton) {
  open();
  EXPECT_EQ(fates({tap(1, 5, "stats_dia", 33)}), (Fates{{"accepted", 1}}));
  EXPECT_EQ(said(), (std::vector{line("answer", 5, "")}));
  EXPECT_EQ(text("SELECT address FROM {ledger}jobs"), "5:33");
  EXPECT_EQ(text("SELECT COALESCE(placeholder, -1) FROM {ledger}jobs"), "-1");
  EXPECT_EQ(fates({tap(2, 6, "stats_dia", 0)}), (Fates{{"accepted", 1}})) << "a message that is too old";
  EXPECT_EQ(said(), (std::vector{line("answer", 6, ""), line("send", 6, placeholder("day", 1).text)}));
}

TEST_P(IntakeTest, AnUpdateThatComesAgainChangesNothing) {
  open();
  const std::vector<Update> updates = {tap(1, 5, "analise_btts"), message(2, 6, "/start"), message(3, 7, "")};
  take(updates);
  const auto before = contents(*session_);
  const Taken again = take(updates);
  EXPECT_EQ(again.updates, 0);
  EXPECT_EQ(again.repeated, 3);
  EXPECT_TRUE(again.by_fate.empty());
  EXPECT_FALSE(again.has_jobs || again.has_messages);
  EXPECT_EQ(contents(*session_), before);
  const Taken mixed = take({updates[0], updates[1], message(4, 6, "/start"), message(4, 6, "/start")});
  EXPECT_EQ(mixed.updates, 1) << "also twice in one batch";
  EXPECT_EQ(mixed.repeated, 3);
  EXPECT_EQ(used(), 1);
}

TEST_P(IntakeTest, FullMeansEveryTapGetsTheSentence) {
  options_.queue.capacity = 2;
  open();
  std::vector<Update> updates;
  for (std::int64_t user = 1; user <= 6; ++user) updates.push_back(tap(user, user, "analise_completa"));
  EXPECT_EQ(fates(updates), (Fates{{"accepted", 2}, {"full", 4}}));
  const auto lines = said();
  for (std::int64_t user = 3; user <= 6; ++user)
    EXPECT_EQ(std::count(lines.begin(), lines.end(), line("answer", user, std::string(queue_full))), 1);
  EXPECT_EQ(used(), 2);
  EXPECT_EQ(fates({tap(20, 3, "analise_completa"), tap(21, 3, "analise_btts")}), (Fates{{"full", 2}}));
  EXPECT_EQ(said(), std::vector(2, line("answer", 3, std::string(queue_full)))) << "again and again";
  EXPECT_EQ(used(), 2);
}

TEST_P(IntakeTest, WhatWasTypedIsToldOnceInAWhile) {
  options_.queue.capacity = 0;
  open();
  const std::string sentence = line("send", 5, std::string(queue_full));
  EXPECT_EQ(fates({message(1, 5, "Santos"), message(2, 5, "Vasco")}), (Fates{{"full", 2}}));
  EXPECT_EQ(said(), std::vector{sentence});
  EXPECT_EQ(text("SELECT priority FROM {ledger}outbox"), "3") << "behind all that is wanted";
  EXPECT_EQ(count("outbox WHERE expires_at IS NOT NULL"), 1) << "or not at all";
  EXPECT_EQ(fates({message(3, 5, "Vasco")}), (Fates{{"full", 1}}));
  EXPECT_TRUE(said().empty());
  forget_what_was_told(options_.allowances.told_for + 1s);
  EXPECT_EQ(fates({message(4, 5, "Vasco")}), (Fates{{"full", 1}}));
  EXPECT_EQ(said(), std::vector{sentence});
}

TEST_P(IntakeTest, AFullQueueCostsNobodysAllowance) {
  options_.queue.capacity = 0;
  options_.allowances.commands.calls = 1;
  open();
  EXPECT_EQ(fates({tap(1, 5, "analise_btts"), tap(2, 5, "analise_btts"), tap(3, 5, "analise_btts")}),
            (Fates{{"full", 3}}));
}

TEST_P(IntakeTest, TheSixthAnalysisIsLimitedTwelveTapsAreNot) {
  options_.allowances = {};
  open();
  std::vector<Update> updates;
  for (std::int64_t id = 1; id <= 12; ++id) updates.push_back(tap(id, 5, "voltar_menu"));
  EXPECT_EQ(fates(updates), (Fates{{"shown", 12}}));
  said();
  updates.clear();
  for (std::int64_t id = 21; id <= 28; ++id)
    updates.push_back(tap(id, 5, fmt::format("analisar_jogo_{}", id)));
  EXPECT_EQ(fates(updates), (Fates{{"accepted", 5}, {"limited", 3}}));
  const auto lines = said();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& it) { return it.find("Limite de 5") != it.npos; }),
            1)
      << "told once";
  EXPECT_EQ(std::count(lines.begin(), lines.end(), line("answer", 5, "")), 5 + 2)
      << "the other taps end their waiting sign";
  EXPECT_EQ(used(), 5);
  EXPECT_EQ(fates({message(30, 5, "Santos")}), (Fates{{"limited", 1}}));
  EXPECT_TRUE(said().empty()) << "was told in this window";
}

TEST_P(IntakeTest, WhatIsTypedCountsAsARequest) {
  options_.allowances = {};
  open();
  std::vector<Update> updates;
  for (std::int64_t id = 1; id <= 7; ++id)
    updates.push_back(message(id, 5, id % 2 == 0 ? "/start" : "/ajuda"));
  EXPECT_EQ(fates(updates), (Fates{{"shown", 5}, {"limited", 2}}));
  EXPECT_EQ(said().size(), 6U) << "five views, and the refusal once";
  EXPECT_EQ(fates({tap(21, 5, "voltar_menu")}), (Fates{{"shown", 1}})) << "buttons of the menu go on working";
}

TEST_P(IntakeTest, WhatATopicHearsIsSaidThere) {
  options_.allowances.commands.calls = 2;
  open();
  const telegram::Chat topic{-100, telegram::Chat::Kind::supergroup, 7};
  EXPECT_EQ(
      fates({message(1, 5, "/start", topic), message(2, 5, "/jogos", topic), message(3, 5, "/ajuda", topic)}),
      (Fates{{"shown", 1}, {"accepted", 1}, {"limited", 1}}));
  EXPECT_EQ(count(R"(outbox WHERE action = 'send' AND body LIKE '{"topic":7,%')"), 3);
  EXPECT_EQ(text("SELECT address FROM {ledger}jobs"), "-100:0:7");
}

TEST_P(IntakeTest, ManyTapsMeetTheirOwnLimit) {
  options_.allowances.navigation.calls = 3;
  open();
  std::vector<Update> updates;
  for (std::int64_t id = 1; id <= 6; ++id) updates.push_back(tap(id, 5, "noop"));
  EXPECT_EQ(fates(updates), (Fates{{"shown", 3}, {"limited", 3}}));
  const auto lines = said();
  EXPECT_EQ(lines.size(), 6U) << "each tap is answered once";
  EXPECT_TRUE(lines[3].starts_with("answer 5: Muitos toques")) << lines[3];
  EXPECT_EQ(lines[4], line("answer", 5, ""));
}

TEST_P(IntakeTest, NoUserHasMoreThanHisShare) {
  options_.queue.per_user = 2;
  open();
  EXPECT_EQ(fates({tap(1, 5, "liga_1"), tap(2, 5, "liga_2"), tap(3, 5, "liga_3"), tap(4, 6, "liga_3")}),
            (Fates{{"accepted", 3}, {"too_many", 1}}));
  const auto lines = said();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), line("answer", 5, too_many_jobs(2))), 1);
  EXPECT_EQ(used(), 3);
}

TEST_P(IntakeTest, TheSameAgainIsOneJob) {
  open();
  EXPECT_EQ(fates({tap(1, 5, "analise_btts"), tap(2, 5, "analise_btts"), tap(3, 6, "analise_btts")}),
            (Fates{{"accepted", 2}, {"duplicate", 1}}));
  EXPECT_EQ(fates({tap(4, 5, "analise_btts")}), (Fates{{"duplicate", 1}})) << "also later";
  EXPECT_EQ(said().back(), line("answer", 5, already_working("btts")));
  EXPECT_EQ(used(), 2);
}

TEST_P(IntakeTest, WhatIsShownAtOnce) {
  open();
  EXPECT_EQ(
      fates({message(1, 5, "/start"), tap(2, 5, "ajuda"), tap(3, 5, "voltar_menu", 0),
             tap(4, 5, "analise_cartoes"), tap(5, 5, "gone"), tap(6, 5, "noop"), message(7, 5, "/buscar")}),
      (Fates{{"shown", 7}}));
  EXPECT_EQ(said(),
            (std::vector{line("send", 5, menu().text), line("answer", 5, ""), line("edit", 5, help("").text),
                         line("answer", 5, ""), line("send", 5, menu().text),
                         line("answer", 5, not_yet("Cartões")), line("answer", 5, old_button()),
                         line("answer", 5, ""), line("send", 5, ask_team().text)}));
  EXPECT_EQ(count("outbox WHERE action <> 'answer' AND expires_at IS NULL"), 0) << "nobody waits for a menu";
}

TEST_P(IntakeTest, WhatIsNotForTheBotIsOnlyNoted) {
  open();
  EXPECT_EQ(fates({Update{1, {}}, message(2, 5, "/start@OtherBot"),
                   message(3, 5, "hello", {-9, telegram::Chat::Kind::group}), message(4, 0, "/start")}),
            (Fates{{"ignored", 4}}));
  EXPECT_EQ(count("inbox"), 4);
  EXPECT_EQ(count("outbox"), 0);
  EXPECT_EQ(count("limits"), 0);
}

TEST_P(IntakeTest, OnlyOwnersSeeTheStatus) {
  open();
  take({message(1, 900, "/status"), message(2, 5, "/status")});
  EXPECT_EQ(said(), (std::vector{line("send", 900, "<b>status</b>"), line("send", 5, help("").text)}));
  options_.status = nullptr;
  take({message(3, 900, "/status")});
  EXPECT_EQ(said(), std::vector{line("send", 900, help("").text)});
}

TEST_P(IntakeTest, Settings) {
  open();
  take({tap(1, 5, "configuracoes")});
  EXPECT_EQ(said().back(), line("edit", 5, settings_view({60}).text)) << "the default";
  take({tap(2, 5, "set_conf_8.0")});
  EXPECT_EQ(said().back(), line("edit", 5, settings_view({80}).text));
  take({tap(3, 5, "configuracoes"), tap(4, 6, "configuracoes")});
  EXPECT_EQ(said(), (std::vector{line("answer", 5, ""), line("edit", 5, settings_view({80}).text),
                                 line("answer", 6, ""), line("edit", 6, settings_view({60}).text)}));
  take({tap(5, 5, "config_resetar"), tap(6, 5, "configuracoes")});
  EXPECT_EQ(said().back(), line("edit", 5, settings_view({60}).text));
  take({tap(7, 5, "set_conf_5.0"), tap(8, 5, "set_conf_7.0")});
  EXPECT_EQ(text("SELECT minimum_confidence FROM {ledger}settings WHERE user_id = 5"), "70");
  EXPECT_EQ(count("settings"), 1);
  sql("UPDATE {ledger}settings SET minimum_confidence = 5000");
  take({tap(9, 5, "configuracoes")});
  EXPECT_EQ(said().back(), line("edit", 5, settings_view({100}).text)) << "as far as it makes sense";
}

TEST_P(IntakeTest, PagesOfOnesOwnJobsOnly) {
  open();
  const std::int64_t job = finished(5, {{.text = "first"}, {.text = "second"}});
  said();
  const auto turned = [&](std::int64_t user, const std::string& data) {
    take({tap(next_++, user, data)});
    return said().back();
  };
  EXPECT_EQ(turned(5, fmt::format("pg_{}_1", job)), line("edit", 5, "second"));
  EXPECT_EQ(turned(5, fmt::format("pg_{}_0", job)), line("edit", 5, "first"));
  EXPECT_EQ(turned(5, fmt::format("pg_{}_99", job)), line("edit", 5, "second")) << "the last";
  EXPECT_EQ(turned(6, fmt::format("pg_{}_1", job)), line("answer", 6, old_button())) << "not his";
  EXPECT_EQ(turned(5, fmt::format("pg_{}_1", job + 1)), line("answer", 5, old_button())) << "there is none";
  sql("UPDATE {ledger}jobs SET result = '{broken'");
  EXPECT_EQ(turned(5, fmt::format("pg_{}_1", job)), line("answer", 5, old_button()));
  sql("UPDATE {ledger}jobs SET result = '[]'");
  EXPECT_EQ(turned(5, fmt::format("pg_{}_1", job)), line("answer", 5, old_button()));
}

TEST_P(IntakeTest, EverybodyInAGroupMayTurnItsPages) {
  open();
  const telegram::Chat group{-100, telegram::Chat::Kind::supergroup}, other{-200, group.kind};
  const std::string page =
      fmt::format("pg_{}_1", finished(5, {{.text = "first"}, {.text = "second"}}, group));
  const auto turned = [&](std::int64_t user, telegram::Chat chat) {
    take({tapped(user, page, chat)});
    return said().back();
  };
  EXPECT_EQ(turned(6, group), line("edit", -100, "second"));
  EXPECT_EQ(turned(6, other), line("answer", -200, old_button()));
  EXPECT_EQ(turned(6, {}), line("answer", 6, old_button())) << "he may have guessed the number";
  EXPECT_EQ(turned(5, {}), line("edit", 5, "second")) << "his own, wherever he sees it";
}

TEST_P(IntakeTest, APoisonedUpdateIsOnlyNoted) {
  open();
  const Intake intake(options_, clock_);
  ASSERT_OK(
      try_write([&](store::Connection& c) { return intake.give_up(c, tap(1, 5, "analise_btts"), "no"); }));
  EXPECT_EQ(count("inbox"), 1);
  EXPECT_EQ(take({tap(1, 5, "analise_btts")}).repeated, 1);
  EXPECT_EQ(used(), 0);
}

TEST_P(IntakeTest, WithoutAQueueNothingIsTaken) {
  EXPECT_FALSE(try_take(*database_, {tap(1, 5, "analise_btts")}));
  EXPECT_EQ(count("inbox"), 0);
}

TEST_P(IntakeTest, OldLinesOfTheInboxGo) {
  open();
  take({message(1, 5, "/start")});
  sql("UPDATE {ledger}inbox SET received_at = received_at - 3600000");
  take({message(2, 5, "/start")});
  const auto tidied = [&](std::chrono::seconds age) {
    return write<std::int64_t>([&](store::Connection& c) { return tidy_inbox(c, age, clock_, 1000); });
  };
  EXPECT_EQ(tidied(3700s), 0);
  EXPECT_EQ(tidied(3500s), 1);
  EXPECT_EQ(text("SELECT update_id FROM {ledger}inbox"), "2");
}

TEST(Place, IsReadAsItWasWritten) {
  for (const Place& place : {Place{5, 0}, Place{-1001234567890, 0}, Place{5, 77}, Place{-100, 77},
                             Place{-100, 0, 3}, Place{-100, 77, 3}}) {
    const auto read = read_place(write_place(place));
    ASSERT_TRUE(read) << write_place(place);
    EXPECT_EQ(read->chat, place.chat);
    EXPECT_EQ(read->message_id, place.message_id);
    EXPECT_EQ(read->topic, place.topic);
  }
  for (const char* address :
       {"", "0", "x", "5:", "5:x", "5:7x", "5 ", ":7", "5:7:", "5:7:8:9", "99999999999999999999"})
    EXPECT_FALSE(read_place(address)) << address;
}

TEST_P(IntakeTest, AGroupThatMovedTakesItsWaitingMessagesAlong) {
  open();
  take({message(1, 5, "/start", {-50, telegram::Chat::Kind::group}), message(2, 6, "/start")});
  EXPECT_EQ(fates({Update{3, telegram::Moved{-50, -100777}}}), (Fates{{"moved", 1}}));
  EXPECT_EQ(count("outbox WHERE address = '-50'"), 0);
  EXPECT_EQ(count("outbox WHERE address = '-100777'"), 1);
  EXPECT_EQ(count("outbox WHERE address = '6'"), 1);
  EXPECT_EQ(fates({Update{4, telegram::Moved{-50, -100777}}}), (Fates{{"moved", 1}})) << "told a second time";
}

INSTANTIATE_TEST_SUITE_P(Engines, IntakeTest, ::testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
