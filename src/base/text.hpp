// Small conversions between text and numbers, times and encodings that several folders need. Pure, no locale.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace base {

std::string percent_encode(std::string_view text);  // RFC 3986: all but unreserved characters
std::string base64(std::string_view bytes);         // RFC 4648, with padding

// 2025-11-21T10:30:02.000000Z: fixed width, so that text order is time order.
std::string to_iso8601(WallTime time);

// "30s" "15m" "1h" "2d" "1w" "3mo" (30 days each) "1y" (365 days); several may follow each other: "1h30m".
// nullopt for anything else, a negative or an overflow.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
std::string format_duration(Duration duration);  // "350 ms", "5.1 s", "3 min 20 s", "2 h 5 min"

// "10kB" "64MiB" "512B" "512": decimal with kB MB GB, binary with KiB MiB GiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);  // "64 MiB", "1.5 KiB"

// At most one typing error in three letters (swapped neighbours count as one): the candidate the user most
// likely meant, or "".
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

// Length of the valid UTF-8 sequence (RFC 3629) at text[at], or 0.
std::size_t utf8_sequence(std::string_view text, std::size_t at);

// How many bytes from the beginning are valid UTF-8; all of them = text.size().
std::size_t valid_utf8_length(std::string_view text);

// Cuts at a character boundary of UTF-8 to at most `bytes`, with "…" when something was cut off.
std::string shorten(std::string_view text, std::size_t bytes);

// Line breaks and control characters as \n, \t, \x1b: one log line stays one line, a terminal stays as it is.
std::string escape_control(std::string_view text);

}  // namespace base
