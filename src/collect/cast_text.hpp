// Texts: what is done to them before they are cast, and the types that are not much more than text. Internal
// to this folder. Pure, thread-safe.
#pragma once

#include <memory_resource>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "collect/cast_misfit.hpp"
#include "config/reading.hpp"
#include "expr/regex.hpp"

namespace collect {

// In this order: trim (ASCII blanks at both ends), null_values, replace, case, lookup (an empty text names no
// country and is NULL), regex. nullopt: NULL. Letters change case in ASCII, Latin-1, Latin Extended-A, Greek
// and Cyrillic; others, and those whose other case has another length in UTF-8, stay.
tl::expected<std::optional<std::string_view>, Misfit> treat(std::string_view text, const config::Field& field,
                                                            const expr::Regex* regex,
                                                            std::pmr::memory_resource& arena);

std::string_view trim(std::string_view text);
std::string_view change_case(std::string_view text, bool upper, std::pmr::memory_resource& arena);

Cast cast_text(std::string_view text, const config::Field& field);  // max_length, truncate
Cast cast_boolean(std::string_view text);                           // 0 or 1
Cast cast_uuid(std::string_view text, std::pmr::memory_resource& arena);

}  // namespace collect
