#include "collect/desk.hpp"

#include <map>

#include "store/migrations.hpp"

namespace collect {

using base::Code;
using base::Result;

Result<store::Database*> destination_of(const RunnerParts& parts, const config::Collector& collector,
                                        std::stop_token stop) {
  const std::string& name = collector.destination.database;
  if (name == "store") return parts.database;
  if (!parts.databases)
    return base::error(Code::invalid_config, "destination.database {}: there are no other databases", name);
  return parts.databases(name, std::move(stop));
}

Result<std::unique_ptr<Desk>> Desk::open(const RunnerParts& parts, const config::Collector& collector,
                                         RunReport& report, const http::FetchOptions& fetch,
                                         const ProgressSink& progress, std::stop_token stop) {
  std::unique_ptr<Desk> desk(new Desk());
  store::Database* const rows = TRY(destination_of(parts, collector, stop));
  desk->store_ = TRY(parts.database->session(stop));
  desk->ledger_.emplace(*desk->store_, parts.clock);
  if (rows != parts.database) {
    desk->rows_ = TRY(rows->session(stop));
    desk->loads_.emplace(*rows, *desk->rows_, parts.clock);
  }
  store::Session& session = desk->rows_ ? *desk->rows_ : *desk->store_;
  desk->destination_.emplace(collector, report.run.id, *rows, session);
  const auto verify = [&]() -> Result<void> {
    if (desk->loads_) TRY(desk->claim(report.run, stop));
    return desk->destination_->verify(stop);
  };
  TRY(verify());
  desk->loader_.emplace(parts, collector, report, fetch, progress,
                        LoadTarget{*desk->store_, *desk->ledger_, session, *desk->destination_,
                                   desk->loads_ ? &*desk->loads_ : nullptr});
  return desk;
}

// Through a write: whatever of this run is still under way in the database, since its connection broke, ends
// first.
Result<void> Desk::hold(store::Session& session, RunRecord& run, std::stop_token stop) {
  bool held = true;
  TRY(session.transact(
      store::Access::write, std::move(stop), [&](store::Connection& connection) -> Result<void> {
        held = TRY(&session == &*store_ ? ledger_->hold(connection, run) : loads_->hold(connection, run));
        return {};
      }));
  if (held) return {};
  say_lost(run);
  return base::error(Code::cancelled, "{}", run.error);
}

// Not by a run that is lost: its successor may be at work there.
Result<void> Desk::claim(RunRecord& run, std::stop_token stop) {
  TRY(hold(*store_, run, stop));
  const std::string store = TRY(store::ledger_identity(*store_, stop));
  const std::vector<Load> loads = TRY(loads_->claim(store, run, stop));
  if (loads.empty()) return {};
  for (const Load& load : loads) TRY(ledger_->adopt(load, stop));
  return loads_->forget_earlier(run, std::move(stop));
}

Result<std::vector<CursorRecord>> Desk::cursors(const RunRecord& run, std::stop_token stop) {
  auto cursors = TRY(ledger_->cursors(run.collector, stop));
  std::map<std::string, std::string> contents;
  if (loads_) contents = TRY(loads_->contents(run, std::move(stop)));
  for (CursorRecord& it : cursors) {
    const bool is_held = !loads_ || contents[it.partition] == it.content_hash;
    if (!is_held || it.definition != run.definition) {
      it.etag.clear();
      it.last_modified.clear();
      it.content_hash.clear();
    }
  }
  return cursors;
}

Result<void> Desk::forget_loads(const RunRecord& run, std::stop_token stop) {
  return loads_ ? loads_->forget(run, std::move(stop)) : Result<void>();
}

Result<std::optional<SliceRecord>> Desk::committed(RunRecord& run, const std::string& slice,
                                                   std::stop_token stop) {
  if (loads_) {
    TRY(hold(*rows_, run, stop));
    const auto load = TRY(loads_->find(run, slice, stop));
    if (load) TRY(ledger_->adopt(*load, stop));
  }
  TRY(hold(*store_, run, stop));
  return ledger_->find_slice(run.id, slice, std::move(stop));
}

}  // namespace collect
