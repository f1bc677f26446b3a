#include "collect/windows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/iso8601.hpp"
#include "base/rng.hpp"
#include "collect/fixture_test.hpp"
#include "expr/template_time.hpp"

namespace {

using namespace collect;
using namespace std::chrono_literals;
using base::WallTime;
using decode::Value;

WallTime at(std::string_view text) { return *expr::parse_iso8601(text); }
std::string text_of(WallTime time) { return expr::format_iso8601(time); }
std::string text_of(const CursorState& state) {
  return fmt::format("'{}' {}", state.high_water, state.covered_until ? text_of(*state.covered_until) : "-");
}

config::Collector collector_of(const std::string& sync,
                               const std::map<std::string, std::string>& environment = {}) {
  return collect::testing::collector_from(
      "name: items\nrequester: {url_base: 'https://api.example'}\nfields: {id: id}\n"
      "destination: {table: items, primary_key: [id]}\nincremental_sync: {cursor_field: at, " +
          sync + "}\n",
      environment);
}
config::IncrementalSync sync_of(const std::string& sync) { return *collector_of(sync).incremental_sync; }

const WallTime now = at("2025-11-21T12:00:00Z");

SyncBounds bounds_of(const config::IncrementalSync& sync) {
  const auto bounds = render_bounds(sync, {.now = now});
  EXPECT_TRUE(bounds) << bounds.error().message;
  return bounds ? *bounds : SyncBounds{};
}

// "start–end, …", with the years and zeros that are all the same left out.
std::string windows(const std::string& yaml, const CursorState& state = {}) {
  const auto sync = sync_of(yaml);
  const auto list = plan_windows(sync, bounds_of(sync), state, now);
  if (!list) return "error: " + list.error().message;
  std::string text;
  for (const Window& it : *list)
    text += fmt::format("{}{}/{}", text.empty() ? "" : " ", text_of(it.start), text_of(it.end));
  for (const std::string_view common : {"2025-", ":00Z"})
    for (std::size_t place; (place = text.find(common)) != std::string::npos;)
      text.erase(place, common.size());
  return text;
}

CursorState covered(std::string_view time) { return {{}, at(time)}; }

TEST(Windows, ArePlanned) {
  const struct {
    const char* sync;
    CursorState state;
    const char* result;
  } cases[] = {
      {"start: 2025-11-20", {}, "11-20T00:00/11-21T12:00"},
      {"start: '{{ now - 2h }}'", {}, "11-21T10:00/11-21T12:00"},
      {"start: 2025-11-20, step: 1d", {}, "11-20T00:00/11-21T00:00 11-21T00:00/11-21T12:00"},
      {"start: 2025-11-20, step: 18h", {}, "11-20T00:00/11-20T18:00 11-20T18:00/11-21T12:00"},
      {"start: 2025-11-20, step: 36h", {}, "11-20T00:00/11-21T12:00"},
      {"start: 2025-11-20, step: 12h, end: 2025-11-21",
       {},
       "11-20T00:00/11-20T12:00 11-20T12:00/11-21T00:00"},
      {"start: 2025-11-21, end: '{{ now + 2d }}'", {}, "11-21T00:00/11-23T12:00"},
      // The first run looks back behind nothing.
      {"start: 2025-11-20, lookback_window: 2h", {}, "11-20T00:00/11-21T12:00"},
      {"start: 2025-11-20, lookback_window: 2h", covered("2025-11-21T09:00:00Z"), "11-21T07:00/11-21T12:00"},
      {"start: 2025-11-20, lookback_window: 2h", covered("2025-11-19T09:00:00Z"), "11-19T22:00/11-21T12:00"},
      {"start: 2025-11-20", covered("2025-11-21T09:00:00Z"), "11-21T09:00/11-21T12:00"},
      {"start: 2025-11-20", covered("2025-11-01T09:00:00Z"), "11-20T00:00/11-21T12:00"},
      {"start: 2025-11-20", covered("2025-11-21T12:00:00Z"), ""},
      {"start: 2025-11-20", covered("2099-01-01"), ""},
      {"start: 2025-11-22", {}, ""},
      {"start: 2025-11-20, end: 2025-11-20", {}, ""},
      {"start: 2025-11-20, end: 2025-11-19", {}, ""},
      {"start: 2025-11-20, end: 2025-11-21, lookback_window: 1h", covered("2025-11-21"),
       "11-20T23:00/11-21T00:00"},
      {"start: 1763683200, cursor_format: epoch", {}, "11-21T00:00/11-21T12:00"},
      {"start: 20/11/2025, cursor_format: '%d/%m/%Y'", {}, "11-20T00:00/11-21T12:00"},
      {"start: 2025-11-20, step: 1s",
       {},
       "error: incremental_sync.step: 129600 windows of 1 s from 11-20T00:00 to 11-21T12:00, 100000 are "
       "allowed; make "
       "step longer, or let start be later"},
  };
  for (const auto& it : cases) {
    std::string result = windows(it.sync, it.state);
    if (result.starts_with("error")) {
      EXPECT_NE(result.find("129600 windows from"), std::string::npos) << result;
      continue;
    }
    EXPECT_EQ(result, it.result) << it.sync << ' ' << text_of(it.state);
  }
}

TEST(Windows, TouchEachOtherAndAreNoLongerThanStep) {
  const auto sync = sync_of("start: 2024-02-27T23:59:59.5Z, step: 7d");
  const auto list = plan_windows(sync, bounds_of(sync), {}, now);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->front().start, at("2024-02-27T23:59:59.5Z"));
  EXPECT_EQ(list->back().end, now);
  for (std::size_t i = 0; i < list->size(); ++i) {
    EXPECT_LT((*list)[i].start, (*list)[i].end);
    EXPECT_LE((*list)[i].end - (*list)[i].start, 7 * 24h);
    EXPECT_TRUE(i == 0 || (*list)[i].start == (*list)[i - 1].end);
  }
}

