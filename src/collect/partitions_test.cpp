#include "collect/partitions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "collect/fixture_test.hpp"

namespace {

using namespace collect;
using collect::testing::document_of;
using decode::Value;

const char* const parent = "parent: {requester: {url_base: 'https://api.example'}}";

config::PartitionRouter router_from(const std::string& yaml) {
  return *collect::testing::collector_with("{id: id}", "[id]", "partition_router: {" + yaml + "}\n")
              .partition_router;
}

// What a table or parent gives: the items of a JSON array, which are gone after planning.
PartitionSources sources_of(decode::Document& document) {
  const auto source = [&](const config::PartitionRouter&) -> base::Result<std::vector<Value>> {
    const auto items = document.root.items();
    return std::vector<Value>(items.begin(), items.end());
  };
  return {source, source};
}

std::string text_of(const base::Result<std::vector<Partition>>& plan) {
  if (!plan) return "error: " + plan.error().message;
  std::string text;
  for (const Partition& it : *plan) {
    text += (text.empty() ? "" : " | ") + it.key + " →";
    for (const auto& [as, value] : it.values) text += fmt::format(" {} {}", as, decode::to_json(value));
  }
  return text;
}

std::string plan(const std::string& yaml, const std::string& json = "[]") {
  base::Result<std::vector<Partition>> partitions;
  const config::PartitionRouter router = router_from(yaml);
  {
    decode::Document document = document_of(json);
    partitions = plan_partitions(&router, sources_of(document));
  }
  return text_of(partitions);
}

TEST(Partitions, WithoutARouterThereIsOne) {
  const auto partitions = plan_partitions(nullptr, {});
  ASSERT_TRUE(partitions);
  ASSERT_EQ(partitions->size(), 1U);
  EXPECT_EQ((*partitions)[0].key, "");
  EXPECT_TRUE((*partitions)[0].values.empty());
}

TEST(Partitions, Plans) {
  const struct {
    std::string yaml, json, result;
  } cases[] = {
      {"type: list, values: [BR, 5, '6', true], as: c", "[]",
       R"(c=BR → c "BR" | c=5 → c 5 | c=6 → c "6" | c=true → c true)"},
      {"type: list, values: [{name: Brazil, code: BR}], as: c", "[]",
       R"(c={"code":"BR","name":"Brazil"} → c {"name":"Brazil","code":"BR"})"},
      {"type: list, values: ['a,b=c', '50%', '{x', 'a{', 'São', \"\\n\", ''], as: v", "[]",
       R"(v=a%2Cb%3Dc → v "a,b=c" | v=50%25 → v "50%" | v=%7Bx → v "{x" | v=a{ → v "a{" | v=São → v "São")"
       R"( | v=%0A → v "\n" | v= → v "")"},
      {"type: product, of: [{type: list, values: [a, b], as: x}, {type: list, values: [1, 2], as: y}]", "[]",
       R"(x=a,y=1 → x "a" y 1 | x=a,y=2 → x "a" y 2 | x=b,y=1 → x "b" y 1 | x=b,y=2 → x "b" y 2)"},
      {"type: product, of: [{type: list, values: [1, 2], as: z}, {type: product, of: [{type: list, values: "
       "[3], as: a}, "
       "{type: list, values: [4, 5], as: b}]}]",
       "[]",
       "z=1,a=3,b=4 → a 3 b 4 z 1 | z=1,a=3,b=5 → a 3 b 5 z 1 | z=2,a=3,b=4 → a 3 b 4 z 2 | z=2,a=3,b=5 → a "
       "3 b 5 z 2"},
      {"type: product, of: [{type: table, query: SELECT 1, as: t}, {type: list, values: [a], as: x}]", "[]",
       ""},
      {"type: chunk, values: [a, '', 3, true, 'e'], size: 2, as: ids", "[]",
       R"(ids=a%2C → ids "a," | ids=3%2Ctrue → ids "3,true" | ids=e → ids "e")"},
      {"type: chunk, values: [a, b], size: 2, join: ';', as: ids", "[]", R"(ids=a;b → ids "a;b")"},
      {"type: table, query: SELECT code, as: t", R"(["BR", 7, {"a": 1, "b": null}, null])",
       R"(t=BR → t "BR" | t=7 → t 7 | t={"a":1,"b":null} → t {"a":1,"b":null})"},
      {std::string("type: substream, as: r, path: id, ") + parent,
       R"([{"id": 3}, {"id": null}, {}, {"id": 3}, {"id": 1}])", "r=3 → r 3 | r=1 → r 1"},
      {std::string("type: substream, as: r, ") + parent, R"([{"b": [2], "a": {"z": 1, "y": 2}}])",
       R"(r={"a":{"y":2,"z":1},"b":[2]} → r {"b":[2],"a":{"z":1,"y":2}})"},
      {std::string("type: substream, as: r, path: '{i: id}', ") + parent, R"([{"id": "x", "n": 1}])",
       R"(r={"i":"x"} → r {"i":"x"})"},
  };
  for (const auto& it : cases) EXPECT_EQ(plan(it.yaml, it.json), it.result) << it.yaml;
}

TEST(Partitions, Faults) {
  const struct {
    std::string yaml, json, error;
  } cases[] = {
      {"type: list, values: [a, b, a], as: c", "[]",
       "partition_router: the partition c=a comes twice; each value may stand once in partition_router"},
      {"type: list, values: [1, '1'], as: c", "[]",
       "partition_router: the partition c=1 comes twice; each value may stand once in partition_router"},
      {"type: table, query: SELECT code, as: t", R"(["a", "a"])",
       "partition_router: the partition t=a comes twice; write SELECT DISTINCT in its query"},
      {"type: table, query: SELECT code, as: t", "[null, null]",
       "partition_router: t is null in all 2 rows of the table"},
      {std::string("type: substream, as: r, path: idd, ") + parent, R"([{"id": 3}])",
       "partition_router: r is null in all 1 records of the substream"},
      {std::string("type: substream, as: r, path: abs(id), ") + parent, R"([{"id": "x"}])",
       "partition_router.path: abs(id): invalid-type: abs() takes a number as argument 1, not a string"},
      {std::string("type: substream, as: r, path: id, ") + parent, R"([{"id": 1, "x": NaN}, {"id": NaN}])",
       "partition_router: a value of r cannot be read: NaN is not JSON"},
      {"type: product, of: [{type: list, values: [a], as: x}, {type: list, values: [b], as: x}]", "[]",
       "partition_router: two parts have the name x; change an `as`"},
  };
  for (const auto& it : cases) EXPECT_EQ(plan(it.yaml, it.json), "error: " + it.error) << it.yaml;
}

TEST(Partitions, ErrorsOfSourcesPassThrough) {
  const config::PartitionRouter router = router_from("type: table, query: SELECT 1, as: t");
  const auto failing = plan_partitions(&router, {.rows = [](auto&) -> base::Result<std::vector<Value>> {
    return base::error(base::Code::unavailable, "no database");
  }});
  ASSERT_FALSE(failing);
  EXPECT_EQ(failing.error().code, base::Code::unavailable);
  EXPECT_EQ(failing.error().message, "partition_router.t: no database");
  EXPECT_FALSE(plan_partitions(&router, {}));
}

TEST(Partitions, AreBounded) {
  const config::PartitionRouter table = router_from("type: table, query: SELECT 1, as: t");
  const auto of = [](std::size_t count) {
    return PartitionSources{.rows = [count](auto&) -> base::Result<std::vector<Value>> {
      static std::vector<std::string> texts;
      texts.clear();
      for (std::size_t i = 0; i < count; ++i) texts.push_back(std::to_string(i));
      std::vector<Value> values;
      for (const std::string& text : texts) values.push_back(Value::number(text));
      return values;
    }};
  };
  const auto most = plan_partitions(&table, of(max_partitions));
  ASSERT_TRUE(most);
  EXPECT_EQ(most->back().key, "t=99999");
  EXPECT_FALSE(plan_partitions(&table, of(max_partitions + 1)));

  const config::PartitionRouter product = router_from(
      "type: product, of: [{type: table, query: SELECT 1, as: a}, {type: table, query: SELECT 1, as: b}]");
  EXPECT_TRUE(plan_partitions(&product, of(100)));
  const auto refused = plan_partitions(&product, of(317));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("more than 100000 partitions"), std::string::npos);

  const std::string large(max_partition_bytes + 1, 'x');
  const auto heavy = plan_partitions(&table, {.rows = [&](auto&) -> base::Result<std::vector<Value>> {
    return std::vector<Value>{Value::string(large)};
  }});
  ASSERT_FALSE(heavy);
  EXPECT_NE(heavy.error().message.find("have more than 64 MiB"), std::string::npos);
}

TEST(Partitions, LongKeysEndInAFingerprint) {
  std::string values;
  for (int i = 0; i < 200; ++i) values += fmt::format("ç{}, ", i);
  const config::PartitionRouter router =
      router_from("type: chunk, size: 150, as: ids, values: [" + values + "z]");
  const auto partitions = plan_partitions(&router, {});
  ASSERT_TRUE(partitions);
  ASSERT_EQ(partitions->size(), 2U);
  for (const Partition& it : *partitions) {
    EXPECT_LE(it.key.size(), max_partition_key_bytes);
    EXPECT_GT(it.key.size(), 200U);
    EXPECT_EQ(it.key[it.key.size() - 33], '#');
  }
  EXPECT_NE((*partitions)[0].key, (*partitions)[1].key);
  EXPECT_EQ((*partitions)[0].key, (*plan_partitions(&router, {}))[0].key);
}

}  // namespace
