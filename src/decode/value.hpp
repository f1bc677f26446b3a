// One decoded body: a tree of Values, as every format (JSON now; CSV, XML and others as they come) presents
// its records to paths and mappings. Numbers keep the text they were sent with: 1.10 stays 1.10, and 28
// digits stay 28 digits.
//
// A Value is a 24-byte view, copied freely; texts, arrays and objects live in the Document's arena or body
// and are valid as long as the Document. A Document is not changed after decoding and may then be read by
// several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

namespace decode {

enum class Kind : std::uint8_t {
  null,
  boolean,
  number,  // text() is the number as sent, checked against JSON's grammar
  string,  // text() is UTF-8
  array,
  object,
  spoiled,  // text() says why: invalid UTF-8, a lone surrogate, NaN …; it spoils its record, not the body
};

struct Member;

class Value {
 public:
  constexpr Value() = default;
  static Value boolean(bool value);
  static Value number(std::string_view text);
  static Value string(std::string_view text);
  static Value array(std::span<const Value> items);
  // `offset`: where the object starts in Document::body, for Document::raw(). An object with a spoiled key is
  // spoiled as a whole and keeps its offset too.
  static Value object(std::span<const Member> members, std::uint32_t offset = no_offset);
  static Value spoiled(std::string_view why, std::uint32_t offset = no_offset);

  // Asked of a value of another kind, the following are false or empty.
  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool as_boolean() const { return flag_; }  // boolean
  std::string_view text() const;             // number, string, spoiled
  std::span<const Value> items() const;      // array
  std::span<const Member> members() const;   // object; a duplicate key: the first's place, the last's value
  const Value* find(std::string_view key) const;  // object member or nullptr; linear

  static constexpr std::uint32_t no_offset = 0xffffffff;
  std::uint32_t offset() const { return offset_; }

 private:
  static Value make(Kind kind, const void* data, std::size_t size, std::uint32_t offset = no_offset);

  Kind kind_ = Kind::null;
  bool flag_ = false;
  std::uint32_t size_ = 0;
  std::uint32_t offset_ = no_offset;
  const void* data_ = nullptr;
};

struct Member {
  std::string_view key;
  Value value;
};

inline Value Value::make(Kind kind, const void* data, std::size_t size, std::uint32_t offset) {
  Value value;
  value.kind_ = kind;
  value.size_ = static_cast<std::uint32_t>(size);
  value.offset_ = offset;
  value.data_ = data;
  return value;
}
inline Value Value::boolean(bool flag) {
  Value value = make(Kind::boolean, nullptr, 0);
  value.flag_ = flag;
  return value;
}
inline Value Value::number(std::string_view text) { return make(Kind::number, text.data(), text.size()); }
inline Value Value::string(std::string_view text) { return make(Kind::string, text.data(), text.size()); }
inline Value Value::spoiled(std::string_view why, std::uint32_t offset) {
  return make(Kind::spoiled, why.data(), why.size(), offset);
}
inline Value Value::array(std::span<const Value> items) {
  return make(Kind::array, items.data(), items.size());
}
inline Value Value::object(std::span<const Member> members, std::uint32_t offset) {
  return make(Kind::object, members.data(), members.size(), offset);
}
inline std::string_view Value::text() const {
  if (kind_ != Kind::number && kind_ != Kind::string && kind_ != Kind::spoiled) return {};
  return {static_cast<const char*>(data_), size_};
}
inline std::span<const Value> Value::items() const {
  if (kind_ != Kind::array) return {};
  return {static_cast<const Value*>(data_), size_};
}
inline std::span<const Member> Value::members() const {
  if (kind_ != Kind::object) return {};
  return {static_cast<const Member*>(data_), size_};
}

// A spoiled value anywhere inside, or nullptr.
const Value* find_spoiled(const Value& value);

// JSON text (RFC 8259), compact; numbers as sent; spoiled values as the string "\ufffd".
std::string to_json(const Value& value);

class Document {
 public:
  Document() = default;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;

  Value root;
  std::uint64_t duplicate_keys = 0;  // object keys that stood more than once; the last one won
  std::uint64_t spoiled = 0;         // 0: no need to look for spoiled records

  // The record's text as it was sent (bytes that are not UTF-8 or are raw control characters as U+FFFD);
  // to_json() of it where there is no such text.
  std::string raw(const Value& record) const;

  // For decoders only.
  std::string body;  // never in std::string's own buffer, which would move with the Document
  std::unique_ptr<std::pmr::monotonic_buffer_resource> arena;
};

}  // namespace decode
