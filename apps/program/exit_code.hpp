// What our programs say to scripts and service managers: sysexits.h where it has a word.
#pragma once

namespace program {

inline constexpr int ok = 0;
inline constexpr int unhealthy = 1;  // it worked, but a person should look
inline constexpr int usage = 64;
inline constexpr int unavailable = 69;
inline constexpr int output_error = 74;  // the result could not be printed
inline constexpr int try_again = 75;     // rate limited, or the store is locked
inline constexpr int configuration = 78;

}  // namespace program
