// The language, category by category, as jmespath.org/specification.html describes it. Functions:
// jmespath_functions_test.cpp; faults and bounds: jmespath_faults_test.cpp. A second opinion:
// tests/functional/jmespath_oracle_test.py.
#include "expr/jmespath.hpp"

#include <thread>
#include <vector>

#include "expr/jmespath_fixture_test.hpp"

namespace expr {
namespace {

TEST(JmespathBasic, MembersOfMembers) {
  expect_results(R"({"ship": {"name": "Fram", "hold": {"coal": 7}}, "nothing": null})",
                 {{"ship.name", R"("Fram")"},
                  {"ship.hold", R"({"coal":7})"},
                  {"ship.hold.coal", "7"},
                  {"ship . hold\n.\tcoal", "7"},
                  {"ship.\"hold\".coal", "7"},
                  {"ship.sail", "null"},
                  {"ship.sail.colour", "null"},
                  {"ship.name.length", "null"},
                  {"nothing", "null"},
                  {"nothing.at.all", "null"}});
  expect_results("[1]", {{"ship", "null"}});
  expect_results("null", {{"ship", "null"}});
}

TEST(JmespathCurrent, IsTheNodeAtHand) {
  expect_results(R"({"a": [{"b": 1}, {"b": 2}]})", {{"@", R"({"a":[{"b":1},{"b":2}]})"},
                                                    {"@.a[0]", R"({"b":1})"},
                                                    {"a[*].[@.b, length(@)]", "[[1,1],[2,1]]"},
                                                    {"a[?@.b == `2`]", R"([{"b":2}])"},
                                                    {"a | @[1].b", "2"}});
  expect_results("[3]", {{"@[0]", "3"}});
}

TEST(JmespathIdentifiers, PlainOrQuoted) {
  expect_results(R"({"_x9": 1, "Ab": 2, "9a": 3, "a-b": 4, "": 5, "true": 6, "null": 7})", {{"_x9", "1"},
                                                                                            {"Ab", "2"},
                                                                                            {"\"9a\"", "3"},
                                                                                            {"\"a-b\"", "4"},
                                                                                            {"\"\"", "5"},
                                                                                            {"true", "6"},
                                                                                            {"null", "7"}});
}

TEST(JmespathEscape, QuotedNamesFollowJson) {
  expect_results(
      R"({"a.b": 1, "with space": 2, "line\nbreak": 3, "q\"q": 4, "back\\slash": 5, "/s": 6, "tab\t": 7})",
      {{R"("a.b")", "1"},
       {R"("with space")", "2"},
       {R"("line\nbreak")", "3"},
       {R"("line\u000abreak")", "3"},
       {R"("q\"q")", "4"},
       {R"("back\\slash")", "5"},
       {R"("\/s")", "6"},
       {R"("/s")", "6"},
       {R"("tab\t")", "7"}});
}

TEST(JmespathUnicode, NamesAndTexts) {
  expect_results(R"({"✓": 1, "ключ": {"ß": "é"}, "😀": [1]})", {{R"("✓")", "1"},
                                                               {R"("\u2713")", "1"},
                                                               {R"("ключ"."ß")", R"("é")"},
                                                               {R"("\ud83d\ude00"[0])", "1"},
                                                               {R"('✓')", R"("✓")"},
                                                               {R"(`"\u00e9"` == "ключ"."ß")", "true"},
                                                               {R"(length('😀é'))", "2"}});
}

TEST(JmespathIndices, FromBothEnds) {
  expect_results(R"({"a": ["zero", "one", "two"], "deep": [[1, 2], [3, 4]], "o": {"0": 1}, "s": "text"})",
                 {{"a[0]", R"("zero")"},
                  {"a[2]", R"("two")"},
                  {"a[3]", "null"},
                  {"a[-1]", R"("two")"},
                  {"a[-3]", R"("zero")"},
                  {"a[-4]", "null"},
                  {"a[007]", "null"},
                  {"a[9223372036854775807]", "null"},
                  {"a[-9223372036854775808]", "null"},
                  {"deep[1][0]", "3"},
                  {"deep[0][5]", "null"},
                  {"o[0]", "null"},
                  {"s[0]", "null"},
                  {"missing[0]", "null"}});
  expect_results(R"([["x"]])", {{"[0]", R"(["x"])"}, {"[0][0]", R"("x")"}, {"[0].[[0]]", R"(["x"])"}});
}

