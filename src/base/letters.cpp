#include "base/letters.hpp"

namespace base {
namespace {

// U+00C0 to U+017F without their accents; ? is what has no letter of its own.
constexpr std::string_view latin =
    "aaaaaaaceeeeiiiidnooooo?ouuuuytsaaaaaaaceeeeiiiidnooooo?ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllll"
    "lnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

}  // namespace

char fold_letter(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(at++);
  if (first < 0x80) {
    const char c = static_cast<char>(first);
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return c;
    return c == '\'' || c == '`' || c == '*' ? '\0' : c == '&' ? '&' : c == '.' ? '.' : ' ';
  }
  const unsigned second = byte(at);
  if (first >= 0xC2 && first <= 0xDF && (second & 0xC0) == 0x80) {
    ++at;
    const unsigned code = (first & 0x1F) << 6 | (second & 0x3F);
    if (code >= 0xC0 && code <= 0x17F) return latin[code - 0xC0];
    if (code >= 0x300 && code <= 0x36F) return '\0';  // an accent on its own
    return code == 0xA0 ? ' ' : code == 0xB4 || code == 0x2BC ? '\0' : '?';
  }
  if (first == 0xE2 && second == 0x80) {  // general punctuation: quotes and dashes
    const unsigned third = byte(at + 1);
    at += 2;
    return third == 0x98 || third == 0x99 ? '\0' : ' ';
  }
  return '?';
}

}  // namespace base
