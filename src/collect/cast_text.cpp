#include "collect/cast_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "collect/arena.hpp"
#include "collect/countries.hpp"

namespace collect {
namespace {

using config::Field;

// A row must go through PostgreSQL's messages of 1 GiB, also where characters are escaped.
constexpr std::size_t max_text = std::size_t{64} << 20;
constexpr std::size_t max_replaced = std::size_t{64} << 20;  // bytes that replacements may make of a text

// Among pairs of neighbours, where the upper case has the even (or odd) number.
char32_t in_pair(char32_t c, bool upper, bool upper_is_even) {
  const bool is_upper = (c % 2 == 0) == upper_is_even;
  if (upper) return is_upper ? c : c - 1;
  return is_upper ? c + 1 : c;
}

char32_t latin(char32_t c, bool upper) {
  if (c == 0xFF) return upper ? 0x178 : c;
  if (c == 0x178) return upper ? c : 0xFF;
  if (c >= 0xC0 && c <= 0xFE) {
    if (c == 0xD7 || c == 0xF7 || c == 0xDF) return c;
    return upper ? c & ~char32_t{0x20} : c | 0x20;
  }
  if (c == 0x130 || c == 0x131 || c == 0x138 || c == 0x149 || c == 0x17F) return c;  // no pairs, or ASCII
  if (c >= 0x100 && c <= 0x137) return in_pair(c, upper, true);
  if (c >= 0x139 && c <= 0x148) return in_pair(c, upper, false);
  if (c >= 0x14A && c <= 0x177) return in_pair(c, upper, true);
  if (c >= 0x179 && c <= 0x17E) return in_pair(c, upper, false);
  return c;
}

char32_t greek(char32_t c, bool upper) {
  constexpr std::array<std::pair<char32_t, char32_t>, 7> accented{{{0x386, 0x3AC},
                                                                   {0x388, 0x3AD},
                                                                   {0x389, 0x3AE},
                                                                   {0x38A, 0x3AF},
                                                                   {0x38C, 0x3CC},
                                                                   {0x38E, 0x3CD},
                                                                   {0x38F, 0x3CE}}};
  for (const auto& [big, small] : accented)
    if (c == big || c == small) return upper ? big : small;
  if (c == 0x3C2) return upper ? 0x3A3 : c;  // ς at the end of a word
  if (upper) return c >= 0x3B1 && c <= 0x3CB ? c - 0x20 : c;
  return c >= 0x391 && c <= 0x3AB && c != 0x3A2 ? c + 0x20 : c;
}

char32_t cyrillic(char32_t c, bool upper) {
  if (c <= 0x40F) return upper ? c : c + 0x50;
  if (c <= 0x42F) return upper ? c : c + 0x20;
  if (c <= 0x44F) return upper ? c - 0x20 : c;
  if (c <= 0x45F) return upper ? c - 0x50 : c;
  if (c == 0x4C0) return upper ? c : 0x4CF;
  if (c == 0x4CF) return upper ? 0x4C0 : c;
  if (c <= 0x481 || (c >= 0x48A && c <= 0x4BF) || c >= 0x4D0) return in_pair(c, upper, true);
  return c >= 0x4C1 && c <= 0x4CE ? in_pair(c, upper, false) : c;
}

char32_t other_case(char32_t c, bool upper) {
  if (c < 0x180) return latin(c, upper);
  if (c >= 0x386 && c <= 0x3CE) return greek(c, upper);
  return c >= 0x400 && c <= 0x52F ? cyrillic(c, upper) : c;
}

tl::expected<std::string_view, Misfit> replace_all(std::string_view text, const Field& field,
                                                   std::pmr::memory_resource& arena) {
  std::string made;
  for (const auto& [from, to] : field.replace) {
    if (from.empty() || text.find(from) == std::string_view::npos) continue;
    made.clear();
    std::size_t at = 0;
    for (std::size_t found; (found = text.find(from, at)) != std::string_view::npos;
         at = found + from.size()) {
      made.append(text, at, found - at).append(to);
      if (made.size() > max_replaced)
        return breaks_rule(text, "becomes longer than 64 MiB by replace; replace by less");
    }
    text = keep(made.append(text, at), arena);
  }
  return text;
}

tl::expected<std::string_view, Misfit> look_up(std::string_view text, Field::Lookup lookup) {
  const Country* const country = find_country(text);
  if (country == nullptr)
    return breaks_rule(text,
                       "is no country that lookup knows, by code or by name; give it another name with "
                       "replace");
  switch (lookup) {
    case Field::Lookup::country_iso2: return country->iso2;
    case Field::Lookup::country_iso3: return country->iso3;
    default: return country->name_en;
  }
}

bool equal_ignoring_case(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  });
}

// The byte where the character with this number begins; npos: there are not more characters.
std::size_t byte_of(std::string_view text, std::int64_t characters) {
  for (std::size_t at = 0; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && characters-- == 0) return at;
  return std::string_view::npos;
}

