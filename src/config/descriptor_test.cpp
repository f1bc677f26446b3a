#include "config/descriptor.hpp"

#include <gtest/gtest.h>

#include "config/types.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

struct Sample {
  base::Duration wait{};
  std::int64_t count = 0;
};

template <class T>
std::string faults_of(const Table<T>& table, std::string_view text) {
  Faults faults;
  const auto node = parse_yaml(text, "f.yaml", faults);
  Context context("f.yaml", faults);
  if (node) table.read(*node, context);
  return faults.text();
}

// The promise of the table: one more row is at once read, judged, suggested and documented.
TEST(Table, ASecondKeyAppearsEverywhereByItself) {
  Table<Sample> table;
  table.key("wait", &Sample::wait, duration(1s, 1h), defaults("2s"), "How long.");
  EXPECT_EQ(faults_of(table, "cuont: 3"), "f.yaml:1:1: cuont: unknown key; allowed: wait\n");
  EXPECT_EQ(write_reference(table.keys()).find("count"), std::string::npos);

  table.key("count", &Sample::count, integer(1, 9), required(), "How often.");
  EXPECT_EQ(faults_of(table, "cuont: 3"),
            "f.yaml:1:1: count: is missing; write a whole number from 1 to 9\n"
            "f.yaml:1:1: cuont: unknown key; did you mean \"count\"?\n");
  EXPECT_EQ(faults_of(table, "count: 10"),
            "f.yaml:1:8: count: \"10\" is not such a number; write a whole number from 1 to 9\n");
  EXPECT_NE(write_reference(table.keys()).find("| `count` | integer | required | How often. |"),
            std::string::npos);

  Faults faults;
  Context context("f.yaml", faults);
  const auto sample = table.read(*parse_yaml("count: 7", "f.yaml", faults), context);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->count, 7);
  EXPECT_EQ(sample->wait, 2s);  // the default that the reference prints
}

struct Outer {
  std::vector<std::pair<std::string, Sample>> samples;
};

TEST(Table, NestedKeysAreNamedByTheirPath) {
  Table<Sample> inner;
  inner.key("count", &Sample::count, integer(1, 9), required(), "How often.");
  Table<Outer> table;
  table.key("samples", &Outer::samples, map_of(nested(inner), "<sample>"), required(), "All of them.");
  EXPECT_EQ(faults_of(table, "samples:\n  a: {count: x}\n  b: {}\n"),
            "f.yaml:2:14: samples.a.count: \"x\" is not such a number; write a whole number from 1 to 9\n"
            "f.yaml:3:6: samples.b.count: is missing; write a whole number from 1 to 9\n");
  EXPECT_NE(write_reference(table.keys()).find("`samples.<sample>.count`"), std::string::npos);
}

TEST(Table, RulesRunOnlyOnSoundMaps) {
  int runs = 0;
  Table<Sample> table;
  table.key("count", &Sample::count, integer(1, 9), required(), "How often.");
  table.rule([&](const Sample&, const Node&, Context&) { ++runs; });
  faults_of(table, "count: x");
  EXPECT_EQ(runs, 0);
  faults_of(table, "count: 1");
  EXPECT_EQ(runs, 1);
}

template <class V>
std::optional<V> read(const Type<V>& type, std::string_view text, Faults& faults) {
  const auto node = parse_yaml(text, "f.yaml", faults);
  Context context("f.yaml", faults);
  return type.read(*node, context);
}

template <class V>
bool accepts(const Type<V>& type, std::string_view text) {
  Faults faults;
  const bool accepted = read(type, text, faults).has_value();
  EXPECT_EQ(accepted, faults.empty()) << text;
  return accepted;
}

