#include "pulse/restart_keys.hpp"

#include <algorithm>
#include <tuple>

namespace pulse {
namespace {

using config::DatabaseAddress;
using config::Settings;

auto parts(const DatabaseAddress& it) { return std::tuple(it.engine, it.path, it.url.reveal()); }

bool same_databases(const Settings& a, const Settings& b) {
  return std::equal(a.databases.begin(), a.databases.end(), b.databases.begin(), b.databases.end(),
                    [](const auto& one, const auto& other) {
                      return one.first == other.first && parts(one.second) == parts(other.second);
                    });
}

auto parts(const config::ListenSettings& it) {
  return std::tuple(it.address, it.token.reveal(), it.is_public, it.name);
}

auto parts(const config::LogSettings& it) {
  return std::tuple(it.directory, it.format, it.days, it.disk_budget, it.level, it.timezone);
}

}  // namespace

std::vector<std::string> changed_until_restart(const Settings& before, const Settings& now) {
  std::vector<std::string> keys;
  const auto note = [&](const char* key, bool same) {
    if (!same) keys.emplace_back(key);
  };
  note("store", parts(before.store) == parts(now.store));
  note("databases", same_databases(before, now));
  note("listen", parts(before.listen) == parts(now.listen));
  note("logs", parts(before.logs) == parts(now.logs));
  note("workers", before.workers == now.workers);
  note("retention", before.retention.runs == now.retention.runs &&
                        before.retention.quarantine == now.retention.quarantine);
  note("http", before.http.rewrite == now.http.rewrite && before.http.ca_file == now.http.ca_file);
  return keys;
}

}  // namespace pulse
