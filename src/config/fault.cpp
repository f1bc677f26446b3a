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
  const std::vector<Fault> list = sorted();
  for (std::size_t i = 0, of_file = 0; i < list.size(); ++i) {
    of_file = i > 0 && list[i].file == list[i - 1].file ? of_file + 1 : 0;
    if (of_file < max_faults_shown) {
      result += list[i].text() + "\n";
    } else if (of_file == max_faults_shown) {
      const auto more = std::count_if(list.begin() + static_cast<std::ptrdiff_t>(i), list.end(),
                                      [&](const Fault& fault) { return fault.file == list[i].file; });
      result += Fault{list[i].file, list[i].mark, "", fmt::format("… and {} more", more), ""}.text() + "\n";
    }
  }
  return result;
}

}  // namespace config
