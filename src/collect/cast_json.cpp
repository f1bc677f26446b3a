#include "collect/cast_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "collect/arena.hpp"

namespace collect {
namespace {

using decode::Kind;
using decode::Member;
using decode::Value;
using Sorted = tl::expected<Value, Misfit>;

bool holds_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Sorted sorted(const Value& value, std::pmr::memory_resource& arena) {
  switch (value.kind()) {
    case Kind::spoiled: return tl::unexpected(Misfit{std::string(value.text()), false});
    case Kind::string:
      if (holds_nul(value.text())) return breaks_rule(value.text(), "holds a NUL character");
      return value;
    case Kind::array: {
      const auto items = new_span<Value>(arena, value.items().size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        const Sorted item = sorted(value.items()[i], arena);
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
        const Sorted inner = sorted(member.value, arena);
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

}  // namespace

Cast cast_json(const Value& value, std::pmr::memory_resource& arena) {
  const Sorted made = sorted(value, arena);
  if (!made) return tl::unexpected(made.error());
  return store::Param(keep(decode::to_json(*made), arena));
}

Cast cast_list(const Value& value, const CastItem& cast_item, std::pmr::memory_resource& arena) {
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
  return store::Param(keep(decode::to_json(Value::array(items)), arena));
}

}  // namespace collect
