// The protocol of the control socket (SQ1): one request a connection, then answers; each is one line of JSON,
// of at most 1 MiB. Pure; errors are invalid_data.
//
//   client  {"version": 1, "program": "0.3.0", "command": "collect", "arguments": {…}}
//           {"cancel": true}                      later, any number of times; hanging up means the same
//   daemon  {"accepted": true}                    from now on the daemon may begin
//           {"progress": {…}}                     how far it is; of several that wait, only the last is sent
//           {"output": "for standard output"}     in pieces, none lost
//           {"message": "for standard error"}     likewise
//           {"end": {"code": 0}}                  last: the command's exit code, 0 to 255
//           {"error": {"code": "conflict", "message": "…"}}
//                                                 last: base::to_string(Code), or "busy" (Code::rate_limited)
//
// "program" is the client's version and may be missing; "arguments" may be missing. Unknown keys are ignored.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace control {

inline constexpr int protocol_version = 1;
inline constexpr std::size_t maximum_line = std::size_t{1} << 20;
inline constexpr int maximum_depth = 64;  // of the JSON

struct Request {
  std::string command;
  std::string arguments = "{}";  // a JSON object
  std::string program{};         // the client's version, for messages
};

// `daemon` is this program's version, for the message about a protocol of another version.
base::Result<Request> parse_request(std::string_view line, std::string_view daemon);
bool is_cancel(std::string_view line);

struct Answer {
  enum class Kind { accepted, progress, output, message, end, error };
  Kind kind = Kind::accepted;
  std::string text{};  // progress: a JSON object; output and message: the text itself
  int code = 0;        // end
  base::Error error{};
};
base::Result<Answer> parse_answer(std::string_view line);

// Each with its line break. Bytes that are no UTF-8 become U+FFFD.
base::Result<std::string> request_line(const Request& request);  // the arguments must be a JSON object
std::string cancel_line();
std::string accepted_line();
std::string progress_line(std::string_view json);  // "" if this is no JSON object of at most 64 KiB
std::string output_lines(std::string_view text);   // cut into pieces between characters; "" for ""
std::string message_lines(std::string_view text);
std::string end_line(int code);
std::string error_line(const base::Error& error);

}  // namespace control
