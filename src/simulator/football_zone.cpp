#include "simulator/football_zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "simulator/api_tools.hpp"

namespace simulator::football {
namespace {

const std::string folder = "/usr/share/zoneinfo/";
constexpr std::size_t header_size = 44, maximum_file = 64 * 1024;

// Big-endian, signed.
std::int64_t number_at(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return size == 4 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(value))
                   : static_cast<std::int64_t>(value);
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(maximum_file, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return bytes;
}

// How many of each a block holds, in the order of its header.
struct Counts {
  std::size_t universal, standard, leaps, times, types, letters;
  std::size_t size(std::size_t width) const {
    return times * (width + 1) + types * 6 + letters + leaps * (width + 4) + standard + universal;
  }
};
std::optional<Counts> counts_at(const std::string& bytes, std::size_t at) {
  if (bytes.size() < at + header_size || bytes.compare(at, 4, "TZif") != 0) return std::nullopt;
  std::array<std::size_t, 6> held{};
  for (std::size_t i = 0; i < held.size(); ++i) {
    const std::int64_t count = number_at(bytes, at + 20 + 4 * i, 4);
    if (count < 0 || count > static_cast<std::int64_t>(maximum_file)) return std::nullopt;
    held[i] = static_cast<std::size_t>(count);
  }
  return Counts{held[0], held[1], held[2], held[3], held[4], held[5]};
}

}  // namespace

std::chrono::seconds Zone::offset(Time time) const {
  const auto next = std::upper_bound(changes.begin(), changes.end(), time.time_since_epoch().count(),
                                     [](std::int64_t at, const auto& change) { return at < change.first; });
  return std::chrono::seconds{next == changes.begin() ? before : std::prev(next)->second};
}

Day Zone::day(Time time) const { return floor<std::chrono::days>(time + offset(time)); }

std::string Zone::text(Time time) const {
  const auto ahead = offset(time).count();
  const auto minutes = (ahead < 0 ? -ahead : ahead) / 60;
  return fmt::format("{}{}{:02}:{:02}", iso_seconds(time + offset(time)).substr(0, 19), ahead < 0 ? '-' : '+',
                     minutes / 60, minutes % 60);
}

std::optional<Zone> find_zone(std::string_view name) {
  Zone zone{.name = std::string(name)};
  if (name == "UTC") return zone;
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  };
  if (name.empty() || name.size() > 40 || name.front() == '/' ||
      !std::all_of(name.begin(), name.end(), allowed))
    return std::nullopt;
  const std::string bytes = read(folder + zone.name);
  const auto old = counts_at(bytes, 0);  // for readers of 32 bits
  if (!old) return std::nullopt;
  const std::size_t second = header_size + old->size(4);
  const auto counts = counts_at(bytes, second);
  const std::size_t times = second + header_size;
  if (!counts || counts->types == 0 || bytes.size() < times + counts->size(8)) return std::nullopt;
  const std::size_t kinds = times + counts->times * 8, types = kinds + counts->times;
  zone.before = number_at(bytes, types, 4);
  for (std::size_t i = 0; i < counts->times; ++i) {
    const std::size_t type = static_cast<unsigned char>(bytes[kinds + i]);
    if (type >= counts->types) return std::nullopt;
    zone.changes.emplace_back(number_at(bytes, times + 8 * i, 8), number_at(bytes, types + 6 * type, 4));
  }
  return zone;
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names{"UTC"};
  std::istringstream table(read(folder + "zone1970.tab"));
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream row(line);
    std::string countries, place, name;
    if (row >> countries >> place >> name) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace simulator::football
