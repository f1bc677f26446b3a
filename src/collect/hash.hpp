// A 64-bit hash of texts and numbers, eight bytes a step; for comparing within a process, not to be kept and
// no defence against somebody who looks for collisions. Internal to this folder.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace collect {

class Hash {
 public:
  // The size goes first, so that "ab", "c" and "a", "bc" differ.
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t)))
      add(word(text, sizeof(std::uint64_t)));
    if (!text.empty()) add(word(text, text.size()));
  }
  // Reversible: two hashes that differ stay different.
  void add(std::uint64_t number) {
    hash_ = (hash_ ^ number) * 0x9e3779b97f4a7c15;
    hash_ ^= hash_ >> 32;
  }
  std::uint64_t get() const { return hash_; }

 private:
  static std::uint64_t word(std::string_view text, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), size);
    return word;
  }

  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace collect
