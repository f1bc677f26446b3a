#include "collect/loader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "collect/page_stream.hpp"
#include "resilience/backoff.hpp"

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

}  // namespace

Loader::Loader(const RunnerParts& parts, const config::Collector& collector, RunReport& report,
               http::FetchOptions fetch, ProgressSink progress, std::optional<LoadTarget> target)
    : parts_(parts),
      collector_(collector),
      report_(report),
      fetch_(std::move(fetch)),
      progress_(std::move(progress)),
      target_(target),
      recognises_(target && may_recognise(collector)),
      lacks_columns_(target && !target->destination.lacking().empty()),
      mapper_(target ? target->destination.fields() : collector.fields,
              {.contract = collector.destination.schema_contract,
               .lacking = target ? target->destination.lacking() : std::vector<std::string>{},
               .lists = target ? target->destination.list_style() : store::ListStyle::json}),
      reader_({parts.engine, parts.clock, parts.redactor,
               [this] {
                 if (progress_) progress_({.phase = Progress::Phase::decode, .expected = {}, .note = {}});
               },
               collector.api_budget},
              collector.requester, collector.paginator, collector.decoder, collector.record_selector) {}

template <class T>
Result<T> Loader::of_store(Result<T> result) {
  if (result) return result;
  fault_ = Fault::store;
  return of_database(std::move(result).error());
}

Result<SliceEnd> Loader::load(const std::string& name, const std::vector<Unit>& units, Standing& state,
                              std::stop_token stop) {
  rows_shown_ = report_.rows.size();
  fault_ = Fault::source;
  set_ = {};
  TRY(begin_slice(stop));
  TRY(read_all(units, state, stop));
  if (set_.not_modified) return commit_not_modified(name, units.front(), state, stop);

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
  dropped_before_ = mapper_.dropped();
  failed_.reset();
  tracker_.reset();
  if (collector_.incremental_sync) tracker_.emplace(*collector_.incremental_sync);
  report_.rows.resize(rows_shown_);
  if (target_) TRY(of_store(target_->destination.reset(std::move(stop))));
  return {};
}

Result<void> Loader::read_all(const std::vector<Unit>& units, const Standing& state, std::stop_token stop) {
  for (const Unit& unit : units) {
    expr::TemplateValues values;
    values.now = parts_.clock.wall();
    values.partitions = unit.partition->values;
    if (collector_.incremental_sync)
      set_operands(*collector_.incremental_sync, unit.bounds, state.cursor, unit.window, values);
    std::optional<Recognition> recognition;
    if (recognises_ && !lacks_columns_ && units.size() == 1)
      recognition.emplace(state.answer, TRY(slice_context(collector_, values)));
    TRY(read({values, fetch_, recognition ? &*recognition : nullptr}, *unit.partition, &unit == units.data(),
             stop));
  }
  return {};
}

Result<void> Loader::read(const PageQuery& query, const Partition& partition, bool is_first,
                          std::stop_token stop) {
  TRY(mapper_.begin_slice(query.values));
  const PageSet before = set_;
  const auto restart = [&]() -> Result<void> {
    if (is_first) return begin_slice(stop);
    return base::error(base::Code::unavailable,
                       "the API asked to begin again, among partitions that are loaded together: {}",
                       partition.key);
  };
  const auto read = stream_pages(
      reader_, query, {.take = [&](const Page& page) { return take(page, stop); }, .restart = restart}, set_,
      stop);
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
    fault_ = Fault::file;
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
  return transact(target_->store, std::move(stop), [&](store::Connection& connection) {
    return target_->ledger.quarantine(connection, report_.run, bad_);
  });
}

// ---- the commit ----

base::Error Loader::lost() {
  say_lost(report_.run);
  return base::error(base::Code::cancelled, "{}", report_.run.error);
}

// What others did at the same time (a deadlock, a conflicting change) is no reason to fetch again: the staged
// rows are still there.
Result<void> Loader::transact(store::Session& session, std::stop_token stop, const store::Work& work) {
  constexpr unsigned attempts = 5;
  const resilience::Backoff backoff{.base = std::chrono::milliseconds{50}, .cap = std::chrono::seconds{1}};
  for (unsigned retry = 0;; ++retry) {
    auto done = of_store(session.transact(store::Access::write, stop, work));
    if (done || done.error().code != base::Code::conflict || retry + 1 == attempts) return done;
    if (!parts_.clock.sleep_for(backoff.delay(retry, {}, parts_.rng), stop)) return done;
  }
}

// Nothing is staged, nothing of the table changes; but the slice is done.
Result<SliceEnd> Loader::commit_not_modified(const std::string& name, const Unit& unit, Standing& state,
                                             std::stop_token stop) {
  const SliceRecord slice = slice_record(name, &unit);
  const auto cursor = cursor_record(&unit, state, state.cursor);
  TRY(transact(target_->store, std::move(stop), [&](store::Connection& connection) -> Result<void> {
    if (!TRY(target_->ledger.hold(connection, report_.run))) return lost();
    TRY(target_->ledger.commit_slice(connection, report_.run, slice));
    return cursor ? target_->ledger.save_cursor(connection, *cursor) : Result<void>();
  }));
  state.answer = set_.answer;
  return SliceEnd{SliceEnd::State::not_modified};
}

