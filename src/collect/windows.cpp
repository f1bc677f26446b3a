#include "collect/windows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "base/decimal.hpp"
#include "base/text.hpp"
#include "collect/body.hpp"
#include "expr/template_time.hpp"

namespace collect {
namespace {

using base::WallTime;
using config::IncrementalSync;
using decode::Kind;
using decode::Value;
using std::chrono::microseconds;
using Format = IncrementalSync::Format;

constexpr WallTime first_moment = std::chrono::sys_days{std::chrono::year{1} / 1 / 1};
constexpr WallTime after_last_moment = std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1};

microseconds micros(base::Duration duration) { return std::chrono::floor<microseconds>(duration); }

// A decimal number × 10^digits, what is behind that cut off: exact where a double is not.
std::optional<std::int64_t> scaled(std::string_view text, std::size_t digits) {
  const auto plain = base::plain_decimal(text);
  if (!plain) return std::nullopt;
  const std::size_t point = std::min(plain->find('.'), plain->size());
  std::string whole = plain->substr(0, point);
  std::string fraction = plain->substr(std::min(point + 1, plain->size()));
  fraction.resize(digits, '0');
  whole += fraction;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  return error == std::errc{} && end == whole.data() + whole.size() ? std::optional(value) : std::nullopt;
}

std::optional<WallTime> epoch_time(std::string_view text, std::size_t digits) {
  const auto count = scaled(text, digits);
  return count ? std::optional(WallTime{microseconds{*count}}) : std::nullopt;
}

std::optional<std::string> whole_number(std::string_view text) {
  const auto plain = base::plain_decimal(text);
  if (!plain) return std::nullopt;
  const std::string_view stripped = base::strip_trailing_zeros(*plain);
  return stripped.find('.') == std::string_view::npos ? std::optional(std::string(stripped)) : std::nullopt;
}

base::Result<WallTime> bound(const IncrementalSync& sync, const config::Templated& from,
                             const std::string& text) {
  if (const auto time = expr::parse_iso8601(text)) return *time;
  if (const auto time = cursor_time(sync, text)) return *time;
  return base::error(base::Code::invalid_config,
                     "{} is no time; write 2024-01-31, \"{{{{ now - 30d }}}}\", or as cursor_format says",
                     from.is_secret() ? "what the environment gives"
                                      : '"' + base::shorten(base::escape_control(text), 60) + '"');
}

WallTime begin_of(const IncrementalSync& sync, const SyncBounds& bounds, const CursorState& state) {
  if (!state.covered_until) return *bounds.from;
  return std::max(first_moment, std::max(*bounds.from, *state.covered_until) - micros(sync.lookback_window));
}

}  // namespace

std::optional<WallTime> cursor_time(const IncrementalSync& sync, std::string_view text) {
  std::optional<WallTime> time;
  switch (sync.format) {
    case Format::iso8601: time = expr::parse_iso8601(text); break;
    case Format::epoch: time = epoch_time(text, 6); break;
    case Format::epoch_ms: time = epoch_time(text, 3); break;
    case Format::pattern: time = expr::parse_time(text, sync.pattern); break;
    case Format::integer:
    case Format::opaque: break;
  }
  return time && *time >= first_moment && *time < after_last_moment ? time : std::nullopt;
}

std::optional<std::strong_ordering> compare_cursors(const IncrementalSync& sync, std::string_view left,
                                                    std::string_view right) {
  if (sync.format == Format::opaque) return std::strong_ordering::equal;
  if (sync.format == Format::integer) {
    const auto a = whole_number(left), b = whole_number(right);
    return a && b ? std::optional(base::compare_decimal(*a, *b)) : std::nullopt;
  }
  const auto a = cursor_time(sync, left), b = cursor_time(sync, right);
  return a && b ? std::optional(*a <=> *b) : std::nullopt;
}

