// Reads collector files, with the overrides and the environment that they share. For catalogue.cpp only.
//
//   const auto loader = loader_of(settings, environment, {});
//   std::vector<CatalogueEntry> entries = load_files(loader, paths, 2);
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/catalogue.hpp"

namespace config {

// With what a file is read besides its text. Thread-safe if the environment is.
struct CollectorLoader {
  std::map<std::string, CollectorOverrides> settings_overrides;
  std::vector<CommandLineOverride> overrides;
  Environment environment;
  std::vector<std::string> databases;

  std::vector<Override> overrides_of(const std::string& name) const;
  void read(std::string text, CatalogueEntry& entry) const;  // `file` is known; the rest is filled in
};
std::shared_ptr<const CollectorLoader> loader_of(const Settings& settings, const Environment& environment,
                                                 const std::vector<CommandLineOverride>& overrides);

CatalogueEntry load_file(const std::shared_ptr<const CollectorLoader>& loader,
                         const std::filesystem::path& path);
// In their order, by so many threads.
std::vector<CatalogueEntry> load_files(const std::shared_ptr<const CollectorLoader>& loader,
                                       std::span<const std::filesystem::path> files, unsigned readers);

}  // namespace config
