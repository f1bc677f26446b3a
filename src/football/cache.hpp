// Answers of the API, kept for a time that depends on what they tell (lifetimes.hpp), in bounded memory (the
// least recently used goes first), and over restarts in a file (R11, SS5): magic, version, age and checksum;
// temporary file, fsync, rename, fsync of the folder. A file that is damaged, too new or too old is left out
// with a reason, never an error that stops anybody.
//
//   cache.put("/standings?league=39&season=2025", body, {.fresh = 6h, .keep = 48h});
//   if (const auto hit = cache.get(key)) use(*hit->body, hit->fresh);
//
// Thread-safe. The time is the clock's wall time: entries keep their age over a restart; one from the future
// is dropped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace football {

class Cache {
 public:
  explicit Cache(base::Clock& clock, std::size_t max_bytes = 64u << 20);
  ~Cache();

  struct Lifetime {
    base::Duration fresh{};  // served without asking
    base::Duration keep{};   // served, marked, when the API fails; ≥ fresh
  };
  // What is larger than max_bytes alone is not kept.
  void put(std::string_view key, std::string body, Lifetime lifetime);
  struct Hit {
    std::shared_ptr<const std::string> body;
    base::WallTime at{};  // when it was told
    bool fresh = false;
  };
  std::optional<Hit> get(std::string_view key);
  void forget(std::string_view key);

  struct Size {
    std::size_t entries = 0, bytes = 0;  // bytes: keys, bodies and what each entry costs
  };
  Size size() const;
  bool changed() const;  // since the last save() or load()

  // no_space, permission, unavailable: the file before is untouched. What is put meanwhile is not lost: it is
  // a change for the next one.
  base::Result<void> save(const std::filesystem::path& file);
  // How many entries came back. invalid_data: why the file was not used; the cache is empty then. A file that
  // is not there is no error.
  base::Result<std::size_t> load(const std::filesystem::path& file);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace football
