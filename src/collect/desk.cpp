#include "collect/desk.hpp"

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
    desk->loads_.emplace(*desk->rows_, parts.clock);
  }
  store::Session& session = desk->rows_ ? *desk->rows_ : *desk->store_;
  desk->destination_.emplace(collector, report.run.id, *rows, session);
  const auto verify = [&]() -> Result<void> {
    if (desk->loads_) TRY(desk->claim(report.run, stop));
    return desk->destination_->verify(stop);
  };
  if (auto verified = verify(); !verified) {
    // What the database does not permit has nothing to do with the API's credentials.
    if (verified.error().code == Code::permission) verified.error().code = Code::invalid_config;
    return verified.error();
  }
  desk->loader_.emplace(parts, collector, report, fetch, progress,
                        LoadTarget{*desk->store_, *desk->ledger_, session, *desk->destination_,
                                   desk->loads_ ? &*desk->loads_ : nullptr});
  return desk;
}

Result<void> Desk::claim(const RunRecord& run, std::stop_token stop) {
  const std::vector<Load> loads = TRY(loads_->claim(run, stop));
  if (loads.empty()) return {};
  for (const Load& load : loads) TRY(ledger_->adopt(load, stop));
  return loads_->forget(run, std::move(stop));
}

Result<std::optional<SliceRecord>> Desk::committed(const RunRecord& run, const std::string& slice,
                                                   std::stop_token stop) {
  if (loads_) {
    const auto load = TRY(loads_->find(run, slice, stop));
    if (load) TRY(ledger_->adopt(*load, stop));
  }
  return ledger_->find_slice(run.id, slice, std::move(stop));
}

}  // namespace collect