TEST(Types, AcceptAndRefuse) {
  for (const char* good : {"a", "a-b", "0x"}) EXPECT_TRUE(accepts(name(), good)) << good;
  for (const char* bad : {"A", "-a", "a_b", "\"\"", "a b", "[a]", "{a: b}"})
    EXPECT_FALSE(accepts(name(), bad)) << bad;
  EXPECT_FALSE(accepts(name(), std::string(64, 'a')));
  for (const char* good :
       {"https://a", "http://a:1/b?c", "https://u:p@a/", "https://[::1]", "https://u:p@[2001:db8::1]:8080/x",
        "https://a:65535", "https://a/x:y@[z", "https://a?[b]=c"})
    EXPECT_TRUE(accepts(url(), good)) << good;
  for (const char* bad : {"a",
                          "ftp://a",
                          "https://",
                          "https:///x",
                          "https://u:p@/",
                          "\"https://a b\"",
                          "https://[::1",
                          "https://::1]",
                          "https://[]",
                          "https://[::1]x",
                          "https://a]b",
                          "https://a:0",
                          "https://a:65536",
                          "https://a:",
                          "https://a:http",
                          "https://a:-1",
                          "https://a:80:80",
                          "https://[::1]:0",
                          "https://a\\b",
                          "\"https://a/\\x01\"",
                          "\"https://a/\\x7f\"",
                          "\"https://a/\\0\""})
    EXPECT_FALSE(accepts(url(), bad)) << bad;
  EXPECT_TRUE(accepts(boolean(), "true"));
  for (const char* bad : {"\"true\"", "yes", "1", "True"}) EXPECT_FALSE(accepts(boolean(), bad)) << bad;
  for (const char* bad : {"0s", "2h", "-1s", "1.5s", "s", "1 s", "18446744134s", "584y", "9223372037s"})
    EXPECT_FALSE(accepts(duration(1s, 1h), bad)) << bad;
  EXPECT_TRUE(accepts(size(1, 1000), "1kB"));
  EXPECT_FALSE(accepts(size(1, 1000), "1KiB"));
  for (const char* bad : {"1.5", "x", "9223372036854775808", ""})
    EXPECT_FALSE(accepts(integer(0, 100), bad)) << bad;
  for (const char* good : {"1%", "0.5%", "0", "100%", "17"}) EXPECT_TRUE(accepts(share(), good)) << good;
  for (const char* bad : {"101%", "-1%", "nan%", "-1", "1.5", "%"})
    EXPECT_FALSE(accepts(share(), bad)) << bad;
}

TEST(Types, ShareIsExceededExactly) {
  const auto exceeded = [](std::string_view text, std::int64_t bad, std::int64_t all) {
    Faults faults;
    return read(share(), text, faults)->exceeded(bad, all);
  };
  EXPECT_FALSE(exceeded("1%", 14, 1404));
  EXPECT_TRUE(exceeded("1%", 15, 1404));
  EXPECT_FALSE(exceeded("1%", 1, 100));
  EXPECT_TRUE(exceeded("0%", 1, 1404));
  EXPECT_FALSE(exceeded("3", 3, 5));
  EXPECT_TRUE(exceeded("3", 4, 5));
}

TEST(Types, FaultsNeverShowWhatCameFromTheEnvironment) {
  Faults faults;
  Node node(Node::Kind::scalar, Mark{1, 1, {}}, "hunter2-is-secret");
  node.from_environment = true;
  Context context("f.yaml", faults);
  boolean().read(node, context);
  duration(1s, 1h).read(node, context);
  url().read(node, context);
  name().read(Node(Node::Kind::scalar, Mark{1, 1, {}}, "https://u:hunter2@h/"), context);
  EXPECT_EQ(faults.size(), 4u);
  EXPECT_EQ(faults.text().find("hunter2"), std::string::npos) << faults.text();
}

TEST(Types, PathFaultsPointIntoThePath) {
  Faults faults;
  read(expression(), "a: {}", faults);
  EXPECT_FALSE(faults.empty());
  Faults more;
  const auto node = parse_yaml("p: a.b[?x.c\nq: \"a.b!\"\n", "f.yaml", more);
  Context context("f.yaml", more);
  expression().read(*node->find("p"), context);
  expression().read(*node->find("q"), context);
  const auto list = more.sorted();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].mark.column, 12);
  EXPECT_EQ(list[1].mark.column, 8);
}

}  // namespace
}  // namespace config
