#include "collect/selector_shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/text.hpp"
#include "collect/arena.hpp"

namespace collect {
namespace {

using decode::Kind;
using decode::Member;
using decode::Value;
using Values = std::span<const Value>;

bool is_scalar(const Value& value) { return value.kind() == Kind::string || value.kind() == Kind::number; }

base::Error bad_header(std::string_view why) {
  return base::error(base::Code::invalid_data, "record_selector.header_row: {}", why);
}

// The names in the first item, checked.
base::Result<std::vector<std::string_view>> names_of(const Value& header, std::pmr::memory_resource& arena) {
  std::vector<std::string_view> names;
  std::unordered_set<std::string_view> seen;
  const auto add = [&](const Value& name) -> base::Result<void> {
    if (!is_scalar(name) && !name.is_null())
      return bad_header("the first item holds other things than names");
    names.push_back(name.text().empty() ? keep(fmt::format("c{}", names.size() + 1), arena) : name.text());
    if (seen.insert(names.back()).second) return {};
    return bad_header(
        fmt::format("the name \"{}\" stands twice; take header_row away and use the keys or places",
                    base::shorten(base::escape_control(names.back()), 60)));
  };
  for (const Value& name : header.items()) TRY(add(name));
  for (const Member& member : header.members()) TRY(add(member.value));
  if (names.empty())
    return bad_header("the first item names no columns; is it a list or an object of names?");
  return names;
}

Value row_of_list(const Value& row, const std::vector<std::string_view>& names,
                  std::pmr::memory_resource& arena) {
  if (row.items().size() != names.size())
    return Value::spoiled(
        keep(fmt::format("has {} values, the header row names {}", row.items().size(), names.size()), arena));
  const auto members = new_span<Member>(arena, names.size());
  for (std::size_t i = 0; i < names.size(); ++i) members[i] = {names[i], row.items()[i]};
  return Value::object(members);
}

// Keys that the header row lacks stay as they are.
Value row_of_object(const Value& row, const Value& header, const std::vector<std::string_view>& names,
                    const std::unordered_map<std::string_view, std::string_view>& by_key,
                    std::pmr::memory_resource& arena) {
  const auto members = new_span<Member>(arena, row.members().size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member& member = row.members()[i];
    std::string_view name = member.key;
    if (i < names.size() && header.members()[i].key == member.key)  // the usual case: the same order
      name = names[i];
    else if (const auto found = by_key.find(member.key); found != by_key.end())
      name = found->second;
    members[i] = {name, member.value};
  }
  return Value::object(members, row.offset());
}

// What the pair is called; nullptr: it is none.
const Value* name_of_pair(const Value& pair) {
  const auto members = pair.members();
  if (members.size() != 2 || pair.find("value") == nullptr) return nullptr;
  const Member& other = members[members[0].key == "value" ? 1 : 0];
  constexpr std::array<std::string_view, 4> names{"name", "key", "id", "statisticName"};
  const bool known = std::find(names.begin(), names.end(), other.key) != names.end();
  return known && is_scalar(other.value) ? &other.value : nullptr;
}

bool are_pairs(const Value& value) {
  const Values items = value.items();
  return !items.empty() && std::all_of(items.begin(), items.end(),
                                       [](const Value& item) { return name_of_pair(item) != nullptr; });
}

Value object_of_pairs(const Value& pairs, std::pmr::memory_resource& arena) {
  const auto members = new_span<Member>(arena, pairs.items().size());
  std::unordered_map<std::string_view, std::size_t> places;
  for (const Value& pair : pairs.items()) {
    const std::string_view name = name_of_pair(pair)->text();
    const auto [place, is_new] = places.emplace(name, places.size());
    members[place->second] = {name, *pair.find("value")};
  }
  return Value::object(members.first(places.size()));
}

}  // namespace

base::Result<Values> apply_header_row(Values items, std::pmr::memory_resource& arena) {
  if (items.empty()) return items;
  const Value& header = items.front();
  const std::vector<std::string_view> names = TRY(names_of(header, arena));
  std::unordered_map<std::string_view, std::string_view> by_key;
  for (std::size_t i = 0; i < header.members().size(); ++i) by_key.emplace(header.members()[i].key, names[i]);
  const auto records = new_span<Value>(arena, items.size() - 1);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Value& row = items[i + 1];
    if (row.kind() != header.kind())
      records[i] = row;  // no record; the Mapper says so
    else if (row.kind() == Kind::array)
      records[i] = row_of_list(row, names, arena);
    else
      records[i] = row_of_object(row, header, names, by_key, arena);
  }
  return Values(records);
}

Values object_entries(const Value& object, std::pmr::memory_resource& arena) {
  const auto records = new_span<Value>(arena, object.members().size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto members = new_span<Member>(arena, 2);
    members[0] = {"key", Value::string(object.members()[i].key)};
    members[1] = {"value", object.members()[i].value};
    records[i] = Value::object(members);
  }
  return records;
}

Value pairs_to_object(const Value& record, std::pmr::memory_resource& arena) {
  if (are_pairs(record)) return object_of_pairs(record, arena);
  const auto old = record.members();
  if (std::none_of(old.begin(), old.end(), [](const Member& it) { return are_pairs(it.value); }))
    return record;
  const auto members = new_span<Member>(arena, old.size());
  for (std::size_t i = 0; i < old.size(); ++i)
    members[i] = {old[i].key, are_pairs(old[i].value) ? object_of_pairs(old[i].value, arena) : old[i].value};
  return Value::object(members, record.offset());
}

}  // namespace collect
