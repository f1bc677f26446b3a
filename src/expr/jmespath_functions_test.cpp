// Every function of jmespath.org/specification.html, and ours.
#include "expr/jmespath_fixture_test.hpp"

namespace expr {
namespace {

TEST(JmespathFunctions, OfNumbers) {
  expect_results(
      R"({"n": -1.50, "e": -1e2, "s": "2", "l": [10, 15, 20], "mixed": [10, false], "none": []})",
      {{"abs(n)", "1.50"},
       {"abs(e)", "1e2"},
       {"abs(`3`)", "3"},
       {"abs(s)", "invalid-type: abs() takes a number as argument 1, not a string"},
       {"abs(to_number(s))", "2"},
       {"ceil(`1.001`)", "2"},
       {"ceil(`1.9`)", "2"},
       {"ceil(`1`)", "1"},
       {"ceil(n)", "-1"},
       {"ceil(`-0.5`)", "0"},
       {"ceil(`99999999999999999999.01`)", "100000000000000000000"},
       {"floor(`1.9`)", "1"},
       {"floor(`1`)", "1"},
       {"floor(n)", "-2"},
       {"floor(`1.5e1`)", "15"},
       {"floor('1')", "invalid-type: floor() takes a number as argument 1, not a string"},
       {"avg(l)", "15"},
       {"avg(none)", "null"},
       {"avg(`[1, 2]`)", "1.5"},
       {"avg(`[1, 1, 2]`)", "1.3333333333333333333"},
       {"avg(`[2, 2, 1]`)", "1.6666666666666666667"},
       {"avg(`[1.10, 1.10]`)", "1.10"},
       {"avg(`[1234567890123456789012345678]`)", "1234567890123456789012345678"},
       {"avg(mixed)",
        "invalid-type: avg() takes an array of numbers as argument 1, not an array with a boolean at [1]"},
       {"avg(`false`)", "invalid-type: avg() takes an array of numbers as argument 1, not a boolean"},
       {"sum(l)", "45"},
       {"sum(none)", "0"},
       {"sum(`[0.1, 0.2]`)", "0.3"},
       {"sum(`[1e2, -0.05]`)", "99.95"},
       {"sum(mixed[].to_number(@))", "10"},
       {"sum(missing)", "invalid-type: sum() takes an array of numbers as argument 1, not null"}});
}

TEST(JmespathFunctions, Conversions) {
  expect_results(
      R"({"a": 1.10, "s": "x", "l": [1], "o": {"k": "ü\n"}, "t": true})",
      {{"to_number('1.10')", "1.10"},
       {"to_number('-1e5')", "-1e5"},
       {"to_number(a)", "1.10"},
       {"to_number(' 1')", "null"},
       {"to_number('1_000')", "null"},
       {"to_number('+1')", "null"},
       {"to_number('01')", "null"},
       {"to_number('')", "null"},
       {"to_number(s)", "null"},
       {"to_number(l)", "null"},
       {"to_number(o)", "null"},
       {"to_number(t)", "null"},
       {"to_number(missing)", "null"},
       {"`[\"1\", \"2\", \"no\", true]`[].to_number(@)", "[1,2]"},
       {"to_string(a)", R"("1.10")"},
       {"to_string(s)", R"("x")"},
       {"to_string(l)", R"("[1]")"},
       {"to_string(o)", R"("{\"k\":\"ü\\n\"}")"},
       {"to_string(t)", R"("true")"},
       {"to_string(missing)", R"("null")"},
       {"to_array(l)", "[1]"},
       {"to_array(s)", R"(["x"])"},
       {"to_array(o)", R"([{"k":"ü\n"}])"},
       {"to_array(`0`)", "[0]"},
       {"[a, s, l, o, t, missing][*].type(@)", R"(["number","string","array","object","boolean","null"])"},
       {"map(&type(@), [a, s, l, o, t, missing])",
        R"(["number","string","array","object","boolean","null"])"}});
}

TEST(JmespathFunctions, OfTexts) {
  expect_results(
      R"({"s": "foobarbaz", "u": "aé😀", "l": ["a", "b"], "mixed": ["a", false]})",
      {{"starts_with(s, 'foo')", "true"},
       {"starts_with(s, 'baz')", "false"},
       {"starts_with(s, '')", "true"},
       {"starts_with(l, 'a')", "invalid-type: starts_with() takes a string as argument 1, not an array"},
       {"ends_with(s, 'z')", "true"},
       {"ends_with(s, 'foo')", "false"},
       {"ends_with(s, `1`)", "invalid-type: ends_with() takes a string as argument 2, not a number"},
       {"contains(s, 'bar')", "true"},
       {"contains(s, 'not')", "false"},
       {"contains(s, `123`)", "false"},
       {"join(', ', l)", R"("a, b")"},
       {"join('', l)", R"("ab")"},
       {"join('-', `[]`)", R"("")"},
       {"join('-', `[\"\", \"\"]`)", R"("-")"},
       {"join(',', mixed)",
        "invalid-type: join() takes an array of strings as argument 2, not an array with a boolean at [1]"},
       {"join(`1`, l)", "invalid-type: join() takes a string as argument 1, not a number"},
       {"length(s)", "9"},
       {"length(u)", "3"},
       {"reverse(u)", R"("😀éa")"},
       {"reverse('')", R"("")"}});
}

TEST(JmespathFunctions, OfListsAndObjects) {
  expect_results(
      R"({"l": ["a", "b"], "n": [3, 1.0, 2], "o": {"foo": "baz", "bar": "bam"}, "p": {"foo": 1, "new": 2}, "e": [], "z": null,
          "d": [{"k": "v"}, [1]], "mixed": ["a", 2]})",
      {{"contains(l, 'a')", "true"},
       {"contains(l, 'c')", "false"},
       {"contains(n, `1`)", "true"},
       {"contains(d, `{\"k\": \"v\"}`)", "true"},
       {"contains(e, z)", "false"},
       {"contains(z, 'a')", "invalid-type: contains() takes a string or an array as argument 1, not null"},
       {"keys(o)", R"(["foo","bar"])"},
       {"keys(`{}`)", "[]"},
       {"keys(l)", "invalid-type: keys() takes an object as argument 1, not an array"},
       {"values(o)", R"(["baz","bam"])"},
       {"values(z)", "invalid-type: values() takes an object as argument 1, not null"},
       {"length(l)", "2"},
       {"length(o)", "2"},
       {"length(e)", "0"},
       {"length(z)",
        "invalid-type: length() takes a string or an object or an array as argument 1, not null"},
       {"map(&k, d)", R"(["v",null])"},
       {"map(&[], `[[1, [2]], []]`)", "[[1,2],[]]"},
       {"map(&k, o)", "invalid-type: map() takes an array as argument 2, not an object"},
       {"map(&abs(@), l)", "invalid-type: abs() takes a number as argument 1, not a string"},
       {"merge(o, p)", R"({"foo":1,"bar":"bam","new":2})"},
       {"merge()", "{}"},
       {"merge(o)", R"({"foo":"baz","bar":"bam"})"},
       {"merge(o, l)", "invalid-type: merge() takes an object as argument 2, not an array"},
       {"not_null(missing, z, e, l)", "[]"},
       {"not_null(z)", "null"},
       {"reverse(n)", "[2,1.0,3]"},
       {"reverse(e)", "[]"},
       {"reverse(mixed) | [0]", "2"},
       {"[length(@), keys(@)[0]]", R"([8,"l"])"}});
}

TEST(JmespathFunctions, Order) {
  expect_results(
      R"({"n": [10, 9, 1e1, -1, 9.50], "s": ["b", "ab", "é", "B", ""], "mixed": ["a", 2, "b"], "e": [],
          "p": [{"n": "x", "v": 2, "s": "20"}, {"n": "y", "v": 1, "s": "3"}, {"n": "z", "v": 2.0, "s": "3"}, {"n": "w", "v": -5, "s": "1"}],
          "q": [{"v": 1}, {"v": "1"}], "r": [{"v": true}], "o": {}})",
      {{"sort(n)", "[-1,9,9.50,10,1e1]"},
       {"sort(s)", R"(["","B","ab","b","é"])"},
       {"sort(e)", "[]"},
       {"sort(mixed)",
        "invalid-type: sort() takes an array of numbers or an array of strings as argument 1, not an array "
        "with a number at [1]"},
       {"sort(o)",
        "invalid-type: sort() takes an array of numbers or an array of strings as argument 1, not an object"},
       {"max(n)", "10"},
       {"min(n)", "-1"},
       {"max(s)", R"("é")"},
       {"min(s)", R"("")"},
       {"max(e)", "null"},
       {"min(e)", "null"},
       {"max(mixed)",
        "invalid-type: max() takes an array of numbers or an array of strings as argument 1, not an array "
        "with a number at [1]"},
       {"sort_by(p, &v)[*].n", R"(["w","y","x","z"])"},
       {"sort_by(p, &s)[].n", R"(["w","x","y","z"])"},
       {"sort_by(p, &to_number(s))[].n", R"(["w","y","z","x"])"},
       {"sort_by(p, &v)[0].n", R"("w")"},
       {"sort_by(e, &v)", "[]"},
       {"sort_by(q, &v)",
        "invalid-type: sort_by() orders by numbers only or strings only; that of [1] is of another type than "
        "the one before"},
       {"sort_by(r, &v)",
        "invalid-type: sort_by() orders by numbers only or strings only; that of [0] is neither"},
       {"sort_by(o, &v)", "invalid-type: sort_by() takes an array as argument 1, not an object"},
       {"max_by(p, &v).n", R"("x")"},
       {"max_by(p, &s).n", R"("y")"},
       {"min_by(p, &v).n", R"("w")"},
       {"max_by(e, &v)", "null"},
       {"min_by(e, &v)", "null"},
       {"max_by(q, &v)",
        "invalid-type: max_by() orders by numbers only or strings only; that of [1] is of another type than "
        "the one before"},
       {"p[*].v | max(@)", "2"}});
}