TEST(Windows, BoundsThatAreNoTimes) {
  const auto fault = [](const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
    const auto collector = collector_of(yaml, environment);
    const auto bounds = render_bounds(*collector.incremental_sync, {.now = now});
    return bounds ? "no fault" : bounds.error().message;
  };
  const std::string mend = " is no time; write 2024-01-31, \"{{ now - 30d }}\", or as cursor_format says";
  EXPECT_EQ(fault("start: yesterday"), "incremental_sync.start: \"yesterday\"" + mend);
  EXPECT_EQ(fault("start: 2024-01-01, end: 2024-13-01"), "incremental_sync.end: \"2024-13-01\"" + mend);
  EXPECT_EQ(fault("start: '${WHEN}'", {{"WHEN", "hidden"}}),
            "incremental_sync.start: what the environment gives" + mend);
  EXPECT_EQ(fault("start: anything, cursor_format: opaque"), "no fault");
}

TEST(Windows, CursorTimes) {
  const struct {
    const char *format, *text, *time;
  } cases[] = {
      {"iso8601", "2025-11-21T10:30:02.5+03:00", "2025-11-21T07:30:02.5Z"},
      {"iso8601", "2025-11-21", "2025-11-21T00:00:00Z"},
      {"iso8601", "21/11/2025", "-"},
      {"iso8601", "", "-"},
      {"epoch", "1763717402", "2025-11-21T09:30:02Z"},
      {"epoch", "1763717402.1234567", "2025-11-21T09:30:02.123456Z"},
      {"epoch", "1.763717402e9", "2025-11-21T09:30:02Z"},
      {"epoch", "-0.5", "1969-12-31T23:59:59.5Z"},
      {"epoch", "0", "1970-01-01T00:00:00Z"},
      {"epoch", "99999999999999", "-"},
      {"epoch", "1e30", "-"},
      {"epoch", "-99999999999", "-"},
      {"epoch", "2025-11-21", "-"},
      {"epoch_ms", "1763717402001", "2025-11-21T09:30:02.001Z"},
      {"epoch_ms", "1763717402001.5", "2025-11-21T09:30:02.0015Z"},
      {"'%d/%m/%Y %H:%M'", "21/11/2025 09:30", "2025-11-21T09:30:00Z"},
      {"'%d/%m/%Y'", "2025-11-21", "-"},
  };
  for (const auto& it : cases) {
    const auto time =
        cursor_time(sync_of(fmt::format("start: 2025-01-01, cursor_format: {}", it.format)), it.text);
    EXPECT_EQ(time ? text_of(*time) : "-", it.time) << it.format << ' ' << it.text;
  }
}