TEST(JmespathSlice, AsPythonSlices) {
  expect_results("[0, 1, 2, 3]", {{"[0:4:1]", "[0,1,2,3]"},
                                  {"[0:3]", "[0,1,2]"},
                                  {"[:2]", "[0,1]"},
                                  {"[2:]", "[2,3]"},
                                  {"[:]", "[0,1,2,3]"},
                                  {"[::]", "[0,1,2,3]"},
                                  {"[::2]", "[0,2]"},
                                  {"[1::2]", "[1,3]"},
                                  {"[::-1]", "[3,2,1,0]"},
                                  {"[::-2]", "[3,1]"},
                                  {"[-2:]", "[2,3]"},
                                  {"[:-3]", "[0]"},
                                  {"[2:0:-1]", "[2,1]"},
                                  {"[-1:-3:-1]", "[3,2]"},
                                  {"[10:]", "[]"},
                                  {"[-10:2]", "[0,1]"},
                                  {"[3:1]", "[]"},
                                  {"[1:3:-1]", "[]"},
                                  {"[10:-10:-3]", "[3,0]"},
                                  {"[::9223372036854775807]", "[0]"},
                                  {"[::-9223372036854775808]", "[3]"},
                                  {"[-9223372036854775808:9223372036854775807]", "[0,1,2,3]"}});
  expect_results(R"({"a": [{"b": 1}, {"b": 2}, {"c": 3}], "s": "text"})", {{"a[:2].b", "[1,2]"},
                                                                           {"a[1:].b", "[2]"},
                                                                           {"a[:1].b | [0]", "1"},
                                                                           {"s[0:1]", "null"},
                                                                           {"x[:]", "null"}});
}

TEST(JmespathFlatten, MergesOneLevelAndProjects) {
  expect_results(
      R"({"a": [1, [2, [3]], [], null, {"b": [4]}], "r": [{"i": [{"n": 1}, {"n": 2}]}, {"i": [{"n": 3}]}, {"x": 0}],
                     "o": {"k": [1]}})",
      {{"a[]", R"([1,2,[3],{"b":[4]}])"},
       {"a[][]", R"([1,2,3,{"b":[4]}])"},
       {"a[].b", "[[4]]"},
       {"a[].b[]", "[4]"},
       {"r[].i[].n", "[1,2,3]"},
       {"r[*].i[].n", "[1,2,3]"},
       {"r[].i[0].n", "[1,3]"},
       {"o[]", "null"},
       {"missing[]", "null"},
       {"o.k[]", "[1]"}});
  expect_results("[[1, [2]], 3]", {{"[]", "[1,[2],3]"}, {"@[]", "[1,[2],3]"}, {"[][]", "[1,2,3]"}});
}

TEST(JmespathWildcard, ProjectsWhatFollows) {
  expect_results(R"({"a": [{"b": {"c": 1}}, {"b": {"c": 2}}, {"b": null}, 5],
                     "h": {"x": {"v": {"w": 1}}, "y": {"v": {"w": 2}}, "z": 3}, "l": [[1, 2], [3], 4]})",
                 {{"a[*].b.c", "[1,2]"},
                  {"a[*].b", R"([{"c":1},{"c":2}])"},
                  {"a[*]", R"([{"b":{"c":1}},{"b":{"c":2}},{"b":null},5])"},
                  {"h.*", R"([{"v":{"w":1}},{"v":{"w":2}},3])"},
                  {"h.*.v", R"([{"w":1},{"w":2}])"},
                  {"h.*.v.w", "[1,2]"},
                  {"h.*.v.w | [1]", "2"},
                  {"h.*.*", R"([[{"w":1}],[{"w":2}]])"},
                  {"h.*.*.w", "[[1],[2]]"},
                  {"*.x.v.w", "[1]"},
                  {"l[*][0]", "[1,3]"},
                  {"l[*][*]", "[[1,2],[3]]"},
                  {"l[*] | [0]", "[1,2]"},
                  {"(l[*])[0]", "[1,2]"},
                  {"a.*", "null"},
                  {"h[*]", "null"},
                  {"missing[*].b", "null"},
                  {"missing.*.b", "null"},
                  {"a[*].nothing", "[]"},
                  {"a[*].b.[c]", "[[1],[2]]"},
                  {"a[*].b.{d: c}", R"([{"d":1},{"d":2}])"}});
  expect_results("[1, null, 2]", {{"[*]", "[1,2]"}, {"*", "null"}});
}

