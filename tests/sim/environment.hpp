// Numbers with which a simulation is run again, from the environment: SEED=7.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace sim {

inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace sim
