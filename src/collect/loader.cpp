#include "collect/loader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace collect {
namespace {

using base::Result;
using Disposition = config::Destination::WriteDisposition;

// What is kept of a slice: more is counted, not kept.
constexpr std::size_t max_bad_kept = 10'000, max_bad_bytes = std::size_t{64} << 20, max_rows_shown = 10'000;

std::string first_reasons(const std::vector<BadRecord>& bad) {
  std::string reasons;
  for (std::size_t i = 0; i < bad.size() && i < 3; ++i)
    reasons += fmt::format("{}record {}: {}{}{}", i == 0 ? "" : "; ", bad[i].position, bad[i].column,
                           bad[i].column.empty() ? "" : " ", bad[i].reason);
  return reasons;
}

void add_rows(Counts& all, const Counts& slice) {
  all.staged += slice.staged;
  all.inserted += slice.inserted;
  all.updated += slice.updated;
  all.unchanged += slice.unchanged;
  all.deleted += slice.deleted;
  all.conflicts += slice.conflicts;
}

}  // namespace

Loader::Loader(const RunnerParts& parts, const config::Collector& collector, RunReport& report,
               http::FetchOptions fetch, ProgressSink progress, std::optional<LoadTarget> target)
    : parts_(parts),
      collector_(collector),
      report_(report),
      fetch_(std::move(fetch)),
      progress_(std::move(progress)),
      target_(target),
      mapper_(target ? target->destination.fields() : collector.fields,
              {.contract = collector.destination.schema_contract,
               .lacking = target ? target->destination.lacking() : std::vector<std::string>{}}),
      reader_({parts.engine, parts.clock, parts.redactor,
               [this] {
                 if (progress_) progress_({.phase = Progress::Phase::decode, .expected = {}, .note = {}});
               }},
              collector.requester, collector.paginator, collector.decoder, collector.record_selector) {}

// What the database does not permit has nothing to do with the API's credentials.
template <class T>
Result<T> Loader::of_store(Result<T> result) {
  if (result) return result;
  fatal_ = true;
  if (result.error().code == base::Code::permission) result.error().code = base::Code::invalid_config;
  return result;
}

Result<SliceEnd> Loader::load(const std::string& name, const std::vector<Unit>& units, CursorState& state,
                              std::stop_token stop) {
  rows_shown_ = report_.rows.size();
  set_ = {};
  TRY(begin_slice(stop));
  for (const Unit& unit : units) TRY(read(unit, state, &unit == units.data(), stop));

  // A set that is not whole may add to what is there; it may not take its place, nor come twice (CO3).
  const bool only_whole = collector_.destination.write_disposition == Disposition::replace ||
                          collector_.destination.primary_key.empty();
  const SliceEnd incomplete{SliceEnd::State::incomplete, set_.incomplete};
  if (!set_.incomplete.empty() && only_whole) return incomplete;
  if (auto reason = reason_to_reject()) {
    if (target_) TRY(quarantine_alone(stop));
    keep_bad();
    return SliceEnd{SliceEnd::State::rejected, std::move(*reason)};
  }
  if (target_) {
    SliceEnd end = TRY(commit(name, units, state, stop));
    if (end.state == SliceEnd::State::rejected) return end;
  } else {
    keep_bad();
    add_rows(report_.run.counts, counts_);
  }
  if (!set_.incomplete.empty()) return incomplete;
  SliceEnd end{set_.records == 0 ? SliceEnd::State::empty : SliceEnd::State::committed};
  end.without_total = set_.without_total;
  end.without_cursor = tracker_ && !tracker_->largest() && position_ > bad_count_;
  return end;
}

Result<void> Loader::begin_slice(std::stop_token stop) {
  counts_ = {};
  position_ = 0;
  bad_.clear();
  bad_count_ = 0;
  bad_bytes_ = 0;
  failed_.reset();
  tracker_.reset();
  if (collector_.incremental_sync) tracker_.emplace(*collector_.incremental_sync);
  report_.rows.resize(rows_shown_);
  if (target_) TRY(of_store(target_->destination.reset(std::move(stop))));
  return {};
}

