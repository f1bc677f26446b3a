#include "decode/builder.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "decode/encoding.hpp"

namespace decode {

base::Result<Document> open_document(std::string body, std::string_view encoding) {
  TRY(to_utf8(body, encoding));
  if (body.size() >= std::numeric_limits<std::uint32_t>::max())
    return base::error(base::Code::invalid_data, "the body is 4 GiB or larger");
  Document document;
  document.body = std::move(body);
  document.body.reserve(64);  // out of std::string's own buffer
  const std::size_t first_block = std::clamp<std::size_t>(document.body.size(), 256, 1 << 20);
  document.arena = std::make_unique<std::pmr::monotonic_buffer_resource>(first_block);
  return document;
}

Value Builder::spoiled(std::string_view why) {
  ++document_.spoiled;
  return Value::spoiled(keep(why));
}

std::optional<base::Error> Builder::too_large() const {
  if (used_ <= limit_) return std::nullopt;
  return base::error(base::Code::invalid_data,
                     "the body of {} has so many small values that they would need more than {} of memory; "
                     "ask for less at a time",
                     base::format_size(document_.body.size()), base::format_size(limit_));
}

}  // namespace decode