TEST(JmespathMultiselect, ListsAndHashes) {
  expect_results(R"({"a": 1, "b": {"c": [2, 3]}, "n": null})",
                 {{"[a, b.c[0]]", "[1,2]"},
                  {"[a]", "[1]"},
                  {"[a, missing]", "[1,null]"},
                  {"b.[c[0], c[1]]", "[2,3]"},
                  {"{x: a, \"y z\": b.c}", R"({"x":1,"y z":[2,3]})"},
                  {"b.{first: c[0], none: missing}", R"({"first":2,"none":null})"},
                  {"{x: a, x: b.c[0]}", R"({"x":2})"},
                  {"[[a], {k: [a]}]", R"([[1],{"k":[1]}])"},
                  {"{x: a}.x", "1"},
                  {"[a, `5`][1]", "5"},
                  {"[a || missing, a && n]", "[1,null]"},
                  {"[*]", "null"},
                  {"[b.*, a]", "[[[2,3]],1]"},
                  {"b.[*]", "[[[2,3]]]"},
                  {"n.[a]", "null"},
                  {"missing.{x: a}", "null"}});
}

TEST(JmespathLiteral, JsonAndRawStrings) {
  expect_results(R"({"a": 1})", {{"`\"foo\"`", R"("foo")"},
                                 {R"(`"foo\`bar"`)", R"("foo`bar")"},
                                 {R"(`"a\\b\"c\u0041"`)", R"("a\\b\"cA")"},
                                 {"`[1, {\"k\": null}]`", R"([1,{"k":null}])"},
                                 {"` true `", "true"},
                                 {"`1.10`", "1.10"},
                                 {"`-1e3`", "-1e3"},
                                 {"`{\"a\": \"b\"}`.a", R"("b")"},
                                 {"`[1, 2]`[1]", "2"},
                                 {"`[1, 2]`[*]", "[1,2]"},
                                 {"{first: a, kind: `\"k\"`}", R"({"first":1,"kind":"k"})"},
                                 {"'foo'", R"("foo")"},
                                 {"' foo '", R"(" foo ")"},
                                 {"''", R"("")"},
                                 {"'[baz]'", R"("[baz]")"},
                                 {R"('\u03a6\n')", R"("\\u03a6\\n")"},
                                 {R"('it\'s')", R"("it's")"},
                                 {R"('\\')", R"("\\")"},
                                 {R"('\\d\d')", R"("\\d\\d")"},
                                 {"'two\nlines'", R"("two\nlines")"},
                                 {"'`'", R"("`")"},
                                 {"'a' == `\"a\"`", "true"}});
}

TEST(JmespathPipe, EndsProjections) {
  expect_results(R"({"a": [{"b": ["x1", "y1"]}, {"b": ["x2", "y2"]}], "h": {"k": {"v": 1}}})",
                 {{"a[*].b[0]", R"(["x1","x2"])"},
                  {"a[*].b | [0]", R"(["x1","y1"])"},
                  {"a | [1] | b | [-1]", R"("y2")"},
                  {"h | k.v", "1"},
                  {"missing | b", "null"},
                  {"missing | `1`", "1"},
                  {"missing || a | [0].b[0]", R"("x1")"},
                  {"a[*].(b) | [0]", "fault at 5: here a name, a function, *, [ or { is expected"},
                  {"[a | [0].b, h.k.v | @]", R"([["x1","y1"],1])"}});
}

TEST(JmespathBoolean, OrAndNotAndParentheses) {
  const std::string truths =
      R"({"t": true, "f": false, "zero": 0, "n": null, "s": "", "l": [], "o": {}, "x": "x", "p": {"f": false, "l": [0]}})";
  expect_results(truths, {{"t && x", R"("x")"},
                          {"f && x", "false"},
                          {"l && x", "[]"},
                          {"x && l", "[]"},
                          {"n || s || l || o || f", "false"},
                          {"n || s || x || t", R"("x")"},
                          {"n || missing", "null"},
                          {"zero || x", "0"},
                          {"!t", "false"},
                          {"!f", "true"},
                          {"!n", "true"},
                          {"!s", "true"},
                          {"!l", "true"},
                          {"!o", "true"},
                          {"!zero", "false"},
                          {"!!zero", "true"},
                          {"!x && t", "false"},
                          {"!(x && f)", "true"},
                          {"!p.f", "true"},
                          {"!p.l[0]", "false"},
                          {"!p.l[?@ == `1`]", "true"},
                          {"!t == f", "true"},
                          {"t || f && f", "true"},
                          {"(t || f) && f", "false"},
                          {"f && f || t", "true"},
                          {"zero < `1` && x == 'x'", "true"},
                          {"f || n | !@", "true"}});
}

TEST(JmespathFilters, KeepWhatIsTrue) {
  expect_results(
      R"({"p": [{"n": "a", "v": 1, "t": ["x"]}, {"n": "b", "v": 2}, {"n": "c", "v": null, "t": ["x", "y"]}, {"v": "2"}],
                     "o": {"k": 1}, "l": [[1, 2], [3]]})",
      {{"p[?v == `2`].n", R"(["b"])"},
       {"p[?v != `2`].n", R"(["a","c"])"},
       {"p[?v > `1`].n", R"(["b"])"},
       {"p[?v >= `1` && n != 'b'].n", R"(["a"])"},
       {"p[?v < `1` || n == 'c'].n", R"(["c"])"},
       {"p[?t].n", R"(["a","c"])"},
       {"p[?!t].v", R"([2,"2"])"},
       {"p[?contains(t || `[]`, 'y')].n | [0]", R"("c")"},
       {"p[?n == 'a'].t[0]", R"(["x"])"},
       {"p[?t].t[]", R"(["x","x","y"])"},
       {"p[?t].t[?@ == 'y']", R"([[],["y"]])"},
       {"p[?(v == `1` || v == `2`) && t].n", R"(["a"])"},
       {"p[?missing]", "[]"},
       {"p[?n == 'a'] | [0].v", "1"},
       {"p[?n=='a'].{id: n, w: v}", R"([{"id":"a","w":1}])"},
       {"o[?k]", "null"},
       {"missing[?k]", "null"},
       {"l[*][?@ > `1`]", "[[2],[3]]"},
       {"l[?@[0] == `3`][]", "[3]"}});
  expect_results("[1, 2]", {{"[?@ == `2`]", "[2]"}, {"[?`true`]", "[1,2]"}});
}

TEST(JmespathComparison, EqualityOfAnythingOrderOfNumbersAndTexts) {
  const std::string values = R"({"one": 1, "also": 1.0, "two": 2, "s": "a", "z": "b", "o": {"a": [1], "b": 2},
      "p": {"b": 2.0, "a": [1.0]}, "t": true, "n": null, "e": []})";
  expect_results(values, {{"one == also", "true"},
                          {"one != also", "false"},
                          {"o == p", "true"},
                          {"o == `{\"a\": [1], \"c\": 2}`", "false"},
                          {"o == `{\"a\": [1]}`", "false"},
                          {"o.a == `[1, 1]`", "false"},
                          {"one == t", "false"},
                          {"one == `\"1\"`", "false"},
                          {"n == missing", "true"},
                          {"t == `true`", "true"},
                          {"e == `[]`", "true"},
                          {"one < two", "true"},
                          {"two <= also", "false"},
                          {"one >= also", "true"},
                          {"s < z", "true"},
                          {"z > s", "true"},
                          {"s >= s", "true"},
                          {"s <= 'A'", "false"},
                          {"'ä' > 'z'", "true"},
                          {"one < s", "null"},
                          {"s < one", "null"},
                          {"t < t", "null"},
                          {"e > n", "null"},
                          {"n <= n", "null"},
                          {"one == two == t", "false"}});
}