TEST(JmespathExtensions, ToEpoch) {
  expect_results(
      R"({"t": "2025-11-21T10:30:02.500+01:00", "n": null})",
      {{"to_epoch(t)", "1763717402.5"},
       {"to_epoch('2025-11-21')", "1763683200"},
       {"to_epoch('1970-01-01T00:00:01Z')", "1"},
       {"to_epoch('1969-12-31 23:59:59.25')", "-0.75"},
       {"to_epoch('21/11/2025', '%d/%m/%Y')", "1763683200"},
       {"to_epoch('21 Nov 2025 10:30 PM', '%d %b %Y %I:%M %p')", "1763764200"},
       {"to_epoch('2025-11-21 00:00:00.25', '%Y-%m-%d %H:%M:%S.%f')", "1763683200.25"},
       {"to_epoch('2025-11-21 01:00 +0100', '%Y-%m-%d %H:%M %z')", "1763683200"},
       {"to_epoch('2025', '%Y')", "1735689600"},
       {"to_epoch('2025-02', '%Y-%m')", "1738368000"},
       {"to_epoch('31/02/2025', '%d/%m/%Y')", "null"},
       {"to_epoch('21/11/2025 and more', '%d/%m/%Y')", "null"},
       {"to_epoch('yesterday')", "null"},
       {"to_epoch(n)", "null"},
       {"to_epoch(`5`)", "invalid-type: to_epoch() takes a string as argument 1, not a number"},
       {"to_epoch('1', join('', ['%', 'Q']))", "invalid-value: to_epoch(): %Q means nothing here"}});
}