TEST(Windows, CursorsCompareByTheirFormat) {
  const auto compare = [](const char* format, const char* left, const char* right) {
    const auto order =
        compare_cursors(sync_of(fmt::format("start: 2025-01-01, cursor_format: {}", format)), left, right);
    return !order ? '-' : *order < 0 ? '<' : *order > 0 ? '>' : '=';
  };
  EXPECT_EQ(compare("iso8601", "2025-11-21T10:00:00+03:00", "2025-11-21T08:00:00Z"), '<');
  EXPECT_EQ(compare("'%d/%m/%Y'", "01/12/2024", "30/11/2024"), '>');
  EXPECT_EQ(compare("epoch", "99", "1e2"), '<');
  EXPECT_EQ(compare("integer", "99", "100"), '<');
  EXPECT_EQ(compare("integer", "100", "100.0"), '=');
  EXPECT_EQ(compare("integer", "99999999999999999999", "100000000000000000000"), '<');
  EXPECT_EQ(compare("integer", "1.5", "2"), '-');
  EXPECT_EQ(compare("integer", "x", "2"), '-');
  EXPECT_EQ(compare("opaque", "b", "a"), '=');
}

std::string largest(const std::string& format, std::initializer_list<Value> values, int refused = 0) {
  const auto sync = sync_of("start: 2025-01-01, cursor_format: " + format);
  CursorTracker tracker(sync);
  for (const Value& value : values) refused -= !tracker.see(value);
  EXPECT_EQ(refused, 0) << format;
  return tracker.largest().value_or("none");
}

TEST(Windows, TheLargestIsKept) {
  const auto text = [](const char* it) { return Value::string(it); };
  const auto number = [](const char* it) { return Value::number(it); };
  EXPECT_EQ(largest("iso8601", {text("2025-11-20"), text("2025-11-21T01:00:00Z"), text("2025-11-21")}),
            "2025-11-21T01:00:00Z");
  EXPECT_EQ(largest("'%d/%m/%Y'", {text("30/11/2024"), text("01/12/2024"), text("02/01/2024")}),
            "01/12/2024");
  EXPECT_EQ(largest("epoch", {number("9"), number("10"), text("9.5")}), "10");
  EXPECT_EQ(largest("'%Y%m%d'", {number("20240102")}), "20240102");
  EXPECT_EQ(largest("integer", {number("9"), text("10"), number("-3"), number("10.0")}), "10");
  EXPECT_EQ(largest("opaque", {text("z"), number("7"), text("a")}), "a");
  const std::string long_text(max_cursor_bytes + 1, '1');
  EXPECT_EQ(
      largest("opaque",
              {Value{}, text(""), Value::boolean(true), Value::string(long_text), Value::spoiled("bad")}, 5),
      "none");
  EXPECT_EQ(largest("integer", {text("x"), number("1.5"), number("3")}, 2), "3");
  EXPECT_EQ(largest("iso8601", {text("soon"), number("3")}, 2), "none");
}