TEST(JmespathNumbers, AreExactDecimals) {
  expect_results(
      R"({"a": 0.1, "b": 0.2, "big": 1234567890123456789012345678, "bigger": 1234567890123456789012345679,
                     "e": 1e2, "huge": 1e999999999, "other": 1e999999998})",
      {{"big", "1234567890123456789012345678"},
       {"big == bigger", "false"},
       {"big < bigger", "true"},
       {"e == `100.00`", "true"},
       {"sum([a, b]) == `0.3`", "true"},
       {"sum([big, `1`]) == bigger", "true"},
       {"huge", "1e999999999"},
       {"huge == huge", "true"},
       {"huge == other", "false"},
       {"huge > other", "null"},
       {"sum([huge])", "invalid-value: sum() was given a number of more than 1000 digits"},
       {"`-0.0` == `0`", "true"}});
}

TEST(Jmespath, KeepsItsTextAndIsCopied) {
  auto text = std::make_unique<std::string>(
      "a_rather_long_name.'and' | [`[1]`, @, {another_long_name_of_its_kind: @}]");
  ASSERT_FALSE(Expression::parse(*text));
  *text = "[`[1, \"a long text in a literal\"]`, 'another text, a raw one', {a_long_key_of_a_hash: @}]";
  const auto parsed = Expression::parse(*text);
  ASSERT_TRUE(parsed);
  const Expression copy = *parsed;
  const std::string kept = *text;
  text.reset();
  EXPECT_EQ(copy.text(), kept);
  std::pmr::monotonic_buffer_resource arena;
  EXPECT_EQ(decode::to_json(*copy.evaluate(decode::Value::boolean(true), arena)),
            R"([[1,"a long text in a literal"],"another text, a raw one",{"a_long_key_of_a_hash":true}])");
}

