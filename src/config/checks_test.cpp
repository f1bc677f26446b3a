#include "config/checks.hpp"

#include "config/reading_test.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

template <class Rule>
Rule rule(const std::string& text) {
  const auto list = good(checks(), text);
  EXPECT_EQ(list.size(), 1u);
  const Rule* found = list.empty() ? nullptr : std::get_if<Rule>(&list[0].rule);
  EXPECT_NE(found, nullptr) << text;
  return found == nullptr ? Rule{} : *found;
}

std::string fault(const std::string& text) { return faults_of(checks(), text); }

TEST(Checks, EveryWord) {
  const auto list =
      good(checks(),
           "- row_count: {must_be_greater_than: 0, level: warn}\n"
           "- freshness: {column: published_at, must_be_less_than: 30d}\n"
           "- no_future_dates: {columns: [published_at], tolerance: 2d}\n"
           "- duplicate: {columns: [external_id], must_be: 0}\n"
           "- missing: {column: title, must_be_less_than: 5%}\n"
           "- invalid: {column: score, valid_min: 0, valid_max: 10}\n"
           "- anomaly: {metric: row_count, training: 60d, seasonality: none, direction: down}\n");
  ASSERT_EQ(list.size(), 7u);
  const std::vector<std::string_view> words{"row_count", "freshness", "no_future_dates", "duplicate",
                                            "missing",   "invalid",   "anomaly"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_EQ(list[i].word(), words[i]);
    EXPECT_EQ(list[i].level, CheckLevel::warn);
    EXPECT_EQ(list[i].release, CheckRelease::manual);
  }
  EXPECT_EQ(std::get<Freshness>(list[1].rule).must_be_less_than, 30 * 24h);
  EXPECT_EQ(std::get<NoFutureDates>(list[2].rule).tolerance, 48h);
  EXPECT_EQ(std::get<Missing>(list[4].rule).columns, std::vector<std::string>{"title"});
  EXPECT_EQ(std::get<Anomaly>(list[6].rule).direction, Anomaly::Direction::down);
  EXPECT_TRUE(good(checks(), "[]").empty());
}

TEST(Checks, ColumnsAreNamedWithTheirPlace) {
  const auto named = columns_of(good(checks(),
                                     "- row_count: {must_be: 1}\n"
                                     "- freshness: {column: a, must_be_less_than: 1d}\n"
                                     "- missing: {columns: [b, c]}\n"
                                     "- anomaly: {}\n"
                                     "- anomaly: {metric: average, column: d}\n"));
  ASSERT_EQ(named.size(), 4u);
  EXPECT_EQ(named[0].column, "a");
  EXPECT_EQ(named[0].path, "checks[1].freshness.column");
  EXPECT_EQ(named[2].column, "c");
  EXPECT_EQ(named[2].path, "checks[2].missing.columns[1]");
  EXPECT_EQ(named[3].path, "checks[4].anomaly.column");
}

TEST(Checks, LevelAndReleaseBesideTheWordOrInside) {
  const auto list = good(checks(),
                         "- {duplicate: {columns: [a]}, level: fail}\n"
                         "- duplicate: {columns: [a], level: hold, release: second_fetch}\n"
                         "- {row_count: {must_be: 1, level: hold}, release: second_fetch}\n");
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].level, CheckLevel::fail);
  EXPECT_EQ(list[1].level, CheckLevel::hold);
  EXPECT_EQ(list[1].release, CheckRelease::second_fetch);
  EXPECT_EQ(list[2].release, CheckRelease::second_fetch);
  EXPECT_EQ(
      fault("- {row_count: {must_be: 1, level: hold}, level: warn}"),
      "f.yaml:1:35: [0].row_count.level: stands twice, beside the check and inside of it; remove one\n");
  EXPECT_EQ(fault("- {row_count: {must_be: 1}, release: second_fetch}"),
            "f.yaml:1:38: [0].release: only a held batch is released; set level: hold, or remove it\n");
}