TEST(Windows, Advance) {
  const Window window{at("2025-11-20"), at("2025-11-21")};
  const WallTime server = at("2025-11-21T12:00:00Z");
  const struct {
    const char* what;
    const char* sync;
    CursorState state;
    std::optional<std::string> largest;
    bool records;
    const char* result;
  } cases[] = {
      {"the largest row",
       "safety: 0s",
       {},
       "2025-11-20T05:00:00Z",
       true,
       "'2025-11-20T05:00:00Z' 2025-11-20T05:00:00Z"},
      {"an empty window", "safety: 0s", {}, {}, false, "'' 2025-11-21T00:00:00Z"},
      {"an empty window, safety", "safety: 13h", {}, {}, false, "'' 2025-11-20T23:00:00Z"},
      {"no row fits", "safety: 0s", covered("2025-11-19"), {}, true, "'' 2025-11-19T00:00:00Z"},
      {"never back",
       "safety: 0s",
       {"2025-11-22", at("2025-11-22")},
       "2025-11-20T05:00:00Z",
       true,
       "'2025-11-22' 2025-11-22T00:00:00Z"},
      {"never back when empty", "safety: 0s", covered("2025-11-22"), {}, false, "'' 2025-11-22T00:00:00Z"},
      {"a row dated 2099", "safety: 0s", covered("2025-11-20"), "2099-01-01", true,
       "'2025-11-21T12:00:00Z' 2025-11-21T00:00:00Z"},
      {"a row dated 2099, safety", "safety: 13h", covered("2025-11-20"), "2099-01-01", true,
       "'2025-11-20T23:00:00Z' 2025-11-20T23:00:00Z"},
      {"a row behind the window",
       "safety: 0s",
       {},
       "2025-11-21T05:00:00Z",
       true,
       "'2025-11-21T05:00:00Z' 2025-11-21T00:00:00Z"},
      {"a high water of another format",
       "safety: 0s",
       {"17", {}},
       "2025-11-20",
       true,
       "'2025-11-20' 2025-11-20T00:00:00Z"},
      {"epoch", "cursor_format: epoch", {}, "1763600000.5", true, "'1763600000.5' 2025-11-20T00:53:20.5Z"},
      {"epoch in 2099",
       "cursor_format: epoch",
       {"1763600000", {}},
       "4070908800",
       true,
       "'2025-11-21T12:00:00Z' 2025-11-21T00:00:00Z"},
      {"epoch after 2099",
       "cursor_format: epoch",
       {"2025-11-21T12:00:00Z", {}},
       "1763600000",
       true,
       "'2025-11-21T12:00:00Z' 2025-11-20T00:53:20Z"},
  };
  for (const auto& it : cases)
    EXPECT_EQ(text_of(advance(sync_of(std::string("start: 2025-01-01, ") + it.sync), it.state, window,
                              it.largest, server, it.records)),
              it.result)
        << it.what;
}

TEST(Windows, AdvanceWithoutWindows) {
  const auto state = [](const char* format, const std::string& old,
                        const std::optional<std::string>& largest) {
    return advance(sync_of(std::string("cursor_format: ") + format), {old, {}}, {}, largest, now, true)
        .high_water;
  };
  EXPECT_EQ(state("integer", "", "5"), "5");
  EXPECT_EQ(state("integer", "9", "10"), "10");
  EXPECT_EQ(state("integer", "10", "9"), "10");
  EXPECT_EQ(state("integer", "10", {}), "10");
  EXPECT_EQ(state("integer", "not a number", "9"), "9");
  EXPECT_EQ(state("opaque", "z", "a"), "a");
  EXPECT_EQ(state("opaque", "z", {}), "z");
}

TEST(Windows, ALyingServerClockSkipsNothing) {
  const auto sync = sync_of("start: 2025-11-20");
  const Window window{at("2025-11-20"), now};
  EXPECT_EQ(advance(sync, {}, window, {}, at("2099-01-01"), false).covered_until, now);
  EXPECT_EQ(advance(sync, {}, window, "2099-01-01", at("2099-01-02"), true).covered_until, now);
}

