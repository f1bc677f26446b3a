// Incremental collecting (CO5): the windows of time that one run fetches, and how far the cursor may move
// after each.
//
// Cursors that are times (iso8601, epoch, epoch_ms, a pattern) have windows [start, end), fetched in order:
// after one that failed, later ones of its partition must not advance the state. integer and opaque have one
// pass without windows. Pure; errors are invalid_config.
//
//   const SyncBounds bounds = TRY(render_bounds(sync, values));
//   for (const Window& window : TRY(plan_windows(sync, bounds, state, now))) {
//     set_operands(sync, bounds, state, window, values);
//     CursorTracker tracker(sync);  // sees the cursor value of each row that fits
//     …
//     state = advance(sync, state, window, tracker.largest(), server_time, records_seen);
//   }
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/slicing.hpp"
#include "decode/value.hpp"
#include "expr/template.hpp"

namespace collect {

inline constexpr std::int64_t max_windows = 100'000;      // of one run and partition
inline constexpr std::size_t max_cursor_bytes = 4 << 10;  // longer values are none

struct Window {
  base::WallTime start{}, end{};
  bool operator==(const Window&) const = default;
};

// What the ledger keeps for a partition.
struct CursorState {
  // The largest value as it was sent (opaque: the last), or the latest time allowed, as ISO 8601, where that
  // one lies behind it. Empty: none yet.
  std::string high_water{};
  std::optional<base::WallTime> covered_until{};  // times only: all before it has been collected
  bool operator==(const CursorState&) const = default;
};

// `start` and `end` of the file, rendered: ISO 8601, or as the cursor is written.
struct SyncBounds {
  std::string start{};                     // as rendered; may be empty for integer and opaque
  std::optional<base::WallTime> from, to;  // times only; no `to`: now
};
base::Result<SyncBounds> render_bounds(const config::IncrementalSync& sync,
                                       const expr::TemplateValues& values);

// Of a format that is a time. The first window begins at `start`, or, once something is covered, lookback
// before the later of both; the last ends at `end` or now. None: nothing is due.
base::Result<std::vector<Window>> plan_windows(const config::IncrementalSync& sync, const SyncBounds& bounds,
                                               const CursorState& state, base::WallTime now);

// For templates: window.start, window.end; cursor, which is where collecting goes on: a time, or high_water,
// or the rendered start. `into` points into `bounds` and `state`.
void set_operands(const config::IncrementalSync& sync, const SyncBounds& bounds, const CursorState& state,
                  const std::optional<Window>& window, expr::TemplateValues& into);

// A cursor value as a time, strictly as the format says, in the years 1 to 9999.
std::optional<base::WallTime> cursor_time(const config::IncrementalSync& sync, std::string_view text);

// nullopt: one of them is no value of this format. Opaque values are all equal: only their order of arrival
// counts.
std::optional<std::strong_ordering> compare_cursors(const config::IncrementalSync& sync,
                                                    std::string_view left, std::string_view right);

// The largest cursor value of a slice; of opaque ones the last in page order.
class CursorTracker {
 public:
  explicit CursorTracker(const config::IncrementalSync& sync) : sync_(sync) {}
  bool see(const decode::Value& value);  // of a row that fits; false: it is no cursor of this format
  const std::optional<std::string>& largest() const { return largest_; }

 private:
  const config::IncrementalSync& sync_;
  std::optional<std::string> largest_;
  base::WallTime time_{};  // of a format that is a time: the same
};

// The state after a slice was committed. `largest`: of the rows that fit; `records_seen`: whether the API
// sent any. Nothing ever moves back. covered_until does not pass the window's end, nor `safety` before
// the server's time: a row dated 2099 stops nothing, and a server's false clock skips nothing.
CursorState advance(const config::IncrementalSync& sync, const CursorState& state,
                    const std::optional<Window>& window, const std::optional<std::string>& largest,
                    base::WallTime server_time, bool records_seen);

}  // namespace collect