TEST(Checks, OnlyValidityRulesMayFail) {  // CK1
  EXPECT_EQ(
      fault("- row_count: {must_be: 1, level: fail}"),
      "f.yaml:1:34: [0].row_count.level: row_count cannot fail a batch; allowed: warn, hold; fail is for "
      "duplicate, missing, invalid and no_future_dates\n");
  EXPECT_EQ(fault("- {level: fail, freshness: {column: a, must_be_less_than: 1d}}").substr(0, 41),
            "f.yaml:1:11: [0].level: freshness cannot ");
  EXPECT_NE(fault("- {level: fail, anomaly: {}}"), "");
  for (const char* word : {"no_future_dates: {columns: [a]}", "duplicate: {columns: [a]}",
                           "missing: {column: a}", "invalid: {column: a, valid_min: 1}"})
    EXPECT_EQ(fault(std::string("- {level: fail, ") + word + "}"), "") << word;
}

TEST(Checks, ExactlyOneWord) {
  EXPECT_EQ(fault("- {level: warn}"),
            "f.yaml:1:3: [0]: names no check; give exactly one of row_count, freshness, no_future_dates, "
            "duplicate, missing, invalid, anomaly\n");
  EXPECT_EQ(fault("- {anomaly: {}, row_count: {must_be: 1}}").substr(0, 41),
            "f.yaml:1:3: [0]: names several checks; gi");
  EXPECT_EQ(fault("- {duplicates: {columns: [a]}}"),
            "f.yaml:1:4: [0].duplicates: unknown key; did you mean \"duplicate\"?\n");
  EXPECT_EQ(fault("row_count: {must_be: 1}"),
            "f.yaml:1:1: is not a list; write [a, b] or one \"- item\" a line\n");
  std::string many;
  for (int i = 0; i < 201; ++i) many += "- {anomaly: {}}\n";
  EXPECT_NE(fault(many).find("has 201 checks; at most 200"), std::string::npos);
}

TEST(Checks, RowCount) {
  EXPECT_TRUE(rule<RowCount>("- row_count: {must_be_greater_than: 0}").allows(1));
  EXPECT_FALSE(rule<RowCount>("- row_count: {must_be_greater_than: 0}").allows(0));
  EXPECT_FALSE(rule<RowCount>("- row_count: {must_be_less_than: 5}").allows(5));
  EXPECT_TRUE(rule<RowCount>("- row_count: {must_be: 3}").allows(3));
  EXPECT_FALSE(rule<RowCount>("- row_count: {must_be: 3}").allows(4));
  const auto between = rule<RowCount>("- row_count: {must_be_between: [2, 4], table: jobs, where: a > 1}");
  EXPECT_FALSE(between.allows(1));
  EXPECT_TRUE(between.allows(2));
  EXPECT_TRUE(between.allows(4));
  EXPECT_FALSE(between.allows(5));
  EXPECT_EQ(between.table, "jobs");
  EXPECT_EQ(between.where, "a > 1");
  EXPECT_EQ(fault("- row_count: {table: jobs}").substr(0, 43), "f.yaml:1:14: [0].row_count: has no limit; g");
  EXPECT_NE(fault("- row_count: {must_be: 1, must_be_less_than: 2}").find("has several limits"),
            std::string::npos);
  EXPECT_EQ(fault("- row_count: {must_be_between: [4, 2]}"),
            "f.yaml:1:32: [0].row_count.must_be_between: ends before it begins; write [least, most], as in "
            "[10, 500]\n");
  EXPECT_NE(fault("- row_count: {must_be_between: [4]}"), "");
  EXPECT_NE(fault("- row_count: {must_be_less_than: 0}"), "");
  EXPECT_NE(fault("- row_count: {must_be: 1, where: ''}"), "");
}

TEST(Checks, BadRows) {
  const auto none = rule<Missing>("- missing: {column: a}");
  EXPECT_TRUE(none.allows(0, 10));
  EXPECT_FALSE(none.allows(1, 10));
  const auto percent = rule<Missing>("- missing: {column: a, must_be_less_than: 5%}");
  EXPECT_TRUE(percent.allows(4, 100));
  EXPECT_FALSE(percent.allows(5, 100));
  EXPECT_TRUE(percent.allows(0, 0));
  const auto count = rule<Duplicate>("- duplicate: {columns: [a, b], must_be_less_than: 3}");
  EXPECT_TRUE(count.allows(2, 2));
  EXPECT_FALSE(count.allows(3, 1000));
  EXPECT_TRUE(rule<Duplicate>("- duplicate: {columns: [a], must_be: 2}").allows(2, 9));
  EXPECT_NE(fault("- missing: {column: a, must_be: 0, must_be_less_than: 5%}").find("has both"),
            std::string::npos);
  EXPECT_EQ(fault("- missing: {column: a, must_be_less_than: 0%}"),
            "f.yaml:1:43: [0].missing.must_be_less_than: nothing is less than 0; write must_be: 0\n");
}