Result<void> Loader::read(const Unit& unit, const CursorState& state, bool is_first, std::stop_token stop) {
  expr::TemplateValues values;
  values.now = parts_.clock.wall();
  values.partitions = unit.partition->values;
  if (collector_.incremental_sync)
    set_operands(*collector_.incremental_sync, unit.bounds, state, unit.window, values);
  TRY(mapper_.begin_slice(values));
  const PageSet before = set_;
  const auto take_page = [&](const Page& page) { return take(page, stop); };
  const auto restart = [&]() -> Result<void> {
    if (is_first) return begin_slice(stop);
    return base::error(base::Code::unavailable,
                       "the API asked to begin again, among partitions that are loaded together: {}",
                       unit.partition->key);
  };
  const auto read = reader_.read(values, fetch_, take_page, restart, set_, stop);
  duplicate_keys_ += set_.duplicate_keys - before.duplicate_keys;
  Counts& counts = report_.run.counts;
  counts.pages += set_.pages - before.pages;
  counts.received_bytes += set_.received_bytes - before.received_bytes;
  counts.records += set_.records - before.records;
  return read;
}

// A row, or nothing: then the record was set aside, dropped, or ends the run.
std::optional<std::span<const store::Param>> Loader::map(const decode::Value& record, const Page& page) {
  ++position_;
  const auto row = mapper_.map(record, page.document, position_);
  if (row) {
    if (!tracker_) return row;
    const auto cursor = mapper_.evaluate(collector_.incremental_sync->cursor_field, record);
    if (cursor) tracker_->see(*cursor);  // a row without one is as good as others, but moves no cursor
    return row;
  }
  std::optional<BadRecord> bad = mapper_.take_bad();
  if (!bad) return std::nullopt;
  if (bad->fatal) {
    fatal_ = true;
    failed_ = base::error(base::Code::invalid_data, "record {}: {} {}; schema_contract: freeze stops at it",
                          position_, bad->column, bad->reason);
  }
  set_aside(std::move(*bad));
  return std::nullopt;
}

// An API may echo credentials in its records.
void Loader::set_aside(BadRecord bad) {
  ++bad_count_;
  if (bad_.size() >= max_bad_kept || bad_bytes_ >= max_bad_bytes) return;
  bad.reason = parts_.redactor.redact(bad.reason);
  bad.raw = parts_.redactor.redact(bad.raw);
  bad_bytes_ += bad.raw.size();
  bad_.push_back(std::move(bad));
}

Result<void> Loader::take(const Page& page, std::stop_token stop) {
  std::size_t next = 0;
  const store::RowSource rows = [&]() -> std::optional<std::span<const store::Param>> {
    while (next < page.records.size() && !failed_)
      if (const auto row = map(page.records[next++], page)) return row;
    return std::nullopt;
  };
  if (target_)
    TRY(of_store(target_->destination.stage(rows, std::move(stop))));
  else
    while (const auto row = rows()) show_row(*row);
  if (progress_)
    progress_({.phase = Progress::Phase::stage,
               .expected = {},
               .rows = report_.run.counts.staged + position_,
               .note = {}});
  if (failed_) return *failed_;
  return {};
}

void Loader::show_row(std::span<const store::Param> row) {
  ++counts_.staged;
  if (report_.rows.size() >= max_rows_shown) return;
  std::vector<store::Cell> cells = store::to_cells(row);
  for (store::Cell& cell : cells)
    if (auto* text = std::get_if<std::string>(&cell)) *text = parts_.redactor.redact(*text);
  report_.rows.push_back(std::move(cells));
}

// More bad rows than allowed: nothing of the batch is committed (CO10).
std::optional<std::string> Loader::reason_to_reject() const {
  if (!collector_.max_bad_rows.exceeded(bad_count_, position_)) return std::nullopt;
  return fmt::format("{} of {} records do not fit, more than max_bad_rows allows; nothing was committed: {}",
                     bad_count_, position_, first_reasons(bad_));
}

