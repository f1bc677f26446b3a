// What is refused, where and with which words; and what bounds an expression.
#include "expr/jmespath_fixture_test.hpp"

namespace expr {
namespace {

struct FaultCase {
  std::string_view expression;
  std::size_t column;
  std::string_view message;  // a part of it
};

void expect_faults(std::initializer_list<FaultCase> cases) {
  for (const FaultCase& it : cases) {
    const auto expression = Expression::parse(it.expression);
    ASSERT_FALSE(expression) << it.expression;
    EXPECT_EQ(expression.error().column, it.column) << it.expression << ": " << expression.error().message;
    EXPECT_NE(expression.error().message.find(it.message), std::string::npos)
        << it.expression << ": " << expression.error().message;
  }
}

TEST(JmespathSyntax, FaultsOfTheGrammar) {
  expect_faults({{"", 0, "it is empty"},
                 {"  ", 2, "something is missing"},
                 {"a.", 2, "a name, a function"},
                 {".a", 0, "an expression is expected"},
                 {"a..b", 2, "a name, a function"},
                 {"a b", 2, "an operator or the end"},
                 {"a[*]b", 4, "an operator or the end"},
                 {"a.1", 2, "a name, a function"},
                 {"1", 0, "a number is written between backticks"},
                 {"a == 1", 5, "a number is written between backticks"},
                 {"a = b", 2, "=="},
                 {"a[", 2, "[ ] holds a number"},
                 {"a[0", 3, "] or : is expected"},
                 {"a[b]", 2, ".[a, b]"},
                 {"a[*][b, c]", 5, ".[a, b]"},
                 {"a[0:1:0]", 6, "steps of 0"},
                 {"a[0:1:2:3]", 7, "] or : is expected"},
                 {"a[0,1]", 3, "] or : is expected"},
                 {"a[99999999999999999999]", 2, "too large"},
                 {"a[-]", 2, "digits"},
                 {"[a", 2, "a comma, ]"},
                 {"[a,]", 3, "an expression"},
                 {"[a b]", 3, "a comma, ]"},
                 {"{}", 1, "the name of a member"},
                 {"{a}", 2, ": and an expression"},
                 {"{a: b c: d}", 6, "a comma, }"},
                 {"{a: b,}", 6, "the name of a member"},
                 {"{'a': b}", 1, "the name of a member"},
                 {"a[?b", 4, "] or an operator"},
                 {"a[?]", 3, "an expression"},
                 {"a ||", 4, "something is missing"},
                 {"(a", 2, ") is expected"},
                 {"a)", 1, "an operator or the end"},
                 {"!", 1, "something is missing"},
                 {"a | | b", 4, "an expression"},
                 {"*b", 1, "an operator or the end"},
                 {"a[*].(b)", 5, "a name, a function"},
                 {"&a", 0, "before an argument"},
                 {"[&a]", 1, "before an argument"},
                 {"a.&b", 2, "a name, a function"}});
}

TEST(JmespathSyntax, FaultsOfTextsAndFunctions) {
  expect_faults({{"\"a", 0, "the quote is not closed"},
                 {"'a", 0, "the quote is not closed"},
                 {"'a\\'", 0, "the quote is not closed"},
                 {"`1", 0, "the backtick is not closed"},
                 {R"("\x")", 0, "JSON texts"},
                 {R"("\ud800")", 0, "JSON texts"},
                 {"a == `foo`", 5, "a text is written 'so'"},
                 {"`01`", 0, "between backticks stands JSON"},
                 {"`NaN`", 0, "broken"},
                 {"a # b", 2, "\"#\" has no meaning"},
                 {"é", 0, "\"é\" has no meaning"},
                 {"a \x01", 2, "\"\\x01\" has no meaning"},
                 {"$.a", 0, "\"$\" has no meaning"},
                 {"a.b \xff", 4, "not UTF-8"},
                 {"\"length\"(a)", 8, "without quotes"},
                 {"a.\"length\"(a)", 10, "without quotes"},
                 {"f(a)", 0, "there is no function f"},
                 {"a[?lenght(b) > `1`]", 3, "did you mean length?"},
                 {"length()", 0, "length() takes 1 argument, not 0"},
                 {"length(a, b)", 0, "length() takes 1 argument, not 2"},
                 {"not_null()", 0, "not_null() takes 1 or more arguments, not 0"},
                 {"to_epoch(a, b, c)", 0, "to_epoch() takes 1 to 2 arguments, not 3"},
                 {"length(a", 8, "a comma, )"},
                 {"length(a,)", 9, "an expression"},
                 {"length(a b)", 9, "a comma, )"},
                 {"length(&a)", 7, "takes a value here, without &"},
                 {"sort_by(a, b)", 11, "takes an expression here, with & before it"},
                 {"map(a, &b)", 4, "takes an expression here"},
                 {"regex_extract(a, '(')", 17, "not a regular expression"},
                 {"to_epoch(a, '%Q')", 12, "%Q means nothing here"},
                 {"to_epoch(a, '%Y-%')", 12, "a % at the end"},
                 {"split(a, '')", 9, "must not be empty"},
                 {"replace(a, `\"\"`, 'b')", 11, "must not be empty"}});
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

TEST(JmespathBounds, DeepWideAndLong) {
  for (const std::string& text :
       {repeat("[", 5000), repeat("(", 5000), repeat("!", 5000) + "a", repeat("{a:", 3000),
        repeat("[?", 5000), repeat("[*]", 3000), repeat("abs(", 2000), repeat("*.", 4000),
        "a" + repeat("||a", 3000), "a" + repeat("[]", 4000), "a" + repeat("[:1]", 2000),
        "a" + repeat(".[a]", 2000)}) {
    const auto expression = Expression::parse(text);
    ASSERT_FALSE(expression) << text.substr(0, 20);
    EXPECT_NE(expression.error().message.find("more than 100 levels"), std::string::npos)
        << text.substr(0, 20) << expression.error().message;
  }
  EXPECT_TRUE(Expression::parse(repeat("(", 90) + "a" + repeat(")", 90)));
  EXPECT_EQ(search("a" + repeat(".a", 4999), "{\"a\": 1}"), "null");
  EXPECT_EQ(Expression::parse("a" + repeat(" ", 10'000)).error().column, 10'000U);
}

TEST(JmespathBounds, NothingGrowsWithoutEnd) {
  EXPECT_EQ(Expression::parse(repeat("[@, @] | ", 30) + "@").error().message,
            "this could copy its input more than 100000 times");
  EXPECT_FALSE(Expression::parse("[@, @][]" + repeat(" | [@, @][]", 20)));
  EXPECT_FALSE(Expression::parse("[?" + repeat("[@, @] | ", 20) + "@ == `1`]"));
  EXPECT_FALSE(Expression::parse("map(&" + repeat("[@, @] | ", 20) + "@, a)"));
  const std::string text = "replace(replace(replace(a, 'a', b), 'b', c), 'c', d)";
  std::string json = "{";
  for (const char* name : {"a", "b", "c", "d"})
    json += std::string(json == "{" ? "" : ", ") + '"' + name + "\": \"" + repeat(name, 1000) + '"';
  EXPECT_EQ(search(text, json + "}"), "invalid-value: the result takes more than 256 MiB");
}

}  // namespace
}  // namespace expr
