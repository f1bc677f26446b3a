// Texts from outside on a terminal: what they do to it (nothing), and how many columns they take. Pure.
//
//   fit("日本語の名前", 8, true);     // "日本語…" and a blank: eight columns exactly
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace program {

// Without what a terminal would act on: control characters are escaped, marks of the direction of writing
// and invisible characters left out, bytes that are no UTF-8 replaced. Not `unicode`: in ASCII alone.
std::string printable(std::string_view text, bool unicode);

// Columns that a printable text takes. Never too few of what is in use: of a doubtful character the wider.
std::size_t display_width(std::string_view text);

// Printable, one line, and cut or filled with blanks to this many columns.
std::string fit(std::string_view text, std::size_t columns, bool unicode);
// The same, only cut.
std::string cut(std::string_view text, std::size_t columns, bool unicode);

}  // namespace program
