// The collectors that a daemon keeps going, as their files say, faulty ones among them (SS3). Plain data. Of
// each it keeps the file's text and what is asked of it all the time; a run has it read again.
//
//   LoadedRoster loaded = load_roster(settings, environment, clock.wall());   // loaded.roster, loaded.faults
//   Roster newer = renewed(loaded.roster, load_roster(…).roster, clock.wall());       // SIGHUP
//   std::shared_ptr<const config::Collector> collector = newer.members[0].collector.load();
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "config/catalogue.hpp"
#include "schedule/decision.hpp"

namespace keeper {

// A collector that is read when it is wanted, always as it was loaded. Used like a pointer to one, whose
// every access may read it anew: hold what load() gives. Copies are cheap, and share.
class Kept {
 public:
  struct Outline {
    std::string description;
    base::Duration timeout{};
    std::optional<base::Duration> expected_change_every;
    std::string host;  // that it asks; "": a template says it
  };
  Kept() = default;  // none
  Kept(std::nullptr_t) {}
  Kept(std::shared_ptr<const config::Collector> whole);  // kept as it is
  Kept(std::shared_ptr<config::Collector> whole) : Kept(Whole(std::move(whole))) {}
  Kept(const config::Collector& collector, const config::StoredCollector& stored);

  explicit operator bool() const { return data_ != nullptr; }
  void reset() { data_.reset(); }
  const Outline& outline() const { return data_->outline; }
  std::shared_ptr<const config::Collector> load() const;
  operator std::shared_ptr<const config::Collector>() const { return load(); }
  std::shared_ptr<const config::Collector> operator->() const { return load(); }

 private:
  using Whole = std::shared_ptr<const config::Collector>;
  struct Data {
    Outline outline;
    std::variant<Whole, config::StoredCollector> content;
  };
  std::shared_ptr<const Data> data_;
};

struct Member {
  schedule::Entry entry;  // of a faulty one only its name
  Kept collector;         // none: its file is faulty
  std::string fault{};    // the first: "collectors/a.yaml:3:1: …"; of this file, now
  base::WallTime known_since{};
  std::optional<base::WallTime> invalid_since{};
  bool is_outdated = false;  // its file became faulty; what runs is the version before
};

struct Roster {
  std::vector<Member> members;  // by name, each once
  std::optional<std::size_t> find(std::string_view name) const;
  std::vector<schedule::Entry> entries() const;
  std::vector<std::string> names() const;
};

Roster make_roster(config::Catalogue catalogue, base::WallTime now);

// The folder's, without a moment at which all collectors are in memory. `judge` may add faults to an entry
// that those see who collect; it lets go of its collector then.
struct LoadedRoster {
  Roster roster;
  config::Faults faults;         // of the folder itself, or of an override that names no collector
  bool is_empty_folder = false;  // that the folder holds no collector files is the only one of them
};
using Judge = std::function<void(config::CatalogueEntry&)>;
LoadedRoster load_roster(const config::Settings& settings, const config::Environment& environment,
                         base::WallTime now, const Judge& judge = {});

// A file that has become faulty leaves its collector as it was; one that is gone is gone (SS4).
Roster renewed(const Roster& old, Roster fresh, base::WallTime now);
Roster renewed(const Roster& old, config::Catalogue catalogue, base::WallTime now);

}  // namespace keeper
