#include <gtest/gtest.h>

#include <algorithm>

#include "config/node.hpp"

namespace config {
namespace {

Node parse(std::string_view text) {
  Faults faults;
  auto node = parse_yaml(text, "f.yaml", faults);
  EXPECT_TRUE(faults.empty()) << faults.text();
  return node.value_or(Node{});
}

std::string faults_of(std::string_view text) {
  Faults faults;
  parse_yaml(text, "f.yaml", faults);
  return faults.text();
}

TEST(Yaml, KeepsPositionsInCharacters) {
  const Node node = parse("a: 1\nçé: {x: [p, \"q\"]}\n");
  EXPECT_EQ(node.find("a")->mark.line, 1);
  EXPECT_EQ(node.find("a")->mark.column, 4);
  const Node& list = *node.find("çé")->find("x");
  EXPECT_EQ(list.items[1].mark.line, 2);
  EXPECT_EQ(list.items[1].mark.column, 13);  // two letters of two bytes each stand before it
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_FALSE(list.items[0].quoted);
}

TEST(Yaml, RefusesDuplicateKeysWithBothPlaces) {
  EXPECT_EQ(faults_of("a: 1\nb: 2\na: 3\n"),
            "f.yaml:3:1: the key \"a\" stands twice; the first is in line 1; remove one\n");
  EXPECT_EQ(faults_of("r: {x: 1, x: 2}\n"),
            "f.yaml:1:11: the key \"x\" stands twice; the first is in line 1; remove one\n");
}

TEST(Yaml, SkipsAByteOrderMark) {
  const Node node = parse(
      "\xEF\xBB\xBF"
      "a: 1\n");
  ASSERT_NE(node.find("a"), nullptr);
  EXPECT_EQ(node.find("a")->mark.column, 4);
}

// By their number, not by the clock: a quadratic search would make these tests take minutes, not fail.
TEST(Yaml, RefusesMoreThanAConfigurationNeeds) {
  const auto keys = [](std::size_t count, const std::string& separator) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "k" + std::to_string(i) + ": 1" + separator;
    return text;
  };
  EXPECT_EQ(parse(keys(max_nodes / 2 - 1, "\n")).entries.size(), max_nodes / 2 - 1);
  EXPECT_EQ(
      faults_of(keys(90'000, "\n")),
      "f.yaml:10001:1: here are more than 20000 keys and values; a configuration is never that large; is "
      "this the right file?\n");
  EXPECT_NE(faults_of("{" + keys(90'000, ", ") + "}").find("more than 20000"), std::string::npos);
  std::string nested;  // each anchor keeps a copy of all below it
  for (int i = 0; i < 300; ++i) nested += "[&a" + std::to_string(i) + " ";
  nested += "[";
  for (int i = 0; i < 10'000; ++i) nested += "x, ";
  EXPECT_NE(faults_of(nested + "]" + std::string(300, ']')).find("more than 20000"), std::string::npos);
}

TEST(Faults, OfOneFileAHundredAreShown) {
  std::string text;
  for (int i = 0; i < 153; ++i) text += "a: 1\n";
  Faults faults;
  parse_yaml(text, "f.yaml", faults);
  parse_yaml("b: 1\nb: 1\n", "g.yaml", faults);
  EXPECT_EQ(faults.sorted().size(), 153u);
  const std::string shown = faults.text();
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 102);
  EXPECT_NE(shown.find("f.yaml:101:1: the key"), std::string::npos);
  EXPECT_NE(shown.find("\nf.yaml:102:1: … and 52 more\ng.yaml:2:1: the key"), std::string::npos) << shown;
}

TEST(Yaml, RefusesWhatIsNoSingleDocument) {
  EXPECT_EQ(faults_of("a: 1\n---\nb: 2\n").rfind("f.yaml:3:1: a second document", 0), 0u);
  EXPECT_EQ(faults_of("a: [1\nb: 2\n").rfind("f.yaml:2:", 0), 0u);
  EXPECT_EQ(faults_of("a: !ruby/object x\n").rfind("f.yaml:1:4: the tag", 0), 0u);
  EXPECT_NE(faults_of("a:\tb: c\n"), "");
}

TEST(Yaml, AliasesAreCopiedAndBounded) {
  const Node node = parse("a: &x {k: v}\nb: *x\n");
  EXPECT_EQ(node.find("b")->find("k")->text, "v");
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += (k == 0 ? "*a" : ", *a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_NE(faults_of(bomb).find("more than 20000"), std::string::npos);
  EXPECT_NE(faults_of("a: &a [*a]\n").find("an alias inside of what it names"), std::string::npos);
}

TEST(Yaml, SurvivesAnything) {
  EXPECT_EQ(parse("").kind, Node::Kind::null);
  EXPECT_NE(faults_of(std::string(max_file_size + 1, 'a')), "");
  EXPECT_NE(faults_of(std::string(100'000, '[')), "");
  const std::string text = "name: x\nlist: [a, {b: 'c'}]\ntext: |\n  line\n\"q\": ${A}\n";
  for (std::size_t i = 0; i < text.size(); ++i) {
    faults_of(text.substr(0, i));
    for (const char c : {'\0', '\t', '{', ']', '&', '*', '!', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      faults_of(changed);
    }
  }
}

TEST(Environment, ReplacesInScalarsOnlyOnceAndAfterParsing) {
  Node node = parse("a: ${A}\nb: \"x ${B} y\"\nc: $${A} costs 5$\nd: ${MISSING}\n");
  Faults faults;
  const Environment environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "A") return "{k: [1, 2]} ${B}";
    if (name == "B") return "b";
    return std::nullopt;
  };
  expand_environment(node, environment, "f.yaml", faults);
  expand_environment(node, environment, "f.yaml", faults);  // settings and collectors both do it
  EXPECT_EQ(node.find("a")->text, "{k: [1, 2]} ${B}");  // structure and variables in a value are only text
  EXPECT_EQ(node.find("a")->kind, Node::Kind::scalar);
  EXPECT_TRUE(node.find("a")->from_environment);
  EXPECT_EQ(node.find("b")->text, "x b y");
  EXPECT_EQ(node.find("c")->text, "${A} costs 5$");
  EXPECT_FALSE(node.find("c")->from_environment);
  EXPECT_EQ(node.find("d")->missing, "MISSING");
  EXPECT_TRUE(has_missing(node));
  EXPECT_TRUE(faults.empty());
}

TEST(Environment, RefusesWhatIsNoVariable) {
  for (const char* text : {"a: ${\n", "a: \"${}\"\n", "a: \"${1A}\"\n", "a: \"${A B}\"\n"}) {
    Node node = parse(text);
    Faults faults;
    expand_environment(
        node, [](std::string_view) { return std::nullopt; }, "f.yaml", faults);
    EXPECT_EQ(faults.size(), 1u) << text;
  }
}

TEST(SetPath, CreatesReplacesAndRefuses) {
  Node root = parse("r: {a: 1}\nlist: [x]\n");
  Faults faults;
  const auto set = [&](const char* text) {
    const auto override = parse_override(text, faults);
    if (override) set_path(root, override->path, override->value, "f.yaml", faults);
  };
  set("r.a=2");
  set("r.b.c=[1, 2]");
  set("list[0]=y");
  set("list[1]=z");
  EXPECT_TRUE(faults.empty()) << faults.text();
  EXPECT_EQ(root.find("r")->find("a")->text, "2");
  EXPECT_EQ(root.find("r")->find("b")->find("c")->items.size(), 2u);
  EXPECT_EQ(root.find("list")->items[0].text + root.find("list")->items[1].text, "yz");
  EXPECT_EQ(root.find("r")->find("a")->mark.origin, "--set r.a");
  for (const char* wrong :
       {"", "=1", "a..b=1", "a[x]=1", "list[7]=1", "r.a.deeper=1", "r[0]=1", "a={", "nothing"}) {
    const std::size_t before = faults.size();
    set(wrong);
    EXPECT_EQ(faults.size(), before + 1) << wrong;
  }
}

TEST(Nearest, FindsThePlaceOrItsAncestor) {
  const Node root = parse("r:\n  a: 1\nlist: [x]\n");
  EXPECT_EQ(root.nearest("r.a").mark.line, 2);
  EXPECT_EQ(root.nearest("r.missing.deeper").mark.line, 2);  // r's map begins there
  EXPECT_EQ(root.nearest("list[0]").mark.column, 8);
}

}  // namespace
}  // namespace config
