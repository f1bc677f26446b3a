// Any bytes as a line on the control socket: parse_request(), is_cancel() and parse_answer() give a value or
// invalid_data, and what they accept survives being written and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "base/text.hpp"
#include "control/protocol.hpp"

namespace {

std::string_view without_break(std::string_view line) {
  CHECK(line.ends_with('\n') && line.find('\n') == line.size() - 1, "one line");
  return line.substr(0, line.size() - 1);
}

void check_request(std::string_view line) {
  const auto request = control::parse_request(line, "0.0.0");
  if (!request) {
    CHECK(request.error().code == base::Code::invalid_data && !request.error().message.empty(),
          "says what is wrong");
    const std::string told = control::error_line(request.error());
    CHECK(control::parse_answer(without_break(told)).has_value(), "an error can be told");
    return;
  }
  const auto written = control::request_line(*request);
  if (!written) return;  // longer than a line may be
  const auto again = control::parse_request(without_break(*written), "0.0.0");
  CHECK(again.has_value(), "written and read again");
  CHECK(again->command == request->command && again->arguments == request->arguments &&
            again->program == request->program,
        "the same request");
}

void check_answer(std::string_view line) {
  const auto answer = control::parse_answer(line);
  if (!answer) {
    CHECK(answer.error().code == base::Code::invalid_data, "an error of the data");
    return;
  }
  CHECK(answer->code >= 0 && answer->code <= 255, "an exit code");
  CHECK(base::valid_utf8_length(answer->text) == answer->text.size(), "text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  check_request(line);
  check_answer(line);
  CHECK(!control::is_cancel(line) || size >= 13, "no shorter line says so");
  return 0;
}
