#include "collect/cast_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/decimal.hpp"
#include "collect/arena.hpp"

namespace collect {
namespace {

using decode::Kind;
using decode::Member;
using decode::Value;
using Sorted = tl::expected<Value, Misfit>;

// A document may take several times its text in the database, which ends at 256 MiB there.
constexpr std::size_t max_json = std::size_t{32} << 20;

bool holds_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Sorted number_in_json(const Value& value, bool is_key, std::pmr::memory_resource& arena) {
  const std::string_view text = value.text();
  const bool is_short =
      text.size() <= base::max_decimal_digits && text.find_first_of("eE") == std::string_view::npos;
  if (is_short && !is_key) return value;
  const auto plain = base::plain_decimal(text);
  if (!plain) return breaks_rule(text, "has more than 1,000 digits when written out");
  return is_key ? Value::number(keep(base::strip_trailing_zeros(*plain), arena)) : value;
}

Sorted sorted(const Value& value, bool is_key, std::pmr::memory_resource& arena) {
  switch (value.kind()) {
    case Kind::spoiled: return tl::unexpected(Misfit{std::string(value.text()), false});
    case Kind::number: return number_in_json(value, is_key, arena);
    case Kind::string:
      if (holds_nul(value.text())) return breaks_rule(value.text(), "holds a NUL character");
      return value;
    case Kind::array: {
      const auto items = new_span<Value>(arena, value.items().size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        const Sorted item = sorted(value.items()[i], is_key, arena);
        if (!item) return item;
        items[i] = *item;
      }
      return Value::array(items);
    }
    case Kind::object: {
      const auto members = new_span<Member>(arena, value.members().size());
      for (std::size_t i = 0; i < members.size(); ++i) {
        const Member& member = value.members()[i];
        if (holds_nul(member.key)) return breaks_rule(member.key, "is a key that holds a NUL character");
        const Sorted inner = sorted(member.value, is_key, arena);
        if (!inner) return inner;
        members[i] = {member.key, *inner};
      }
      std::sort(members.begin(), members.end(),
                [](const Member& a, const Member& b) { return a.key < b.key; });
      return Value::object(members);
    }
    default: return value;
  }
}

// As PostgreSQL reads it: every text in quotes, so that none is taken for NULL, and none for two.
std::string array_literal(std::span<const Value> items) {
  std::string made = "{";
  for (const Value& item : items) {
    if (made.size() > 1) made += ',';
    if (item.kind() != Kind::string) {
      made += item.is_null() ? "NULL" : item.text();
      continue;
    }
    made += '"';
    for (const char c : item.text()) {
      if (c == '"' || c == '\\') made += '\\';
      made += c;
    }
    made += '"';
  }
  return made + '}';
}

}  // namespace

Cast cast_json(const Value& value, bool is_key, std::pmr::memory_resource& arena) {
  const Sorted made = sorted(value, is_key, arena);
  if (!made) return tl::unexpected(made.error());
  const std::string text = decode::to_json(*made);
  if (text.size() > max_json) return breaks_rule(text, "is JSON of more than 32 MiB; choose less of it");
  return store::Param(keep(text, arena));
}

Cast cast_list(const Value& value, store::ListStyle style, const CastItem& cast_item,
               std::pmr::memory_resource& arena) {
  const auto items = new_span<Value>(arena, value.items().size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value& item = value.items()[i];
    auto made =
        item.kind() == Kind::spoiled ? Sorted(tl::unexpect, Misfit{std::string(item.text()), false})
        : item.kind() == Kind::array || item.kind() == Kind::object
            ? Sorted(tl::unexpect, Misfit{"is no text or number; a path with [] flattens lists", true})
            : cast_item(item);
    if (!made) {
      made.error().reason = fmt::format("item {} {}", i + 1, made.error().reason);
      return tl::unexpected(made.error());
    }
    items[i] = *made;
  }
  return store::Param(keep(
      style == store::ListStyle::json ? decode::to_json(Value::array(items)) : array_literal(items), arena));
}

}  // namespace collect