SliceRecord Loader::slice_record(const std::string& name, const Unit* unit) const {
  SliceRecord slice;
  slice.name = name;
  slice.open = !set_.incomplete.empty();
  if (unit != nullptr) slice.partition = unit->partition->key;
  if (unit != nullptr && unit->window) {
    slice.window_start = unit->window->start;
    slice.window_end = unit->window->end;
  }
  return slice;
}

// Also one that has only lost its answer: that is not what the table holds any more.
std::optional<CursorRecord> Loader::cursor_record(const Unit* unit, const Standing& from,
                                                  const CursorState& to) const {
  const bool has_answer = recognises_ && (from.is_recorded || !set_.answer.content.empty());
  if (unit == nullptr || (to == from.cursor && !has_answer)) return std::nullopt;
  CursorRecord cursor;
  cursor.collector = collector_.name;
  cursor.partition = unit->partition->key;
  cursor.high_water = to.high_water;
  cursor.covered_until = to.covered_until;
  cursor.etag = set_.answer.etag;
  cursor.last_modified = set_.answer.last_modified;
  cursor.content_hash = set_.answer.content;
  cursor.definition = collector_.definition;
  cursor.run = report_.run.id;
  return cursor;
}

Result<void> Loader::write_rows(store::Connection& connection) {
  Destination& destination = target_->destination;
  shrunk_ = TRY(destination.shrunk(connection, counts_));
  const bool replace = collector_.destination.write_disposition == Disposition::replace;
  if (shrunk_ || (position_ == 0 && !replace)) return {};
  return destination.merge(connection, parts_.clock.wall(), counts_);
}

Result<void> Loader::commit_together(const Load& load, std::stop_token stop) {
  return transact(target_->store, std::move(stop), [&](store::Connection& connection) -> Result<void> {
    Ledger& ledger = target_->ledger;
    if (!TRY(ledger.hold(connection, report_.run))) return lost();
    TRY(write_rows(connection));
    if (shrunk_) return {};
    TRY(ledger.quarantine(connection, report_.run, bad_));
    SliceRecord slice = load.slice;
    slice.counts = counts_;
    TRY(ledger.commit_slice(connection, report_.run, slice));
    return load.cursor ? ledger.save_cursor(connection, *load.cursor) : Result<void>();
  });
}

// What was set aside goes first: should this be all that happens, it is set aside again.
Result<void> Loader::commit_apart(const Load& load, std::stop_token stop) {
  Load done = load;
  TRY(transact(target_->store, stop, [&](store::Connection& connection) -> Result<void> {
    if (!TRY(target_->ledger.hold(connection, report_.run))) return lost();
    return target_->ledger.quarantine(connection, report_.run, bad_);
  }));
  TRY(transact(target_->rows, stop, [&](store::Connection& connection) -> Result<void> {
    if (!TRY(target_->loads->hold(connection, report_.run))) return lost();
    TRY(write_rows(connection));
    if (shrunk_) return {};
    done.slice.counts = counts_;
    return target_->loads->record(connection, report_.run, done);
  }));
  return shrunk_ ? Result<void>() : of_store(target_->ledger.adopt(done, std::move(stop)));
}

Result<SliceEnd> Loader::commit(const std::string& name, const std::vector<Unit>& units, Standing& state,
                                std::stop_token stop) {
  const bool replace = collector_.destination.write_disposition == Disposition::replace;
  if (set_.records == 0 && !replace && !tracker_ && name == "all") return SliceEnd{};  // nothing to record
  if (position_ > 0 || replace) TRY(of_store(target_->destination.fold(counts_, stop)));
  if (progress_)
    progress_({.phase = Progress::Phase::commit, .expected = {}, .rows = counts_.staged, .note = {}});

  // What the table would not take may be taken tomorrow, from the same answer.
  if (bad_count_ > 0 || mapper_.dropped() > dropped_before_) set_.answer = {};
  const Unit* const unit = units.size() == 1 ? &units.front() : nullptr;  // only one has a cursor
  CursorState moved = state.cursor;
  if (unit != nullptr && tracker_ && set_.incomplete.empty())
    moved = advance(*collector_.incremental_sync, state.cursor, unit->window, tracker_->largest(),
                    set_.server_time.value_or(parts_.clock.wall()), set_.records > 0);
  counts_.records = set_.records;
  counts_.quarantined = bad_count_;
  const Load load{report_.run.id, slice_record(name, unit), cursor_record(unit, state, moved)};
  TRY(target_->loads == nullptr ? commit_together(load, stop) : commit_apart(load, stop));
  if (shrunk_) {
    TRY(quarantine_alone(stop));
    keep_bad();
    return SliceEnd{SliceEnd::State::rejected,
                    fmt::format("the table would shrink from {} rows to {}, to less than half; nothing was "
                                "changed",
                                shrunk_->before, shrunk_->staged)};
  }
  state = {std::move(moved), set_.answer, state.is_recorded || load.cursor};
  keep_bad();
  add_rows(report_.run.counts, counts_);
  return SliceEnd{};
}

}  // namespace collect
