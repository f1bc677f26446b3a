// gzip files (RFC 1952, several members too) → what is inside. Recognised by content, since names and headers
// lie; anything else is given back as it is. Thread-safe.
//
// Errors: invalid_data for a stream that ends too early, is damaged (checksum, length), is followed by
// something else than gzip or zero bytes, or holds more than `max_size` bytes (named in the message). Memory:
// the body and at most `max_size`.
//
//   body = TRY(gunzip(std::move(body), 64 << 20));
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace decode {

bool is_gzip(std::string_view body);
base::Result<std::string> gunzip(std::string body, std::size_t max_size);

// One member, for texts that are kept in memory: made for speed and little of it, not for the best ratio.
std::string gzipped(std::string_view body);

}  // namespace decode