TEST(Checks, Columns) {
  EXPECT_EQ(fault("- missing: {}"),
            "f.yaml:1:12: [0].missing: names no column; give one of column, columns\n");
  EXPECT_NE(fault("- missing: {column: a, columns: [b]}").find("has both"), std::string::npos);
  EXPECT_EQ(fault("- duplicate: {columns: [a, b, a]}"),
            "f.yaml:1:31: [0].duplicate.columns: \"a\" stands twice; remove one\n");
  EXPECT_NE(fault("- duplicate: {columns: []}"), "");
  EXPECT_NE(fault("- freshness: {must_be_less_than: 1d}"), "");
  EXPECT_NE(fault("- freshness: {column: a}"), "");
}

TEST(Checks, Invalid) {
  const auto it = rule<Invalid>("- invalid: {column: a, valid_min: -1.50, valid_max: 1e3}");
  EXPECT_EQ(it.valid_min, "-1.50");
  EXPECT_EQ(it.valid_max, "1000");
  EXPECT_EQ(rule<Invalid>("- invalid: {column: a, valid_values: [x, 1]}").valid_values,
            (std::vector<std::string>{"x", "1"}));
  EXPECT_EQ(rule<Invalid>("- invalid: {column: a, valid_regex: '^CVE-[0-9]+'}").valid_regex, "^CVE-[0-9]+");
  EXPECT_EQ(
      fault("- invalid: {column: a}"),
      "f.yaml:1:12: [0].invalid: does not say what is valid; give at least one of valid_min, valid_max, "
      "valid_values, valid_regex\n");
  EXPECT_EQ(fault("- invalid: {column: a, valid_min: 10, valid_max: 9.5}"),
            "f.yaml:1:50: [0].invalid.valid_max: is less than valid_min; change one of them\n");
  EXPECT_EQ(fault("- invalid: {column: a, valid_min: ten}"),
            "f.yaml:1:35: [0].invalid.valid_min: \"ten\" is not a number; write a number: 0, -1.5, 1e6\n");
  EXPECT_EQ(fault("- invalid: {column: a, valid_regex: '[a'}").substr(0, 72),
            "f.yaml:1:37: [0].invalid.valid_regex: \"[a\" is not a regular expression: ");
  EXPECT_NE(fault("- invalid: {column: a, valid_values: []}"), "");
}

TEST(Checks, Anomaly) {
  const auto it = rule<Anomaly>("- anomaly: {}");
  EXPECT_EQ(it.metric, Anomaly::Metric::row_count);
  EXPECT_EQ(it.training, 60 * 24h);
  EXPECT_EQ(it.seasonality, Anomaly::Seasonality::day_of_week);
  EXPECT_EQ(it.direction, Anomaly::Direction::both);
  EXPECT_EQ(rule<Anomaly>("- anomaly: {metric: sum, column: a}").column, "a");
  EXPECT_EQ(fault("- anomaly: {metric: average}"),
            "f.yaml:1:12: [0].anomaly.column: is missing; this metric needs it\n");
  EXPECT_NE(fault("- anomaly: {column: a}").find("has no meaning"), std::string::npos);
  EXPECT_NE(fault("- anomaly: {training: 7d}").find("holds no two days"), std::string::npos);
  EXPECT_EQ(fault("- anomaly: {training: 7d, seasonality: none}"), "");
}

TEST(Checks, TheReferenceKnowsTheWords) {
  const auto type = checks();
  ASSERT_TRUE(type.info.keys);
  const std::string reference = write_reference(*type.info.keys);
  for (const char* key :
       {"`row_count.must_be_between`", "`missing.level`", "`anomaly.training`", "`release`"})
    EXPECT_NE(reference.find(key), std::string::npos) << key;
}

}  // namespace
}  // namespace config
