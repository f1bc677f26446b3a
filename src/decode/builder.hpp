// Puts Values into a Document's arena: what the decoders share. Internal to this folder. One thread at a
// time.
// A decoder asks too_large() once a record, and gives up with that error (see limits.hpp).
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "decode/value.hpp"

namespace decode {

// A Document that owns `body` as UTF-8 (see to_utf8()), with an empty arena. Error: 4 GiB or more.
base::Result<Document> open_document(std::string body, std::string_view encoding);

class Builder {
 public:
  Builder(Document& document, std::size_t limit) : document_(document), limit_(limit) {}

  template <class T>
  T* allocate(std::size_t count) {
    used_ += count * sizeof(T);
    T* const place = static_cast<T*>(document_.arena->allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_value_construct_n(place, count);
    return place;
  }
  template <class T>
  std::span<const T> keep(std::span<const T> items) {
    if (items.empty()) return {};
    T* const kept = allocate<T>(items.size());
    std::copy(items.begin(), items.end(), kept);
    return {kept, items.size()};
  }
  std::string_view keep(std::string_view text) {
    const std::span<const char> kept = keep(std::span<const char>(text));
    return {kept.data(), kept.size()};
  }

  Value array(std::span<const Value> items) { return Value::array(keep(items)); }
  Value object(std::span<const Member> members) { return Value::object(keep(members)); }
  Value spoiled(std::string_view why);  // counted in the Document

  std::optional<base::Error> too_large() const;

 private:
  Document& document_;
  const std::size_t limit_;
  std::size_t used_ = 0;
};

}  // namespace decode
