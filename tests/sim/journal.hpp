// What truly happened, as the fake runs tell it when it happens; and what must never happen, found at once.
// It knows neither the planner nor the ledger.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collect/outcome.hpp"
#include "sim/fleet.hpp"

namespace sim {

class Journal {
 public:
  explicit Journal(const Fleet& fleet) : fleet_(fleet) {}

  void launched(int keeper, const std::string& collector, std::size_t under_way, std::size_t workers);
  // The ledger has agreed.
  void begun(int keeper, const collect::RunRecord& run, base::WallTime now);
  void ended(int keeper, const collect::RunRecord& run);
  void recorded(const collect::RunRecord& run, std::optional<base::WallTime> retry_at);  // its end
  void not_begun(int keeper, const std::string& collector);
  void died(int keeper);  // with all its runs
  void clock_set(base::WallTime before, base::WallTime after);

  bool near_jump(base::WallTime time) const;
  // The newest slot that a run began for.
  std::optional<base::WallTime> newest(const std::string& collector) const;
  bool clock_was_set() const { return !jumps_.empty(); }
  void fault(std::string text);
  const std::vector<std::string>& faults() const { return faults_; }
  std::int64_t runs() const { return runs_; }

 private:
  struct Run {
    std::string id;
    int keeper;
  };
  const Fleet& fleet_;
  std::map<std::string, Run> under_way_;                       // by collector
  std::map<int, std::multiset<std::string>> launched_;         // by keeper
  std::map<std::string, std::set<base::WallTime>> succeeded_;  // slots
  std::set<std::string> known_;                                // collectors with a slot
  std::map<std::string, base::WallTime> not_before_, newest_;
  std::vector<base::WallTime> jumps_;
  std::vector<std::string> faults_;
  std::int64_t runs_ = 0;
};

}  // namespace sim
