#include "football/cache.hpp"

#include <algorithm>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>
#include <vector>

#include "football/cache_file.hpp"

namespace football {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t entry_bytes = 256;            // of lists, tables and allocations, about
constexpr std::uint64_t file_allowance = 1u << 20;  // a cache may have been allowed a little more before
constexpr auto clock_error = 1min;                  // what an entry may be ahead of a clock set back

std::size_t cost(const CacheRecord& record) { return record.key.size() + record.body->size() + entry_bytes; }

}  // namespace

struct Cache::Impl {
  Impl(base::Clock& its_clock, std::size_t bytes) : clock(its_clock), max_bytes(bytes) {}

  using List = std::list<CacheRecord>;  // the most recently used in front
  base::Clock& clock;
  const std::size_t max_bytes;
  mutable std::mutex mutex;
  List entries;
  std::unordered_map<std::string_view, List::iterator> places;  // the keys are the entries' own
  std::size_t bytes = 0;
  std::uint64_t generation = 0, saved = 0;
  std::mutex file_mutex;  // one save at a time, as there is one temporary file

  void erase(List::iterator entry) {
    bytes -= cost(*entry);
    places.erase(entry->key);
    entries.erase(entry);
  }
  void insert(CacheRecord record) {
    if (const auto known = places.find(record.key); known != places.end()) erase(known->second);
    if (cost(record) > max_bytes || record.key.size() > max_cache_key) return;
    while (bytes + cost(record) > max_bytes) erase(std::prev(entries.end()));
    bytes += cost(record);
    entries.push_front(std::move(record));
    places.emplace(entries.front().key, entries.begin());
  }
  bool is_over(const CacheRecord& record, base::WallTime now) const {
    // A time before 1970 is none; what is left cannot overflow, whatever a file says.
    return record.at > now + clock_error || record.at < base::WallTime{} ||
           now - record.at >= std::chrono::floor<std::chrono::microseconds>(record.lifetime.keep);
  }
  void clear() {
    places.clear();
    entries.clear();
    bytes = 0;
  }
};

Cache::Cache(base::Clock& clock, std::size_t max_bytes) : impl_(std::make_unique<Impl>(clock, max_bytes)) {}
Cache::~Cache() = default;

void Cache::put(std::string_view key, std::string body, Lifetime lifetime) {
  lifetime.fresh = std::clamp<base::Duration>(lifetime.fresh, 0s, max_cache_lifetime);
  lifetime.keep = std::clamp<base::Duration>(lifetime.keep, lifetime.fresh, max_cache_lifetime);
  body.shrink_to_fit();
  CacheRecord record{std::string(key), std::make_shared<const std::string>(std::move(body)),
                     impl_->clock.wall(), lifetime};
  const std::lock_guard lock(impl_->mutex);
  impl_->insert(std::move(record));
  ++impl_->generation;
}

std::optional<Cache::Hit> Cache::get(std::string_view key) {
  const base::WallTime now = impl_->clock.wall();
  const std::lock_guard lock(impl_->mutex);
  const auto place = impl_->places.find(key);
  if (place == impl_->places.end()) return std::nullopt;
  const Impl::List::iterator entry = place->second;
  if (impl_->is_over(*entry, now)) {
    impl_->erase(entry);
    ++impl_->generation;
    return std::nullopt;
  }
  impl_->entries.splice(impl_->entries.begin(), impl_->entries, entry);
  return Hit{entry->body, entry->at, now - entry->at < entry->lifetime.fresh};
}

void Cache::forget(std::string_view key) {
  const std::lock_guard lock(impl_->mutex);
  const auto place = impl_->places.find(key);
  if (place == impl_->places.end()) return;
  impl_->erase(place->second);
  ++impl_->generation;
}

Cache::Size Cache::size() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->entries.size(), impl_->bytes};
}

bool Cache::changed() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->generation != impl_->saved;
}

base::Result<void> Cache::save(const std::filesystem::path& file) {
  const std::lock_guard one_at_a_time(impl_->file_mutex);
  const base::WallTime now = impl_->clock.wall();
  std::vector<CacheRecord> records;  // the bodies are shared, not copied
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    generation = impl_->generation;
    records.reserve(impl_->entries.size());
    for (const CacheRecord& it : impl_->entries)
      if (!impl_->is_over(it, now)) records.push_back(it);
  }
  std::ranges::reverse(records);  // put in this order, they are as recently used as they were
  TRY(write_cache_file(file, records, now));
  const std::lock_guard lock(impl_->mutex);
  impl_->saved = generation;
  return {};
}

base::Result<std::size_t> Cache::load(const std::filesystem::path& file) {
  const std::lock_guard one_at_a_time(impl_->file_mutex);
  const base::WallTime now = impl_->clock.wall();
  auto read = read_cache_file(file, now, impl_->max_bytes + file_allowance);
  const std::lock_guard lock(impl_->mutex);
  impl_->clear();
  ++impl_->generation;
  impl_->saved = impl_->generation;
  if (!read) return std::move(read).error();
  if (!*read) return std::size_t{0};
  for (CacheRecord& it : **read)
    if (!impl_->is_over(it, now)) impl_->insert(std::move(it));
  return impl_->entries.size();
}

}  // namespace football
