// The collectors of a folder, or of files named one by one. A faulty file never hides the others (SS3).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/collector.hpp"
#include "config/settings.hpp"

namespace config {

struct CollectorLoader;

// A sound collector as small as its file: it can be read again, with the overrides and the environment that
// it was loaded with, whatever has become of them and of the file. Shares what it can; thread-safe.
class StoredCollector {
 public:
  StoredCollector(std::shared_ptr<const CollectorLoader> loader, std::string file, std::string_view text);
  Collector read() const;  // takes about as long as a file does: a millisecond

 private:
  std::shared_ptr<const CollectorLoader> loader_;
  std::string file_, text_;  // packed
};

struct CatalogueEntry {
  std::string name{};  // as the file says, else the file's stem
  std::string file{};
  std::optional<Collector> collector{};  // empty: invalid, its faults are below
  Faults faults{};
  std::vector<std::pair<std::string, Mark>> after{};  // what collector->after names, and where
  std::optional<StoredCollector> stored{};            // beside `collector`
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

// All of the folder, without command line. Files are read on several threads, which ask the environment at
// the same time; `visit` gets each entry on the caller's, in the order of the files. What it takes out of it
// never stands in memory beside the others. What is wrong with several entries together is only known at the
// end: they have faults then that they had not before.
Catalogue load_catalogue(const Settings& settings, const Environment& environment,
                         const std::function<void(CatalogueEntry&)>& visit);

}  // namespace config
