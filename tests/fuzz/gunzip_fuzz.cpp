// Any bytes as gzip: never more than allowed; what is not gzip comes back as it is; what is, joined with
// itself comes back twice.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "decode/gzip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 1 << 16;
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto result = decode::gunzip(body, limit);
  if (!decode::is_gzip(body)) {
    CHECK(result.has_value() && *result == body, "what is not gzip is given back");
    return 0;
  }
  if (!result) {
    CHECK(result.error().code == base::Code::invalid_data, "an error of the data");
    return 0;
  }
  CHECK(result->size() <= limit, "the limit holds");
  const auto twice = decode::gunzip(body + body, 2 * limit);  // refused if zeros stand between the two
  if (twice) CHECK(*twice == *result + *result, "two members are joined");
  return 0;
}
