#include "expr/template.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

#include "decode/json.hpp"
#include "expr/template_time.hpp"

namespace expr {
namespace {

using decode::Kind;
using decode::Value;
using namespace std::chrono_literals;

class TemplateTest : public testing::Test {
 protected:
  TemplateTest() {
    values_.now = base::WallTime{1763717402'000'000us};  // 2025-11-21T09:30:02Z
    values_.zone = "America/Sao_Paulo";                  // UTC-3
    values_.window_start = base::WallTime{1763683200'250'000us};
    values_.window_end = base::WallTime{1763769600'000'000us};
    values_.cursor = Value::string("2025-11-20T23:00:00Z");
    values_.partitions["country"] = document_->root;
    values_.partitions["year"] = Value::number("2024");
    values_.partitions["word"] = Value::string("São Paulo & more");
    values_.partitions["nothing"] = Value{};
  }

  tl::expected<Template, ExpressionFault> parse(std::string_view text) const {
    return Template::parse(text, scope_);
  }

  std::string render(std::string_view text) const {
    const auto parsed = parse(text);
    if (!parsed) return "fault: " + parsed.error().message;
    std::pmr::monotonic_buffer_resource arena;
    const auto value = parsed->render(values_, arena);
    return value ? decode::to_json(*value) : "error: " + value.error();
  }

