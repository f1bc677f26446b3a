#include "keeper/roster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "collect/entry.hpp"
#include "collect/request.hpp"
#include "schedule/planner.hpp"

namespace keeper {
namespace {

std::string first_of(const config::Faults& faults) {
  const std::vector<config::Fault> sorted = faults.sorted();
  if (sorted.empty()) return "its file cannot be used; pulse validate says why";
  const config::Fault& it = sorted.front();
  const std::string where = it.mark.origin.empty()
                                ? fmt::format("{}:{}:{}", it.file, it.mark.line, it.mark.column)
                                : it.mark.origin;
  std::string text = fmt::format("{}: {}{}{}", where, it.key, it.key.empty() ? "" : " ", it.message);
  if (sorted.size() > 1) text += fmt::format(" (and {} more; see pulse validate)", sorted.size() - 1);
  return text;
}

Kept::Outline outline_of(const config::Collector& it) {
  return {it.description, it.timeout, it.expected_change_every, collect::host_of(it)};
}

void spoil(Member& member, std::string fault, base::WallTime now) {
  member.entry = schedule::Entry{.name = member.entry.name, .after = {}};
  member.collector.reset();
  member.fault = std::move(fault);
  member.invalid_since = now;
  member.is_outdated = false;
}

// Among files of today validation has seen to it. A version before, which goes on, may wait for one that is
// gone since, or in a circle with one that is new: then it cannot go on.
void check_order(Roster& roster, base::WallTime now) {
  for (std::size_t i = 0; i < roster.members.size(); ++i) {
    const auto fault = schedule::order_fault(roster.entries());
    if (!fault) return;
    const auto found = roster.find(fault->substr(0, fault->find(':')));
    if (!found) return;
    Member& member = roster.members[*found];
    const std::string file = member.collector ? member.collector->file : member.entry.name;
    const std::string order = fmt::format("{}: {}", file, fault->substr(member.entry.name.size() + 2));
    spoil(member, member.fault.empty() ? order : member.fault, now);
  }
}

Member member_of(config::CatalogueEntry& it, base::WallTime now) {
  Member member;
  member.entry.name = it.name;
  member.known_since = now;
  if (!it.collector) {
    spoil(member, first_of(it.faults), now);
  } else if (auto entry = collect::entry_of(*it.collector); !entry) {
    spoil(member, fmt::format("{}: {}", it.file, entry.error().message), now);
  } else {
    member.entry = *std::move(entry);
    member.collector = it.stored ? Kept(*it.collector, *it.stored)
                                 : Kept(std::make_shared<config::Collector>(*std::move(it.collector)));
  }
  it.collector.reset();
  it.stored.reset();
  return member;
}

Roster roster_of(std::vector<Member> members) {
  Roster roster{std::move(members)};
  std::stable_sort(roster.members.begin(), roster.members.end(),
                   [](const Member& a, const Member& b) { return a.entry.name < b.entry.name; });
  // Two files of one name are both faulty: one line says so.
  const auto same = [](const Member& a, const Member& b) { return a.entry.name == b.entry.name; };
  roster.members.erase(std::unique(roster.members.begin(), roster.members.end(), same), roster.members.end());
  return roster;
}

}  // namespace

// Copied, so that what stays for good lies together here, and not between what the threads that read files
// have let go.
Kept::Kept(const config::Collector& collector, const config::StoredCollector& stored)
    : data_(std::make_shared<Data>(Data{outline_of(collector), stored})) {}

Kept::Kept(Whole whole) {
  if (!whole) return;
  Outline outline = outline_of(*whole);
  data_ = std::make_shared<Data>(Data{std::move(outline), std::move(whole)});
}

std::shared_ptr<const config::Collector> Kept::load() const {
  if (!data_) return nullptr;
  if (const Whole* whole = std::get_if<Whole>(&data_->content)) return *whole;
  return std::make_shared<config::Collector>(std::get<config::StoredCollector>(data_->content).read());
}

std::optional<std::size_t> Roster::find(std::string_view name) const {
  const auto found =
      std::lower_bound(members.begin(), members.end(), name,
                       [](const Member& member, std::string_view it) { return member.entry.name < it; });
  if (found == members.end() || found->entry.name != name) return std::nullopt;
  return static_cast<std::size_t>(found - members.begin());
}

std::vector<schedule::Entry> Roster::entries() const {
  std::vector<schedule::Entry> entries;
  entries.reserve(members.size());
  for (const Member& member : members) entries.push_back(member.entry);
  return entries;
}

std::vector<std::string> Roster::names() const {
  std::vector<std::string> names;
  for (const Member& member : members) names.push_back(member.entry.name);
  return names;
}

Roster make_roster(config::Catalogue catalogue, base::WallTime now) {
  std::vector<Member> members;
  for (config::CatalogueEntry& it : catalogue.entries) members.push_back(member_of(it, now));
  return roster_of(std::move(members));
}

LoadedRoster load_roster(const config::Settings& settings, const config::Environment& environment,
                         base::WallTime now, const Judge& judge) {
  std::unordered_map<std::string, Member> by_file;
  config::Catalogue catalogue =
      config::load_catalogue(settings, environment, [&](config::CatalogueEntry& it) {
        if (judge) judge(it);
        if (it.collector) by_file.emplace(it.file, member_of(it, now));
      });
  std::vector<Member> members;
  members.reserve(catalogue.entries.size());
  for (config::CatalogueEntry& it : catalogue.entries) {
    const auto read = by_file.find(it.file);
    members.push_back(read != by_file.end() && it.faults.empty() ? std::move(read->second)
                                                                 : member_of(it, now));
  }
  return {roster_of(std::move(members)), std::move(catalogue.faults), catalogue.is_empty_folder};
}

Roster renewed(const Roster& old, config::Catalogue catalogue, base::WallTime now) {
  return renewed(old, make_roster(std::move(catalogue), now), now);
}

Roster renewed(const Roster& old, Roster roster, base::WallTime now) {
  for (Member& member : roster.members) {
    const auto before = old.find(member.entry.name);
    if (!before) continue;
    const Member& was = old.members[*before];
    member.known_since = was.known_since;
    if (member.collector) continue;
    if (was.invalid_since) member.invalid_since = was.invalid_since;
    if (!was.collector) continue;
    const std::string fault = std::move(member.fault);
    member = was;
    member.fault = fault;
    member.is_outdated = true;
  }
  check_order(roster, now);
  return roster;
}

}  // namespace keeper
