// The commands of phoenix, one file each. They return exit codes (program/exit_code.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace phoenix {

using ConfigPath = std::optional<std::string>;

int run(const ConfigPath& config);

struct DoctorOptions {
  bool json = false;
  bool strict = false;
};
int doctor(const ConfigPath& config, const DoctorOptions& options);

struct AnalyzeOptions {
  std::int64_t fixture = 0;
  bool json = false;
};
int analyze(const ConfigPath& config, const AnalyzeOptions& options);

int reference(bool schema);

}  // namespace phoenix