  base::Result<decode::Document> document_ =
      decode::decode_json(R"({"code": "BR", "id": 76, "names": ["Brasil"], "none": null, "ok": true})");
  TemplateScope scope_{
      true,
      true,
      {{"country", {"code", "id", "names", "none", "ok"}}, {"year", {}}, {"word", {}}, {"nothing", {}}}};
  TemplateValues values_;
};

struct Case {
  std::string_view text, result;
};

TEST_F(TemplateTest, Renders) {
  for (const Case& it : std::initializer_list<Case>{
           {"", R"("")"},
           {"plain text }} { {", R"("plain text }} { {")"},
           {"{{ now }}", R"("2025-11-21T09:30:02Z")"},
           {"{{now}}", R"("2025-11-21T09:30:02Z")"},
           {"{{ today }}", R"("2025-11-21")"},
           {"{{ window.start }}", R"("2025-11-21T00:00:00.25Z")"},
           {"from {{ window.start }} to {{ window.end }}.",
            R"("from 2025-11-21T00:00:00.25Z to 2025-11-22T00:00:00Z.")"},
           {"{{ cursor }}", R"("2025-11-20T23:00:00Z")"},
           {"{{ partition.year }}", "2024"},
           {" {{ partition.year }}", R"(" 2024")"},
           {"{{ partition.country.id }}", "76"},
           {"{{ partition.country.ok }}", "true"},
           {"{{ partition.country.names }}", R"(["Brasil"])"},
           {"{{ partition.country.none }}", "null"},
           {"{{ partition.nothing }}", "null"},
           {"/{{ partition.country.code }}/{{ partition.country.id }}/{{ partition.country.ok }}",
            R"("/BR/76/true")"},
           {"{{ 'a}}b' }}", R"("a}}b")"},
           {"{{ \"it's\" }}", R"("it's")"},
           {"{{ '{{' }}", R"("{{")"},
           {"{{ 1.10 }}", "1.10"},
           {"{{ -5 }}", "-5"},
           {"{{ true }}{{ 'x' }}", R"("truex")"},
           {"{{ null }}", "null"}})
    EXPECT_EQ(render(it.text), it.result) << it.text;
}

TEST_F(TemplateTest, AddsAndSubtractsDurations) {
  for (const Case& it : std::initializer_list<Case>{
           {"{{ now - 120d }}", R"("2025-07-24T09:30:02Z")"},
           {"{{ now-1h30m }}", R"("2025-11-21T08:00:02Z")"},
           {"{{ now + 1mo - 1y }}", R"("2024-12-21T09:30:02Z")"},
           {"{{ today - 1d }}", R"("2025-11-20")"},
           {"{{ today + 1w }}", R"("2025-11-28")"},
           {"{{ today - 1h }}", R"("2025-11-21T02:00:00Z")"},
           {"{{ cursor + 2h }}", R"("2025-11-21T01:00:00Z")"},
           {"{{ '2024-02-28' + 1d | date('%Y-%m-%d') }}", R"("2024-02-29")"},
           {"{{ partition.nothing - 1d | default('none') }}", R"("none")"},
           {"{{ partition.year - 1d }}", "error: partition.year is not a time, but 2024"},
           {"{{ partition.word - 1d }}", "error: partition.word is not a time, but \"São Paulo & more\""},
           {"{{ now - 1000y - 1000y - 1000y }}", R"(error: now is shifted out of the years 1 to 9999)"},
           {"{{ today + 1000y + 1000y + 1000y + 1000y + 1000y + 1000y + 1000y + 1000y }}",
            "error: today is shifted out of the years 1 to 9999"}})
    EXPECT_EQ(render(it.text), it.result) << it.text;
}

TEST_F(TemplateTest, Filters) {
  for (const Case& it : std::initializer_list<Case>{
           {"{{ window.start | date('%Y-%m-%dT%H:%M:%S.%f') }}", R"("2025-11-21T00:00:00.250")"},
           {"{{ window.start | date('%Y-%m-%dT%H:%M:%S.000') }}", R"("2025-11-21T00:00:00.000")"},
           {"{{ now | date('%d/%m/%Y %H:%M', 'Asia/Tokyo') }}", R"("21/11/2025 18:30")"},
           {"{{ now | date('%z %Z', 'Asia/Tokyo') }}", R"("+0900 JST")"},
           {"{{ now | date('100%%f %a %b %y %j') }}", R"("100%f Fri Nov 25 325")"},
           {"{{ today | date('%Y-%m-%d %H:%M') }}", R"("2025-11-21 00:00")"},
           {"{{ today | date('%Y-%m-%d %H:%M', 'UTC') }}", R"("2025-11-21 03:00")"},
           {"{{ today - 3d | date('%d.%m.') }}", R"("18.11.")"},
           {"{{ now | epoch }}", "1763717402"},
           {"{{ window.start | epoch_ms }}", "1763683200250"},
           {"{{ window.start | epoch }}", "1763683200"},
           {"{{ '1969-12-31T23:59:59.5Z' | epoch }}", "-1"},
           {"{{ today | epoch }}", "1763694000"},
           {"{{ partition.country.code | lower }}", R"("br")"},
           {"{{ partition.word | upper }}", R"("SãO PAULO & MORE")"},
           {"{{ partition.word | slice(0, 3) }}", R"("São")"},
           {"{{ partition.word | slice(-4) }}", R"("more")"},
           {"{{ partition.word | slice(4, -7) }}", R"("Paulo")"},
           {"{{ partition.word | slice(5, 2) }}", R"("")"},
           {"{{ partition.word | slice(2, 99) | slice(0, 1) }}", R"("o")"},
           {"{{ now | slice(0, 4) }}", R"("2025")"},
           {"{{ partition.year | slice(2) }}", R"("24")"},
           {"{{ partition.country.none | default('x') }}", R"("x")"},
           {"{{ partition.country.none | default(0) }}", "0"},
           {"{{ partition.country.none | upper | default('x') }}", R"("x")"},
           {"{{ partition.country.code | default('x') }}", R"("BR")"},
           {"{{ partition.country.names | json }}", R"("[\"Brasil\"]")"},
           {"{{ partition.word | json }}", R"("\"São Paulo & more\"")"},
           {"{{ partition.nothing | json }}", R"("null")"},
           {"q={{ partition.word | urlencode }}", R"("q=S%C3%A3o%20Paulo%20%26%20more")"},
           {"{{ partition.country.names | upper }}",
            "error: partition.country.names is a list; json makes it a text"},
           {"x{{ partition.country }}", "error: partition.country is a map; json makes it a text"},
           {"x{{ partition.nothing }}", "error: partition.nothing has no value; default('…') gives it one"},
           {"{{ partition.year.code }}", "error: partition.year.code is asked of a partition without keys"},
           {"{{ partition.year | date('%Y') }}", "error: partition.year is not a time, but 2024"}})
    EXPECT_EQ(render(it.text), it.result) << it.text;
}

TEST_F(TemplateTest, FaultsSayWhereAndWhat) {
  struct FaultCase {
    std::string_view text;
    std::size_t column;
    std::string_view message;
  };
  for (const FaultCase& it : std::initializer_list<FaultCase>{
           {"a {{ now", 2, "the {{ is not closed by }}"},
           {"{{ nwo }}", 3, "there is no nwo; did you mean now?"},
           {"{{ window }}", 3, "there is no window"},
           {"{{ window.begin }}", 3, "there is no window.begin"},
           {"{{ }}", 3, "here a name or a value is expected"},
           {"{{ now | dat('%Y') }}", 9, "there is no filter dat; did you mean date?"},
           {"{{ now | }}", 9, "here a filter is expected"},
           {"{{ now | date }}", 9, "it is written date(pattern) or date(pattern, zone)"},
           {"{{ now | epoch(1) }}", 9, "it is written epoch"},
           {"{{ now | date(5) }}", 14, "here a text is expected"},
           {"{{ now | date('%Q') }}", 14, "%Q means nothing here"},
           {"{{ now | date('%Y%') }}", 14, "a % at the end"},
           {"{{ now | date('%Y', 'Asia/Tokio') }}", 20,
            "there is no time zone Asia/Tokio; did you mean Asia/Tokyo?"},
           {"{{ now | slice('a') }}", 15, "here a whole number is expected"},
           {"{{ now | slice(1.5) }}", 15, "here a whole number is expected"},
           {"{{ now | slice(99999999999999999999) }}", 15, "here a whole number is expected"},
           {"{{ now | slice(1, 2 }}", 20, "here a comma or ) is expected"},
           {"{{ now | default(x) }}", 17, "here a value is expected"},
           {"{{ now - 5 }}", 9, "here a duration is expected"},
           {"{{ now - }}", 9, "here a duration is expected"},
           {"{{ now 5 }}", 7, "here +, -, | or }} is expected"},
           {"{{ 'x }}", 3, "the quote is not closed"},
           {"{{ partition }}", 3, "there is no partition"},
           {"{{ partition.contry.code }}", 3, "there is no partition \"contry\"; did you mean country?"},
           {"{{ partition.country.cod }}", 3, "partition \"country\" has no key \"cod\"; did you mean code?"},
           {"{{ partition.country.a.b }}", 3, "one key at most"},
           {"{{ partition.country. }}", 3, "one key at most"},
           {"{{ partition.year.anything.more }}", 3, "one key at most"},
           {"ab\xff", 2, "not UTF-8"}}) {
    const auto parsed = parse(it.text);
    ASSERT_FALSE(parsed) << it.text;
    EXPECT_EQ(parsed.error().column, it.column) << it.text << ": " << parsed.error().message;
    EXPECT_NE(parsed.error().message.find(it.message), std::string::npos)
        << it.text << ": " << parsed.error().message;
  }
}

TEST_F(TemplateTest, NamesWithoutMeaningHere) {
  for (const char* text : {"{{ window.start }}", "{{ window.end | epoch }}", "{{ cursor }}"}) {
    const auto parsed = Template::parse(text, {});
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().column, 3U);
    EXPECT_NE(parsed.error().message.find("without incremental_sync"), std::string::npos);
  }
  EXPECT_TRUE(Template::parse("{{ now }} {{ today }}", {}));
}

TEST_F(TemplateTest, Constants) {
  for (const char* text : {"", "text", "{{ 'x' }}", "a{{ 1 }}", "{{ '2024-01-01' + 1d | date('%d') }}"})
    EXPECT_TRUE(parse(text)->is_constant()) << text;
  for (const char* text : {"{{ now }}", "a {{ partition.year }}", "{{ cursor | default(1) }}"})
    EXPECT_FALSE(parse(text)->is_constant()) << text;
  EXPECT_EQ(parse("a {{ now }}")->text(), "a {{ now }}");
}

TEST_F(TemplateTest, KeepsTheKind) {
  std::pmr::monotonic_buffer_resource arena;
  EXPECT_EQ(parse("{{ partition.year }}")->render(values_, arena)->kind(), Kind::number);
  EXPECT_EQ(parse("{{ partition.country }}")->render(values_, arena)->kind(), Kind::object);
  EXPECT_EQ(parse("{{ partition.year }} ")->render(values_, arena)->kind(), Kind::string);
  EXPECT_EQ(parse("5")->render(values_, arena)->kind(), Kind::string);
}

// Where summer time begins at midnight, the day begins at one o'clock.
TEST(TemplateTime, DaysOfAZone) {
  using namespace std::chrono;
  const sys_days day{2018y / 11 / 4};
  EXPECT_EQ(format_iso8601(midnight(day, "America/Sao_Paulo")), "2018-11-04T03:00:00Z");
  EXPECT_EQ(format_iso8601(midnight(day, "UTC")), "2018-11-04T00:00:00Z");
  EXPECT_EQ(day_in(sys_days{day} + 2h, "America/Sao_Paulo"), sys_days{2018y / 11 / 3});
  EXPECT_EQ(day_in(sys_days{day} + 20h, "Asia/Tokyo"), sys_days{2018y / 11 / 5});
}

}  // namespace
}  // namespace expr
