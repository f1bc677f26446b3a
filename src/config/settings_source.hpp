// Where the settings of a program come from: finds its file, reads that and .env, and puts the environment
// above both. What is left for the program is to read its table from the tree. Internal to this folder.
//
//   const SettingsSource source = *read_source({.program = "pulse"}, query, table.keys(), faults);
//   Context context = source.context(faults);
//   auto settings = table.read(source.root, context);
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/database_address.hpp"
#include "config/descriptor.hpp"
#include "config/node.hpp"
#include "config/shared_settings.hpp"

namespace config {

// A variable that owners already have under another name: it stands in where nobody set its key, and an empty
// one is none.
struct StandIn {
  std::string_view variable, path;  // DATABASE_URL, store
};

struct ProgramFiles {
  std::string_view program;  // pulse: pulse.yaml, PULSE_…
  // Other software has variables of our prefix: one that has no level below and is not even near to a key of
  // ours is taken for theirs. Else it is a fault, as every name is that we do not know.
  bool prefix_is_shared = false;
  std::vector<StandIn> stand_ins{};
};

struct SettingsSource {
  std::string program;
  Node root;  // a mapping, unless the file holds something else
  Environment environment;
  std::filesystem::path base;  // paths in the file are relative to it
  std::filesystem::path file;  // empty: none was found

  Context context(Faults& faults) const;
  void place(DatabaseAddress& address) const;  // puts `base` before a path
};

// Nothing: no tree could be read, and the reason is among the faults. Else there may be faults as well.
std::optional<SettingsSource> read_source(const ProgramFiles& files, const SettingsQuery& query,
                                          const std::vector<KeyInfo>& keys, Faults& faults);

}  // namespace config
