#include "collect/key_watch.hpp"

#include <algorithm>
#include <bit>

#include "collect/hash.hpp"

namespace collect {

void KeyWatch::see(std::span<const store::Param> row) {
  if (places_.empty()) return;
  if (hashes_.size() >= max_keys) {  // from here on nobody knows
    places_.clear();
    hashes_ = {};
    return;
  }
  Hash hash;
  for (const std::size_t place : places_) {
    if (const auto* text = std::get_if<std::string_view>(&row[place]))
      hash.add(*text);
    else if (const auto* integer = std::get_if<std::int64_t>(&row[place]))
      hash.add(static_cast<std::uint64_t>(*integer));
    else if (const auto* number = std::get_if<double>(&row[place]))
      hash.add(std::bit_cast<std::uint64_t>(*number));
  }
  hashes_.push_back(hash.get());
}

bool KeyWatch::may_repeat() {
  if (places_.empty()) return true;
  std::sort(hashes_.begin(), hashes_.end());
  return std::adjacent_find(hashes_.begin(), hashes_.end()) != hashes_.end();
}

}  // namespace collect