base::Result<SyncBounds> render_bounds(const IncrementalSync& sync, const expr::TemplateValues& values) {
  SyncBounds bounds;
  if (sync.start) {
    bounds.start = TRY_WITH(render(*sync.start, values), "incremental_sync.start");
    if (sync.is_time())
      bounds.from = TRY_WITH(bound(sync, *sync.start, bounds.start), "incremental_sync.start");
  }
  if (sync.end && sync.is_time()) {
    const std::string end = TRY_WITH(render(*sync.end, values), "incremental_sync.end");
    bounds.to = TRY_WITH(bound(sync, *sync.end, end), "incremental_sync.end");
  }
  return bounds;
}

base::Result<std::vector<Window>> plan_windows(const IncrementalSync& sync, const SyncBounds& bounds,
                                               const CursorState& state, WallTime now) {
  CHECK(sync.is_time() && bounds.from, "only times have windows, and they need a start");
  const WallTime begin = begin_of(sync, bounds, state), end = bounds.to.value_or(now);
  std::vector<Window> windows;
  if (begin >= end) return windows;
  const microseconds step = sync.step ? std::max(microseconds{1}, micros(*sync.step)) : end - begin;
  const std::int64_t count = (end - begin - microseconds{1}) / step + 1;
  if (count > max_windows)
    return base::error(base::Code::invalid_config,
                       "incremental_sync.step: {} windows from {} to {}, {} are allowed; make step longer, "
                       "or let start be later",
                       count, expr::format_iso8601(begin), expr::format_iso8601(end), max_windows);
  windows.reserve(static_cast<std::size_t>(count));
  for (WallTime at = begin; at < end; at = windows.back().end)
    windows.push_back({at, std::min(at + step, end)});
  return windows;
}

void set_operands(const IncrementalSync& sync, const SyncBounds& bounds, const CursorState& state,
                  const std::optional<Window>& window, expr::TemplateValues& into) {
  into.window_start = window ? expr::TemplateValue(window->start) : expr::TemplateValue();
  into.window_end = window ? expr::TemplateValue(window->end) : expr::TemplateValue();
  if (sync.is_time()) {
    into.cursor = bounds.from ? expr::TemplateValue(begin_of(sync, bounds, state)) : expr::TemplateValue();
    return;
  }
  const std::string& text = state.high_water.empty() ? bounds.start : state.high_water;
  if (text.empty())
    into.cursor = Value{};
  else if (sync.format == Format::integer && base::plain_decimal(text))
    into.cursor = Value::number(text);
  else
    into.cursor = Value::string(text);
}

bool CursorTracker::see(const Value& value) {
  const std::string_view text = value.kind() == Kind::spoiled ? std::string_view() : value.text();
  if (text.empty() || text.size() > max_cursor_bytes) return false;
  if (sync_.is_time()) {
    const auto time = cursor_time(sync_, text);
    if (!time) return false;
    if (largest_ && *time <= time_) return true;
    time_ = *time;
  } else if (sync_.format == Format::integer) {
    if (!whole_number(text)) return false;
    if (largest_ && compare_cursors(sync_, text, *largest_) != std::strong_ordering::greater) return true;
  }
  largest_ = text;
  return true;
}

CursorState advance(const IncrementalSync& sync, const CursorState& state,
                    const std::optional<Window>& window, const std::optional<std::string>& largest,
                    WallTime server_time, bool records_seen) {
  CursorState next = state;
  if (!sync.is_time()) {
    const bool ahead =
        largest && (sync.format == Format::opaque ||
                    compare_cursors(sync, *largest, state.high_water) != std::strong_ordering::less);
    if (ahead) next.high_water = *largest;
    return next;
  }
  const WallTime latest = server_time - micros(sync.safety);
  std::optional<WallTime> covered;
  if (const auto time = largest ? cursor_time(sync, *largest) : std::nullopt) {
    covered = std::min(*time, latest);
    auto before = cursor_time(sync, state.high_water);
    if (!before) before = expr::parse_iso8601(state.high_water);
    if (!before || *before < *covered)
      next.high_water = *time <= latest ? *largest : expr::format_iso8601(latest);
  } else if (!records_seen && window) {
    covered = latest;
  }
  if (covered && window) covered = std::min(*covered, window->end);
  if (covered && (!state.covered_until || *state.covered_until < *covered)) next.covered_until = covered;
  return next;
}

}  // namespace collect
