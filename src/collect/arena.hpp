// New storage in a memory resource, for Values and the texts they point to. Internal to this folder.
#pragma once

#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>

namespace collect {

template <class T>
std::span<T> new_span(std::pmr::memory_resource& arena, std::size_t count) {
  T* const place = static_cast<T*>(arena.allocate(count * sizeof(T), alignof(T)));
  std::uninitialized_value_construct_n(place, count);
  return {place, count};
}

inline std::string_view keep(std::string_view text, std::pmr::memory_resource& arena) {
  if (text.empty()) return {};
  char* const place = static_cast<char*>(arena.allocate(text.size(), 1));
  std::memcpy(place, text.data(), text.size());
  return {place, text.size()};
}

}  // namespace collect
