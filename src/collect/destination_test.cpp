#include "collect/destination.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/decimal.hpp"
#include "base/rng.hpp"
#include "base/text.hpp"
#include "collect/destination_fixture_test.hpp"

namespace {

using base::Code;
using collect::Destination;
using collect::testing::collector_with;
using collect::testing::item_fields;
using collect::testing::Lines;
using collect::testing::null;
using collect::testing::Row;
using collect::testing::Staged;
using store::Param;

class ItemsTest : public collect::testing::DestinationTest {
 protected:
  std::vector<std::string> items() { return lines("SELECT id, name, price FROM items ORDER BY id"); }
};

Row item(std::int64_t id, Param name, Param price) { return {id, name, price}; }

TEST_P(ItemsTest, CountsOfLoadsAreExact) {
  const std::vector<Row> first{item(1, "a", "1.10"), item(2, "b", null), item(3, null, "3")};
  EXPECT_EQ(load(first), (Staged{3, 0, 0, 3, 0}));
  EXPECT_EQ(items(), (Lines{"1|a|1.10", "2|b|NULL", "3|NULL|3"}));
  EXPECT_EQ(load(first), (Staged{0, 0, 3, 3, 0}));
  EXPECT_EQ(load({item(1, "a", "1.10"), item(2, "B", null), item(3, null, "3")}), (Staged{0, 1, 2, 3, 0}));
  EXPECT_EQ(load({item(4, "d", "4")}), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(load({item(1, "A", "1.10"), item(5, "e", null), item(3, null, "3")}), (Staged{1, 1, 1, 3, 0}));
  EXPECT_EQ(items(), (Lines{"1|A|1.10", "2|B|NULL", "3|NULL|3", "4|d|4", "5|e|NULL"}));
}

TEST_P(ItemsTest, NullAndValuesDifferBothWays) {
  load({item(1, null, null), item(2, "b", "2"), item(3, "", "0"), item(4, null, null)});
  EXPECT_EQ(load({item(1, "a", null), item(2, null, "2"), item(3, null, "0"), item(4, null, null)}),
            (Staged{0, 3, 1, 4, 0}));
  EXPECT_EQ(load({item(1, "a", "1"), item(2, null, null), item(3, "", null), item(4, null, null)}),
            (Staged{0, 3, 1, 4, 0}));
  EXPECT_EQ(items(), (Lines{"1|a|1", "2|NULL|NULL", "3||NULL", "4|NULL|NULL"}));
}

TEST_P(ItemsTest, EqualNumbersAreUnchangedWhateverTheirSpelling) {
  load({item(1, "a", "1.10"), item(2, "b", "100"), item(3, "c", "12345678901234567890.1")});
  EXPECT_EQ(load({item(1, "a", "1.1"), item(2, "b", "100.00"), item(3, "c", "12345678901234567890.10")}),
            (Staged{0, 0, 3, 3, 0}));
  EXPECT_EQ(items(), (Lines{"1|a|1.10", "2|b|100", "3|c|12345678901234567890.1"}));
  EXPECT_EQ(load({item(1, "a", "1.11"), item(2, "b", "-100"), item(3, "c", "12345678901234567890.2")}),
            (Staged{0, 3, 0, 3, 0}));
}

TEST_P(ItemsTest, TextsOfNumbersAreTexts) {
  load({item(1, "1.10", null)});
  EXPECT_EQ(load({item(1, "1.1", null)}), (Staged{0, 1, 0, 1, 0}));
  EXPECT_EQ(load({item(1, "1.1 ", null)}), (Staged{0, 1, 0, 1, 0}));
}

TEST_P(ItemsTest, RunAndTimeAreTouchedOnChangedRowsOnly) {
  load({item(1, "a", "1.10"), item(2, "b", null)});
  const std::string time1 = base::to_iso8601(clock_.wall());
  load({item(1, "a", "1.1"), item(2, "B", null), item(3, "c", null)});
  const std::string time2 = base::to_iso8601(clock_.wall());
  load({item(1, "a", "1.10"), item(2, "B", null), item(3, "c", null)});
  EXPECT_NE(time1, time2);
  EXPECT_EQ(lines("SELECT id, _run_id, _loaded_at FROM items ORDER BY id"),
            (Lines{"1|run1|" + time1, "2|run2|" + time2, "3|run2|" + time2}));
}

TEST_P(ItemsTest, IdenticalDuplicatesMergeWithoutConflict) {
  EXPECT_EQ(load({item(1, "a", "1.10"), item(1, "a", "1.1"), item(2, null, null), item(1, "a", "1.100"),
                  item(2, null, null)}),
            (Staged{2, 0, 0, 2, 0}));
  EXPECT_EQ(items(), (Lines{"1|a|1.100", "2|NULL|NULL"}));
}

TEST_P(ItemsTest, OfDifferentDuplicatesTheLastOneWins) {
  EXPECT_EQ(load({item(1, "x", null), item(2, "b", "2"), item(1, "y", null), item(1, "z", null),
                  item(2, "b", "2")}),
            (Staged{2, 0, 0, 2, 2}));
  EXPECT_EQ(items(), (Lines{"1|z|NULL", "2|b|2"}));
  // Those that differ from the one that stays: x does, the first z does not.
  EXPECT_EQ(load({item(1, "z", null), item(1, "x", null), item(1, "z", null)}), (Staged{0, 0, 1, 1, 1}));
  EXPECT_EQ(load({item(1, null, null), item(1, "z", null)}), (Staged{0, 0, 1, 1, 1}));
  EXPECT_EQ(load({item(1, "z", null), item(1, null, null)}), (Staged{0, 1, 0, 1, 1}));
}

TEST_P(ItemsTest, DuplicatesAcrossPages) {
  const auto counts = load_pages({{item(1, "x", null), item(2, "b", null)}, {}, {item(1, "y", null)}});
  ASSERT_OK(counts);
  EXPECT_EQ(*counts, (Staged{2, 0, 0, 2, 1}));
  EXPECT_EQ(items(), (Lines{"1|y|NULL", "2|b|NULL"}));
}

TEST_P(ItemsTest, NoRowsAtAll) {
  EXPECT_EQ(load({}), (Staged{0, 0, 0, 0, 0}));
  EXPECT_EQ(items(), Lines{});
}

TEST_P(ItemsTest, KeyOfSeveralColumnsAndTypes) {
  collector_ = collector_with("{v: v, day: {path: d, type: date}, n: {path: n, type: number}}", "[n, day]");
  EXPECT_EQ(load({{"a", "2025-11-21", "1.1"}, {"b", "2025-11-22", "1.1"}, {"c", "2025-11-21", "1.2"}}),
            (Staged{3, 0, 0, 3, 0}));
  EXPECT_EQ(load({{"A", "2025-11-21", "1.1"}, {"b", "2025-11-22", "1.1"}, {"d", "2025-11-22", "1.2"}}),
            (Staged{1, 1, 1, 3, 0}));
  EXPECT_EQ(lines("SELECT v FROM items ORDER BY n, day"), (Lines{"A", "b", "c", "d"}));
}

TEST_P(ItemsTest, AllColumnsAreKeyColumns) {
  collector_ = collector_with("{a: a, b: b}", "[a, b]");
  EXPECT_EQ(load({{"1", "1"}, {"1", "2"}, {"1", "1"}}), (Staged{2, 0, 0, 2, 0}));
  EXPECT_EQ(load({{"1", "2"}, {"2", "2"}}), (Staged{1, 0, 1, 2, 0}));
  EXPECT_EQ(lines("SELECT a, b, _run_id FROM items ORDER BY a, b"),
            (Lines{"1|1|run1", "1|2|run1", "2|2|run2"}));
}

TEST_P(ItemsTest, CreatedTable) {
  collector_ = collector_with(
      "{id: {path: i, type: integer}, r: {path: r, required: true}, t: {path: t, type: "
      "timestamp}, d: {path: d, type: date}, n: {path: n, type: number}}",
      "[id]");
  load({{std::int64_t{1}, "x", null, null, null}});
  Lines found;
  for (const store::Column& column : describe("items").columns)
    found.push_back(fmt::format("{}|{}|{}", column.name, column.type, column.not_null));
  if (is_sqlite())
    EXPECT_EQ(found, (Lines{"id|INTEGER|true", "r|TEXT|true", "t|TEXT|false", "d|TEXT|false", "n|TEXT|false",
                            "_run_id|TEXT|true", "_loaded_at|TEXT|true"}));
  else
    EXPECT_EQ(found,
              (Lines{"id|integer|true", "r|text|true", "t|timestamp with time zone|false", "d|date|false",
                     "n|numeric|false", "_run_id|text|true", "_loaded_at|timestamp with time zone|true"}));
  EXPECT_FAILS(Code::invalid_data,
               store::testing::execute(*session_, "INSERT INTO items SELECT * FROM items"));
}

TEST_P(ItemsTest, ForeignTablesGetNoColumnsOfOurs) {
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price " + type(Kind::number) +
          ", note TEXT DEFAULT 'theirs')");
  execute("INSERT INTO items VALUES (1, 'a', '1.10', 'kept')");
  EXPECT_EQ(load({item(1, "a", "1.1"), item(2, "b", null)}), (Staged{1, 0, 1, 2, 0}));
  EXPECT_EQ(load({item(1, "A", "1.1"), item(2, "b", null)}), (Staged{0, 1, 1, 2, 0}));
  EXPECT_EQ(lines("SELECT * FROM items ORDER BY id"), (Lines{"1|A|1.1|kept", "2|b|NULL|theirs"}));
  EXPECT_EQ(width("items"), 4U);
}

TEST_P(ItemsTest, AForeignTableWithAUniqueIndexInsteadOfAPrimaryKey) {
  execute("CREATE TABLE items (name TEXT, price " + type(Kind::number) + ", id INTEGER)");
  execute("CREATE UNIQUE INDEX by_id ON items (id)");
  EXPECT_EQ(load({item(1, "a", null)}), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(load({item(1, "b", null)}), (Staged{0, 1, 0, 1, 0}));
}

TEST_P(ItemsTest, MissingColumnsAreNamedWithTheSqlThatAddsThem) {
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY)");
  const auto verified = verify();
  EXPECT_FAILS(Code::invalid_config, verified);
  EXPECT_TRUE(store::testing::mentions(verified, "lacks 2 of the collector's columns"));
  const std::string add_name = R"(ALTER TABLE "items" ADD COLUMN "name" )" + type(Kind::text) + ";";
  const std::string add_price = R"(ALTER TABLE "items" ADD COLUMN "price" )" + type(Kind::number) + ";";
  EXPECT_TRUE(store::testing::mentions(verified, add_name + " " + add_price)) << verified.error().message;
  execute(add_name);
  execute(add_price);
  ASSERT_OK(verify());
  EXPECT_EQ(load({item(1, "a", "1")}), (Staged{1, 0, 0, 1, 0}));
}

// Found before the first request, and as the user's to mend: trying again would not help.
TEST_P(ItemsTest, AnotherUniqueKeyIsAClearError) {
  execute("CREATE TABLE items (id INTEGER, name TEXT PRIMARY KEY, price " + type(Kind::number) + ")");
  const auto verified = verify();
  EXPECT_FAILS(Code::invalid_config, verified);
  EXPECT_TRUE(store::testing::mentions(verified, R"("items")")) << store::testing::message_of(verified);
  EXPECT_TRUE(store::testing::mentions(verified, R"(("id"))")) << store::testing::message_of(verified);
  EXPECT_EQ(lines("SELECT count(*) FROM items"), Lines{"0"});
}

TEST_P(ItemsTest, AKeyThatIsOnlyPartOfTheTablesKeyIsAnError) {
  load({item(1, "a", null)});
  collector_ = collector_with(item_fields, "[id, name]");  // the collector's key was changed afterwards
  EXPECT_FAILS(Code::invalid_config, verify());
  collector_ = collector_with(item_fields, "[name]");
  EXPECT_FAILS(Code::invalid_config, verify());
}

TEST_P(ItemsTest, AViewCannotBeMergedInto) {
  execute("CREATE VIEW items AS SELECT 1 AS id, 'a' AS name, '1' AS price");
  EXPECT_FAILS(Code::invalid_config, verify());
}

TEST_P(ItemsTest, VerifyChangesNothing) {
  ASSERT_OK(verify());
  EXPECT_FALSE(has_table("items"));
  load({item(1, "a", null)});
  ASSERT_OK(verify());
  EXPECT_EQ(items(), Lines{"1|a|NULL"});
}

TEST_P(ItemsTest, NamesWithQuotesSpacesAndWords) {
  collector_ = collector_with(
      R"({'the "id"': a, 'select': b, "semi;colon -- x": c, "it's": d, 'naïve {pulse}': e, '$1': f})",
      R"(['the "id"', 'select'])", "", R"(a "quoted" table; DROP)");
  EXPECT_EQ(load({{"1", "2", "3", "4", "5", "6"}, {"1", "2", "3", "4", "5", "7"}}), (Staged{1, 0, 0, 1, 1}));
  EXPECT_EQ(load({{"1", "2", "3", "4", "5", "7"}}), (Staged{0, 0, 1, 1, 0}));
  EXPECT_EQ(load({{"1", "2", "3", "4", "x", "7"}}), (Staged{0, 1, 0, 1, 0}));
  EXPECT_EQ(
      lines(
          R"(SELECT "the ""id""", "select", "semi;colon -- x", "it's", "$1" FROM "a ""quoted"" table; DROP")"),
      Lines{"1|2|3|4|7"});
}

TEST_P(ItemsTest, StagingTablesEndWithTheirSession) {
  load({item(1, "a", null)});
  EXPECT_EQ(staging_tables(), Lines{});
  {
    Destination destination(collector_, "run9", *database_, *session_);
    ASSERT_OK(destination.verify({}));
    ASSERT_OK(destination.stage([]() -> std::optional<std::span<const Param>> { return std::nullopt; }, {}));
  }
  EXPECT_EQ(staging_tables(), Lines{"pulse_stage_run9"});  // the session lives on
}

TEST_P(ItemsTest, ACancelledLoadLeavesNothing) {
  std::stop_source stop;
  int given = 0;
  const Row row = item(1, "a", null);
  Destination destination(collector_, "run1", *database_, *session_);
  ASSERT_OK(destination.verify({}));
  EXPECT_FAILS(Code::cancelled, destination.stage(
                                    [&]() -> std::optional<std::span<const Param>> {
                                      if (++given == 3) stop.request_stop();
                                      return row;
                                    },
                                    stop.get_token()));
  EXPECT_EQ(given, 3);
  EXPECT_EQ(staging_tables(), Lines{});
}

// Random batches against a map: contents and counts agree after each.
class DestinationModelTest : public ItemsTest {
 protected:
  struct Cells {
    std::optional<std::string> name, price;
    // By the types' equality.
    std::pair<std::optional<std::string>, std::optional<std::string>> value() const {
      return {name, price ? std::optional(std::string(base::strip_trailing_zeros(*price))) : std::nullopt};
    }
  };
  using Batch = std::vector<std::pair<std::int64_t, Cells>>;

  template <std::size_t N>
  std::optional<std::string> pick(const std::array<const char*, N>& from) {
    const char* text = from[rng_.below(N)];
    return text == nullptr ? std::nullopt : std::optional<std::string>(text);
  }
  Batch random_batch() {
    static constexpr std::array names{static_cast<const char*>(nullptr), "", "a", "b", "A"};
    static constexpr std::array prices{
        static_cast<const char*>(nullptr), "1.1", "1.10", "1.100", "0", "0.00", "2"};
    Batch batch(rng_.below(25));
    for (auto& [key, cells] : batch) {
      key = rng_.between(-5, 30);
      cells = {pick(names), pick(prices)};
    }
    return batch;
  }
  Staged apply(const Batch& batch) {
    std::map<std::int64_t, Cells> last;
    for (const auto& [key, cells] : batch) last[key] = cells;
    Staged counts{0, 0, 0, static_cast<std::int64_t>(last.size()), 0};
    for (const auto& [key, cells] : batch) counts.conflicts += cells.value() != last[key].value();
    for (const auto& [key, cells] : last) {
      const auto found = model_.find(key);
      if (found == model_.end())
        ++counts.inserted;
      else if (found->second.value() != cells.value())
        ++counts.updated;
      else {
        ++counts.unchanged;
        continue;
      }
      model_[key] = cells;
    }
    return counts;
  }
  Lines model_lines() const {
    Lines expected;
    for (const auto& [key, cells] : model_)
      expected.push_back(
          fmt::format("{}|{}|{}", key, cells.name.value_or("NULL"), cells.price.value_or("NULL")));
    return expected;
  }

  base::Rng rng_{42};
  std::map<std::int64_t, Cells> model_;
};

TEST_P(DestinationModelTest, TwoHundredRandomBatches) {
  for (int round = 0; round < 200; ++round) {
    const Batch batch = random_batch();
    std::vector<std::vector<Row>> pages(1 + rng_.below(3));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto& [key, cells] = batch[i];
      pages[i * pages.size() / batch.size()].push_back(
          item(key, cells.name ? Param(*cells.name) : null, cells.price ? Param(*cells.price) : null));
    }
    const auto counts = load_pages(pages);
    ASSERT_OK(counts);
    ASSERT_EQ(*counts, apply(batch)) << "round " << round;
    ASSERT_EQ(items(), model_lines()) << "round " << round;
  }
}

ON_EVERY_ENGINE(ItemsTest);
ON_EVERY_ENGINE(DestinationModelTest);

}  // namespace