std::int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

}  // namespace

std::string quoted(std::string_view text) {
  return '"' + base::shorten(base::escape_control(base::shorten(text, 240)), 60) + '"';
}
tl::unexpected<Misfit> other_type(std::string_view text, std::string_view why) {
  return tl::unexpected(Misfit{fmt::format("{} {}", quoted(text), why), true});
}
tl::unexpected<Misfit> breaks_rule(std::string_view text, std::string_view why) {
  return tl::unexpected(Misfit{fmt::format("{} {}", quoted(text), why), false});
}

std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view change_case(std::string_view text, bool upper, std::pmr::memory_resource& arena) {
  const std::span<char> made = new_span<char>(arena, text.size());
  std::copy(text.begin(), text.end(), made.begin());
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto byte = static_cast<unsigned char>(made[i]);
    if (upper && byte >= 'a' && byte <= 'z') made[i] = static_cast<char>(byte - 0x20);
    if (!upper && byte >= 'A' && byte <= 'Z') made[i] = static_cast<char>(byte + 0x20);
    if (byte < 0xC2 || byte > 0xDF || i + 1 == made.size()) continue;  // not the first of two bytes
    const char32_t from = ((byte & 0x1FU) << 6) | (static_cast<unsigned char>(made[i + 1]) & 0x3FU);
    const char32_t to = other_case(from, upper);
    made[i] = static_cast<char>(0xC0 | (to >> 6));
    made[++i] = static_cast<char>(0x80 | (to & 0x3F));
  }
  return {made.data(), made.size()};
}

tl::expected<std::optional<std::string_view>, Misfit> treat(std::string_view text, const Field& field,
                                                            const expr::Regex* regex,
                                                            std::pmr::memory_resource& arena) {
  if (field.trim) text = trim(text);
  for (const std::string& null : field.null_values)
    if (text == null) return std::nullopt;
  if (!field.replace.empty()) {
    const auto replaced = replace_all(text, field, arena);
    if (!replaced) return tl::unexpected(replaced.error());
    text = *replaced;
  }
  if (field.letter_case != Field::Case::as_is)
    text = change_case(text, field.letter_case == Field::Case::upper, arena);
  if (field.lookup != Field::Lookup::none) {
    if (text.empty()) return std::nullopt;
    const auto found = look_up(text, field.lookup);
    if (!found) return tl::unexpected(found.error());
    text = *found;
  }
  if (regex != nullptr && !regex->matches_whole(text))
    return breaks_rule(text, fmt::format("does not match the regex {}", base::shorten(field.regex, 80)));
  return text;
}

Cast cast_text(std::string_view text, const Field& field) {
  if (text.find('\0') != std::string_view::npos)
    return breaks_rule(text, "holds a NUL byte, which no column of texts takes");
  if (text.size() > max_text && !(field.truncate && field.max_length > 0))
    return breaks_rule(text, "is a text of more than 64 MiB; max_length with truncate: true would cut it");
  if (field.max_length == 0 || static_cast<std::int64_t>(text.size()) <= field.max_length)
    return store::Param(text);
  const std::size_t end = byte_of(text, field.max_length);
  if (end == std::string_view::npos) return store::Param(text);
  if (field.truncate) return store::Param(text.substr(0, end));
  return breaks_rule(text, fmt::format("has {} characters, {} are allowed; truncate: true would cut it",
                                       count_characters(text), field.max_length));
}

Cast cast_boolean(std::string_view text) {
  for (const std::string_view yes : {"true", "1", "yes", "t"})
    if (equal_ignoring_case(text, yes)) return store::Param(std::int64_t{1});
  for (const std::string_view no : {"false", "0", "no", "f"})
    if (equal_ignoring_case(text, no)) return store::Param(std::int64_t{0});
  return other_type(text, "is not a boolean (true, false, yes, no, t, f, 1, 0); replace can make it one");
}

Cast cast_uuid(std::string_view text, std::pmr::memory_resource& arena) {
  constexpr std::string_view why = "is not a UUID, 32 hexadecimal digits as 8-4-4-4-12";
  std::string_view rest = text;
  if (rest.starts_with('{') && rest.ends_with('}') && rest.size() >= 2)
    rest = rest.substr(1, rest.size() - 2);
  constexpr std::size_t length = 36;
  const auto is_hyphen_place = [](std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; };
  const bool hyphens = rest.size() == length;
  if (!hyphens && rest.size() != length - 4) return other_type(text, why);
  const std::span<char> made = new_span<char>(arena, length);
  for (std::size_t i = 0, at = 0; i < length; ++i) {
    if (is_hyphen_place(i)) {
      if (hyphens && rest[at++] != '-') return other_type(text, why);
      made[i] = '-';
      continue;
    }
    const char c = rest[at++];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
      return other_type(text, why);
    made[i] = c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return store::Param(std::string_view(made.data(), made.size()));
}

}  // namespace collect
