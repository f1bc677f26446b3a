// What the Bot API answered: its envelope {"ok", "result", "error_code", "description", "parameters"} and
// what that means to the caller. Whatever the bytes are, something comes out. Pure.
//
//   const Answer answer = read_answer(response, clock.wall());
//   if (answer.fault == Fault::none) use(*answer.result());
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "decode/value.hpp"
#include "http/message.hpp"
#include "telegram/api.hpp"

namespace telegram {

struct Answer {
  int status = 0;            // of HTTP
  bool is_envelope = false;  // not a web page, an empty body, JSON of another kind, or a part of one
  Fault fault = Fault::unknown;
  std::chrono::milliseconds retry_after{0};
  std::int64_t moved_to = 0;
  std::string description{};  // as it came, up to max_description bytes: it may hold secrets
  decode::Document document{};
  const decode::Value* result() const { return document.root.find("result"); }
};
inline constexpr std::size_t max_description = 4096;

// `unknown` for what is no envelope and may come from somebody between us and the server that carried it out.
Answer read_answer(const http::Response& response, base::WallTime now);

// By what the server said of a request that it refused. `code`: as in HTTP; 0: it did not say.
Fault fault_of(int code, std::string_view description);

// Fields of an object; a value of another kind counts as missing.
inline constexpr std::int64_t max_id = std::int64_t{1} << 53;
std::optional<std::int64_t> integer_field(const decode::Value& object, std::string_view key);  // ± max_id
std::string text_field(const decode::Value& object, std::string_view key, std::size_t max_bytes);

}  // namespace telegram
