#include "config/fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace config {
namespace {
auto order(const Fault& fault) {
  return std::tie(fault.file, fault.mark.origin, fault.mark.line, fault.mark.column, fault.key,
                  fault.message);
}
}  // namespace

std::string Fault::text() const {
  std::string where =
      mark.origin.empty() ? fmt::format("{}:{}:{}", file, mark.line, mark.column) : mark.origin;
  if (!mark.origin.empty() && !file.empty()) where = fmt::format("{}: {}", file, mark.origin);
  std::string result = where + ": ";
  if (!key.empty() && !mark.origin.ends_with(key)) result += key + ": ";
  result += message;
  if (!remedy.empty()) result += "; " + remedy;
  return result;
}

std::vector<Fault> Faults::sorted() const {
  std::vector<Fault> result = list_;
  std::stable_sort(result.begin(), result.end(), [](auto& a, auto& b) { return order(a) < order(b); });
  result.erase(
      std::unique(result.begin(), result.end(), [](auto& a, auto& b) { return order(a) == order(b); }),
      result.end());
  return result;
}

std::string Faults::text() const {
  std::string result;
  for (const Fault& fault : sorted()) result += fault.text() + "\n";
  return result;
}

}  // namespace config
