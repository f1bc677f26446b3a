#include "store/postgres_types.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

namespace store {
namespace {

using Kind = ColumnType::Kind;

constexpr std::int64_t integer_digits = 10, bigint_digits = 19;  // of the greatest
constexpr std::int64_t microseconds = 6;

// "timestamp(3) without time zone" → timestamp without time zone, 3.
struct Declared {
  std::string name;
  std::optional<std::int64_t> first{}, second{};
  bool is_list = false;

  bool is_one_of(std::initializer_list<std::string_view> names) const {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
};

std::optional<std::int64_t> number_at(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

Declared parse(std::string_view text) {
  Declared it;
  if (text.ends_with("[]")) {
    it.is_list = true;
    text.remove_suffix(2);
  }
  const std::size_t open = text.find('('), close = text.find(')');
  if (open != std::string_view::npos && close != std::string_view::npos && open < close) {
    const std::string_view inside = text.substr(open + 1, close - open - 1);
    const std::size_t comma = inside.find(',');
    it.first = number_at(inside);
    if (comma != std::string_view::npos) it.second = number_at(inside.substr(comma + 1));
    it.name = std::string(text.substr(0, open)) + std::string(text.substr(close + 1));
  } else {
    it.name = text;
  }
  // An extension's type, named with its schema where that is not searched.
  if (it.name.ends_with(".citext")) it.name = "citext";
  return it;
}

Suits yes_if(bool enough) { return enough ? Suits::yes : Suits::too_narrow; }

Suits for_text(const Declared& it, std::int64_t length) {
  if (it.is_one_of({"text", "citext", "bpchar"})) return Suits::yes;
  if (it.is_one_of({"character varying", "character"}))
    return yes_if(!it.first || (length > 0 && length <= *it.first));
  return it.is_one_of({"name", "\"char\""}) ? Suits::too_narrow : Suits::wrong;
}

// `whole` digits before the point, `places` behind it; nothing: any number of them.
Suits for_numeric(const Declared& it, std::optional<std::int64_t> whole, std::int64_t places) {
  if (!it.first) return Suits::yes;
  const std::int64_t scale = it.second.value_or(0);
  return yes_if(whole && *whole <= *it.first - scale && places <= scale);
}

Suits for_integer(const Declared& it) {
  if (it.is_one_of({"integer", "bigint", "double precision"})) return Suits::yes;
  if (it.name == "numeric") return for_numeric(it, integer_digits, 0);
  return it.is_one_of({"smallint", "real"}) ? Suits::too_narrow : Suits::wrong;
}

Suits for_bigint(const Declared& it) {
  if (it.name == "bigint") return Suits::yes;
  if (it.name == "numeric") return for_numeric(it, bigint_digits, 0);
  return it.is_one_of({"smallint", "integer", "real", "double precision"}) ? Suits::too_narrow : Suits::wrong;
}

Suits for_number(const Declared& it, const ColumnType& type) {
  const auto whole = type.precision > 0 ? std::optional(type.precision - type.scale) : std::nullopt;
  if (it.name == "numeric") return for_numeric(it, whole, type.scale);
  constexpr std::array integers{std::pair{"smallint", 4}, std::pair{"integer", 9}, std::pair{"bigint", 18}};
  for (const auto& [name, digits] : integers)
    if (it.name == name) return yes_if(whole && *whole <= digits && type.scale == 0);
  return it.is_one_of({"real", "double precision"}) ? Suits::too_narrow : Suits::wrong;
}

Suits for_real(const Declared& it) {
  if (it.name == "double precision") return Suits::yes;
  return it.is_one_of({"real", "numeric", "smallint", "integer", "bigint"}) ? Suits::too_narrow
                                                                            : Suits::wrong;
}

constexpr std::string_view with_zone = "timestamp with time zone", no_zone = "timestamp without time zone";

Suits for_date(const Declared& it) {
  return it.is_one_of({"date", with_zone, no_zone}) ? Suits::yes : Suits::wrong;
}

// The sessions are in UTC, so a column without a zone gets the time in UTC. The other way round it would get
// a zone that nobody named.
Suits for_timestamp(const Declared& it, bool local) {
  if (it.name == "date") return Suits::too_narrow;
  if (it.name == no_zone || (!local && it.name == with_zone))
    return yes_if(it.first.value_or(microseconds) >= microseconds);
  return Suits::wrong;
}

Suits for_integer_list(const Declared& it) {
  if (it.name == "numeric") return for_numeric(it, integer_digits, 0);
  if (it.is_one_of({"bigint", "integer"})) return Suits::yes;
  return it.name == "smallint" ? Suits::too_narrow : Suits::wrong;
}

}  // namespace

// Into a column of texts PostgreSQL writes everything, but the other values there cannot be compared with
// ours: one of them may be no number, or no date.
Suits postgres_suits(std::string_view declared, const ColumnType& type) {
  const Declared it = parse(declared);
  const bool list = type.kind == Kind::text_list || type.kind == Kind::integer_list;
  if (list != it.is_list) return Suits::wrong;
  switch (type.kind) {
    case Kind::text:
    case Kind::text_list: return for_text(it, type.length);
    case Kind::integer: return for_integer(it);
    case Kind::bigint: return for_bigint(it);
    case Kind::number: return for_number(it, type);
    case Kind::real: return for_real(it);
    case Kind::boolean: return it.name == "boolean" ? Suits::yes : Suits::wrong;
    case Kind::date: return for_date(it);
    case Kind::timestamp: return for_timestamp(it, false);
    case Kind::timestamp_local: return for_timestamp(it, true);
    case Kind::uuid: return it.name == "uuid" ? Suits::yes : Suits::wrong;
    case Kind::json: return it.is_one_of({"json", "jsonb"}) ? Suits::yes : Suits::wrong;
    case Kind::integer_list: return for_integer_list(it);
  }
  return Suits::wrong;
}

}  // namespace store
