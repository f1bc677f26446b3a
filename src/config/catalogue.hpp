// The collectors of a folder, or of files named one by one. A faulty file never hides the others (SS3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/collector.hpp"
#include "config/settings.hpp"

namespace config {

struct CatalogueEntry {
  std::string name{};  // as the file says, else the file's stem
  std::string file{};
  std::optional<Collector> collector{};  // empty: invalid, its faults are below
  Faults faults{};
  std::vector<Mark> after{};  // where the names in collector->after stand
};

struct Catalogue {
  std::vector<CatalogueEntry> entries;  // by name
  Faults faults;                        // of the folder itself, or of an override that names no collector
  bool is_empty_folder = false;  // that the folder of pulse.yaml holds no collector files is the only fault
};

// Overrides for the collector NAME ("" = every one), later ones win: pulse.yaml's, then the command line's.
struct CommandLineOverride {
  std::string collector;
  Override override;
};
// [NAME:]path=value
std::optional<CommandLineOverride> parse_command_line_override(std::string_view text, Faults& faults);

// What the arguments name: a collector's name, a file, or a folder; none = the folder of pulse.yaml. Unknown
// names are faults that name the nearest known one, also under overrides: in pulse.yaml when its folder is
// loaded; a folder without collector files is one; two files with one name are faults of both. So are names
// under `after` that no collector of a folder has, and circles, of which the entry that closes it is the
// faulty one.
Catalogue load_catalogue(const std::vector<std::string>& arguments, const Settings& settings,
                         const Environment& environment, const std::vector<CommandLineOverride>& overrides);

}  // namespace config