TEST(Jmespath, PlainPathsTakeNothingFromTheArena) {
  const auto document = decode::decode_json(R"({"a": {"b": [1, {"c": "found"}]}})");
  for (const char* text : {"a.b[1].c", "a.\"b\"[-1].c", "a . b[1] . c"}) {
    const auto result = Expression::parse(text)->evaluate(document->root, *std::pmr::null_memory_resource());
    ASSERT_TRUE(result) << text;
    EXPECT_EQ(result->text(), "found") << text;
  }
}

TEST(Jmespath, SpoiledValuesAreHandedOnAndOtherwiseCountAsNull) {
  const std::string spoiled = "{\"a\": \"\xff\", \"l\": [\"\xff\", 1]}";
  expect_results(spoiled, {{"a", R"("\ufffd")"},
                           {"a.b", R"("\ufffd")"},
                           {"l[*]", R"(["\ufffd",1])"},
                           {"a || 'other'", R"("other")"},
                           {"a == `null`", "true"},
                           {"not_null(a, 'other')", R"("other")"},
                           {"type(a)", R"("null")"},
                           {"length(a)",
                            "invalid-type: length() takes a string or an object or an array as argument 1, "
                            "not a spoiled value"}});
}

TEST(Jmespath, IsSharedByThreads) {
  const auto document = decode::decode_json(R"({"p": [{"n": "b", "v": 2}, {"n": "a", "v": 1.5}]})");
  const auto expression = Expression::parse("sort_by(p[?v > `1`], &n)[*].{n: regex_extract(n, '(.)'), v: v}");
  ASSERT_TRUE(expression);
  std::vector<std::jthread> threads;
  std::vector<std::string> results(4);
  for (std::string& result : results) {
    threads.emplace_back([&document, &result, copy = *expression] {
      for (int i = 0; i < 100; ++i) {
        std::pmr::monotonic_buffer_resource arena;
        result = decode::to_json(*copy.evaluate(document->root, arena));
      }
    });
  }
  threads.clear();
  for (const std::string& result : results) EXPECT_EQ(result, R"([{"n":"a","v":1.5},{"n":"b","v":2}])");
}

}  // namespace
}  // namespace expr