// Whatever the API sends: the cursor never goes back, passes neither the window's end nor the server's time
// less safety, and runs that find nothing reach now.
TEST(Windows, RandomRunsNeverGoBack) {
  const std::uint64_t seed = 20'251'121;
  base::Rng rng(seed);
  for (int round = 0; round < 200; ++round) {
    const auto sync = sync_of(fmt::format("start: 2025-11-01, step: {}h, lookback_window: {}h, safety: {}m",
                                          rng.between(1, 100), rng.between(0, 50), rng.between(0, 90)));
    const SyncBounds bounds = bounds_of(sync);
    CursorState state;
    WallTime clock = now;
    for (int run = 0; run < 5; ++run, clock += std::chrono::minutes(rng.between(0, 3000))) {
      const auto list = plan_windows(sync, bounds, state, clock);
      ASSERT_TRUE(list);
      for (const Window& window : *list) {
        const WallTime server = clock + std::chrono::seconds(rng.between(-100, 100));
        std::optional<std::string> largest;
        const bool records = rng.below(2) == 0;
        if (records && rng.below(4) > 0)
          largest =
              text_of(rng.below(20) == 0 ? at("2099-01-01")
                                         : window.start + std::chrono::minutes(rng.between(-500, 5000)));
        const CursorState next = advance(sync, state, window, largest, server, records);
        ASSERT_TRUE(!state.covered_until || next.covered_until >= state.covered_until) << "seed " << seed;
        if (next.covered_until != state.covered_until) {
          ASSERT_LE(next.covered_until, window.end) << "seed " << seed;
          ASSERT_LE(next.covered_until, server - sync.safety) << "seed " << seed;
        }
        ASSERT_TRUE(state.high_water.empty() ||
                    compare_cursors(sync, next.high_water, state.high_water) != std::strong_ordering::less)
            << "seed " << seed;
        state = next;
      }
    }
    const auto last = plan_windows(sync, bounds, state, clock);
    ASSERT_TRUE(last);
    for (const Window& window : *last) state = advance(sync, state, window, {}, clock, false);
    EXPECT_GE(*state.covered_until, clock - sync.safety) << "seed " << seed;
  }
}

TEST(Windows, Operands) {
  const auto operands = [](const std::string& yaml, const CursorState& state,
                           const std::optional<Window>& window) {
    const auto sync = sync_of(yaml);
    const SyncBounds bounds = bounds_of(sync);
    expr::TemplateValues values{.now = now};
    set_operands(sync, bounds, state, window, values);
    std::string text;
    for (const auto* value : {&values.window_start, &values.window_end, &values.cursor}) {
      const auto* time = std::get_if<WallTime>(value);
      text += (text.empty() ? "" : " ") + (time ? text_of(*time) : decode::to_json(std::get<Value>(*value)));
    }
    return text;
  };
  const Window window{at("2025-11-20"), at("2025-11-21")};
  EXPECT_EQ(operands("start: 2025-11-19", {}, window),
            "2025-11-20T00:00:00Z 2025-11-21T00:00:00Z 2025-11-19T00:00:00Z");
  EXPECT_EQ(operands("start: 2025-11-19, lookback_window: 1h", {"x", at("2025-11-20")}, window),
            "2025-11-20T00:00:00Z 2025-11-21T00:00:00Z 2025-11-19T23:00:00Z");
  EXPECT_EQ(operands("cursor_format: integer", {}, {}), "null null null");
  EXPECT_EQ(operands("cursor_format: integer, start: 7", {}, {}), "null null 7");
  EXPECT_EQ(operands("cursor_format: integer, start: 7", {"12", {}}, {}), "null null 12");
  EXPECT_EQ(operands("cursor_format: opaque, start: 7", {}, {}), "null null \"7\"");
  EXPECT_EQ(operands("cursor_format: opaque, start: 7", {"abc", {}}, {}), "null null \"abc\"");
}

}  // namespace