void Loader::keep_bad() {
  report_.run.counts.quarantined += bad_count_;
  const std::size_t room = max_bad_kept - std::min(max_bad_kept, report_.quarantined.size());
  const auto end = bad_.begin() + static_cast<std::ptrdiff_t>(std::min(room, bad_.size()));
  std::move(bad_.begin(), end, std::back_inserter(report_.quarantined));
  bad_.clear();
}

// The rows are refused, what they looked like is not lost (CO10).
Result<void> Loader::quarantine_alone(std::stop_token stop) {
  return of_store(
      target_->session.transact(store::Access::write, std::move(stop), [&](store::Connection& connection) {
        return target_->ledger.quarantine(connection, report_.run, bad_);
      }));
}

Result<SliceEnd> Loader::commit(const std::string& name, const std::vector<Unit>& units, CursorState& state,
                                std::stop_token stop) {
  const bool replace = collector_.destination.write_disposition == Disposition::replace;
  Destination& destination = target_->destination;
  const bool load = position_ > 0 || replace;
  if (set_.records == 0 && !replace && !tracker_ && name == "all") return SliceEnd{};  // nothing to record
  if (load) TRY(of_store(destination.fold(counts_, stop)));
  if (progress_)
    progress_({.phase = Progress::Phase::commit, .expected = {}, .rows = counts_.staged, .note = {}});

  const Unit* const unit = units.size() == 1 ? &units.front() : nullptr;  // only one has a cursor
  CursorState moved = state;
  if (unit != nullptr && tracker_ && set_.incomplete.empty())
    moved = advance(*collector_.incremental_sync, state, unit->window, tracker_->largest(),
                    set_.server_time.value_or(parts_.clock.wall()), set_.records > 0);
  counts_.records = set_.records;
  counts_.quarantined = bad_count_;
  std::optional<Destination::Shrunk> shrunk;
  const auto work = [&](store::Connection& connection) -> Result<void> {
    if (replace) shrunk = TRY(destination.shrunk(connection, counts_));
    if (shrunk) return {};
    if (load) TRY(destination.merge(connection, parts_.clock.wall(), counts_));
    TRY(target_->ledger.quarantine(connection, report_.run, bad_));
    SliceRecord slice;
    slice.name = name;
    if (unit != nullptr) slice.partition = unit->partition->key;
    if (unit != nullptr && unit->window) {
      slice.window_start = unit->window->start;
      slice.window_end = unit->window->end;
    }
    slice.counts = counts_;
    TRY(target_->ledger.commit_slice(connection, report_.run, slice));
    if (moved == state) return {};
    CursorRecord cursor;
    cursor.collector = collector_.name;
    cursor.partition = unit->partition->key;
    cursor.high_water = moved.high_water;
    cursor.covered_until = moved.covered_until;
    cursor.definition = collector_.definition;
    cursor.run = report_.run.id;
    return target_->ledger.save_cursor(connection, cursor);
  };
  if (auto committed = target_->session.transact(store::Access::write, stop, work); !committed) {
    // A commit whose answer was lost is looked up, never guessed (CO2); with a fresh token, for it is over.
    committed = of_store(std::move(committed));
    if (committed.error().code != base::Code::unavailable) return committed.error();
    const auto found = target_->ledger.is_committed(report_.run.id, name, {});
    if (!found || !*found) return committed.error();
    fatal_ = false;
  }
  if (shrunk) {
    TRY(quarantine_alone(stop));
    keep_bad();
    return SliceEnd{SliceEnd::State::rejected,
                    fmt::format("the table would shrink from {} rows to {}, to less than half; nothing was "
                                "changed",
                                shrunk->before, shrunk->staged)};
  }
  state = std::move(moved);
  keep_bad();
  add_rows(report_.run.counts, counts_);
  return SliceEnd{};
}

}  // namespace collect
