// An answer's bytes → a Document, by the decoder that the collector names or the content type asks for.
// Pure; thread-safe.
#pragma once

#include "base/result.hpp"
#include "config/reading.hpp"
#include "decode/value.hpp"
#include "http/message.hpp"

namespace collect {

struct Decoded {
  decode::Document document;
  config::Decoder::Type type = config::Decoder::Type::json;  // never `automatic`
};

// gzip is recognised by its content and unpacked to at most `max_size` bytes. Takes the body out of the
// response.
base::Result<Decoded> decode_answer(const config::Decoder& decoder, http::Response& response,
                                    std::uint64_t max_size);

// What the policy may promise itself of the body (RT1).
http::Request::Expect expectation(const config::Decoder& decoder);

}  // namespace collect