TEST(JmespathExtensions, RegexExtractReplaceSplit) {
  expect_results(
      R"({"s": "CVE-2024-12345 and CVE-2023-1", "n": null, "u": "São Paulo", "l": [{"id": "a-1"}, {"id": "b"}]})",
      {{"regex_extract(s, 'CVE-(\\d+)')", R"("2024")"},
       {R"(regex_extract(s, 'CVE-(\d+)'))", R"("2024")"},
       {R"(regex_extract(s, 'CVE-\d+-\d+'))", R"("CVE-2024-12345")"},
       {R"(regex_extract(s, 'CVE-(\d+)-(\d+)', `2`))", R"("12345")"},
       {R"(regex_extract(s, 'CVE-(\d+)-(\d+)', `0`))", R"("CVE-2024-12345")"},
       {R"(regex_extract(s, '(x)|CVE'))", "null"},
       {"regex_extract(s, 'none')", "null"},
       {"regex_extract(s, '(a)', `2`)", "invalid-value: regex_extract(): there is no group 2"},
       {"regex_extract(s, '(a)', `-1`)", "invalid-value: regex_extract(): there is no group -1"},
       {"regex_extract(s, '(a)', `1.5`)", "invalid-value: regex_extract(): there is no group 1.5"},
       {"regex_extract(s, join('', ['(']))", "invalid-value: regex_extract(): missing ): ("},
       {"regex_extract(n, 'a')", "null"},
       {"regex_extract(u, 'S(.)o')", R"("ã")"},
       {R"(l[*].regex_extract(id, '\d'))", R"(["1"])"},
       {"replace(u, 'o', '0')", R"("Sã0 Paul0")"},
       {"replace(u, 'ã', 'a')", R"("Sao Paulo")"},
       {"replace(u, 'x', 'y')", R"("São Paulo")"},
       {"replace('aaa', 'aa', '')", R"("a")"},
       {"replace('aa', 'a', '')", R"("")"},
       {"replace(n, 'a', 'b')", "null"},
       {"replace(u, n, 'b')", "invalid-type: replace() takes a string as argument 2, not null"},
       {"replace(u, join('', `[]`), 'b')", "invalid-value: replace(): the text to be replaced is empty"},
       {"split('a,b,,c', ',')", R"(["a","b","","c"])"},
       {"split('a', ',')", R"(["a"])"},
       {"split('', ',')", R"([""])"},
       {"split(',', ',')", R"(["",""])"},
       {"split('a--b', '--')[1]", R"("b")"},
       {"split(n, ',')", "null"},
       {"split('a', join('', `[]`))", "invalid-value: split(): the separator is empty"}});
}

TEST(JmespathExtensions, RegexTakesLinearTimeAndNoStack) {
  const std::string document = "\"" + std::string(2'000'000, 'a') + "\"";
  EXPECT_EQ(search("regex_extract(@, '(a|a)*b')", document), "null");
  EXPECT_EQ(search("length(regex_extract(@, '(?:a|aa)+'))", document), "2000000");
}

}  // namespace
}  // namespace expr
