// The collectors that a daemon keeps going, as their files say, faulty ones among them (SS3). Plain data; a
// collector's content is shared with the runs that go on with it after a reload.
//
//   Roster roster = make_roster(config::load_catalogue({}, settings, environment, {}), clock.wall());
//   roster = renewed(roster, std::move(catalogue), clock.wall());       // SIGHUP
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "config/catalogue.hpp"
#include "schedule/decision.hpp"

namespace keeper {

struct Member {
  schedule::Entry entry;                               // of a faulty one only its name
  std::shared_ptr<const config::Collector> collector;  // null: its file is faulty
  std::string fault{};  // the first: "collectors/a.yaml:3:1: …"; of this file, now
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

// A file that has become faulty leaves its collector as it was; one that is gone is gone (SS4).
Roster renewed(const Roster& old, config::Catalogue catalogue, base::WallTime now);

}  // namespace keeper
