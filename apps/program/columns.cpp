#include "program/columns.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.hpp"

namespace program {
namespace {

struct Range {
  char32_t first, last;
};

// Unicode's East_Asian_Width W and F, and the blocks of emoji as a whole.
constexpr std::array wide{
    Range{0x1100, 0x115f},   Range{0x231a, 0x231b},   Range{0x2329, 0x232a},   Range{0x23e9, 0x23ec},
    Range{0x23f0, 0x23f0},   Range{0x23f3, 0x23f3},   Range{0x25fd, 0x25fe},   Range{0x2614, 0x2615},
    Range{0x2648, 0x2653},   Range{0x267f, 0x267f},   Range{0x2693, 0x2693},   Range{0x26a1, 0x26a1},
    Range{0x26aa, 0x26ab},   Range{0x26bd, 0x26be},   Range{0x26c4, 0x26c5},   Range{0x26ce, 0x26ce},
    Range{0x26d4, 0x26d4},   Range{0x26ea, 0x26ea},   Range{0x26f2, 0x26f3},   Range{0x26f5, 0x26f5},
    Range{0x26fa, 0x26fa},   Range{0x26fd, 0x26fd},   Range{0x2705, 0x2705},   Range{0x270a, 0x270b},
    Range{0x2728, 0x2728},   Range{0x274c, 0x274c},   Range{0x274e, 0x274e},   Range{0x2753, 0x2755},
    Range{0x2757, 0x2757},   Range{0x2795, 0x2797},   Range{0x27b0, 0x27b0},   Range{0x27bf, 0x27bf},
    Range{0x2b1b, 0x2b1c},   Range{0x2b50, 0x2b50},   Range{0x2b55, 0x2b55},   Range{0x2e80, 0x303e},
    Range{0x3041, 0x4dbf},   Range{0x4e00, 0xa4cf},   Range{0xa960, 0xa97f},   Range{0xac00, 0xd7a3},
    Range{0xf900, 0xfaff},   Range{0xfe10, 0xfe19},   Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
    Range{0xffe0, 0xffe6},   Range{0x16fe0, 0x18d8f}, Range{0x1aff0, 0x1b2ff}, Range{0x1f000, 0x1faff},
    Range{0x20000, 0x3fffd},
};
constexpr std::array combining{Range{0x0300, 0x036f}, Range{0x0483, 0x0489}, Range{0x0591, 0x05bd},
                               Range{0x0610, 0x061a}, Range{0x064b, 0x065f}, Range{0x1ab0, 0x1aff},
                               Range{0x1dc0, 0x1dff}, Range{0x20d0, 0x20ff}, Range{0xfe20, 0xfe2f}};
// Invisible, and able to reorder what stands beside them.
constexpr std::array invisible{Range{0x00ad, 0x00ad},  Range{0x061c, 0x061c}, Range{0x180e, 0x180e},
                               Range{0x200b, 0x200f},  Range{0x2028, 0x202e}, Range{0x2060, 0x206f},
                               Range{0xfe00, 0xfe0f},  Range{0xfeff, 0xfeff}, Range{0xfff9, 0xfffb},
                               Range{0xe0000, 0xe0fff}};

bool is_in(std::span<const Range> ranges, char32_t point) {
  const auto range = std::lower_bound(ranges.begin(), ranges.end(), point,
                                      [](const Range& it, char32_t value) { return it.last < value; });
  return range != ranges.end() && range->first <= point;
}

// Of a valid sequence.
char32_t code_point(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  constexpr std::array<unsigned char, 5> masks{0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t point = first & masks[sequence.size()];
  for (const char byte : sequence.substr(1)) point = point << 6 | (static_cast<unsigned char>(byte) & 0x3f);
  return point;
}

std::size_t width_of(char32_t point) {
  if (is_in(combining, point)) return 0;
  return is_in(wide, point) ? 2 : 1;
}

std::string_view in_ascii(char32_t point) {
  switch (point) {
    case U'–':
    case U'—': return "-";
    case U'…': return "...";
    case U'·': return "|";
    case U'→': return "->";
    case U'‘':
    case U'’': return "'";
    case U'“':
    case U'”': return "\"";
    default: return "?";
  }
}

}  // namespace

std::string printable(std::string_view text, bool unicode) {
  const std::string escaped = base::escape_control(text);
  std::string result;
  result.reserve(escaped.size());
  for (std::size_t i = 0; i < escaped.size();) {
    const std::size_t length = base::utf8_sequence(escaped, i);
    const std::string_view sequence = std::string_view(escaped).substr(i, std::max<std::size_t>(length, 1));
    i += sequence.size();
    if (length == 1) {
      result += sequence;
    } else if (length == 0) {
      result += unicode ? "\xef\xbf\xbd" : "?";
    } else if (const char32_t point = code_point(sequence); !is_in(invisible, point)) {
      result += unicode ? sequence : in_ascii(point);
    }
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = base::utf8_sequence(text, i);
    width += length == 0 ? 1 : width_of(code_point(text.substr(i, length)));
    i += std::max<std::size_t>(length, 1);
  }
  return width;
}

std::string cut(std::string_view text, std::size_t columns, bool unicode) {
  std::string line = printable(text, unicode);
  if (display_width(line) <= columns) return line;
  const std::string_view ellipsis = columns == 0 ? "" : unicode ? "…" : ".";
  const std::size_t room = columns - display_width(ellipsis);
  std::size_t end = 0;
  for (std::size_t width = 0; end < line.size();) {
    const std::size_t length = std::max<std::size_t>(base::utf8_sequence(line, end), 1);
    width += display_width(std::string_view(line).substr(end, length));
    if (width > room) break;
    end += length;
  }
  line.resize(end);
  return line.append(ellipsis);
}

std::string fit(std::string_view text, std::size_t columns, bool unicode) {
  std::string line = cut(text, columns, unicode);
  return line.append(columns - display_width(line), ' ');
}

}  // namespace program
