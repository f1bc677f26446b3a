#include "control/protocol.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"

namespace control {
namespace {

using base::Code;
using Json = nlohmann::ordered_json;

constexpr std::size_t maximum_progress = 64 * 1024;
constexpr std::size_t piece = 64 * 1024;         // of a text; escaped it is at most six times as long
constexpr std::size_t maximum_message = 16'384;  // of an error
constexpr std::size_t shown = 60;                // bytes of what somebody sent, in a message
constexpr std::string_view busy = "busy";

std::string show(std::string_view text) { return base::shorten(base::escape_control(text), shown); }

// nothing: no object, too deep for code that walks it recursively, or no UTF-8.
std::optional<Json> parse_object(std::string_view text) {
  bool is_too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    is_too_deep = is_too_deep || depth > maximum_depth;
    return !is_too_deep;
  };
  Json json = Json::parse(text, watch, false);
  if (is_too_deep || !json.is_object()) return std::nullopt;
  return json;
}

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string to_line(const Json& json) { return to_text(json) + '\n'; }

std::string lines(const char* key, std::string_view text) {
  std::string result;
  while (!text.empty()) {
    std::size_t length = std::min(text.size(), piece);
    const auto continues = [&] { return (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U; };
    for (int i = 0; i < 3 && length < text.size() && continues(); ++i) --length;
    result += to_line({{key, text.substr(0, length)}});
    text.remove_prefix(length);
  }
  return result;
}

Code code_of(std::string_view name) {
  if (name == busy) return Code::rate_limited;
  for (int number = 0; number <= static_cast<int>(Code::internal); ++number)
    if (base::to_string(static_cast<Code>(number)) == name) return static_cast<Code>(number);
  return Code::internal;
}

std::string_view name_of(Code code) { return code == Code::rate_limited ? busy : base::to_string(code); }

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

base::Result<void> check_version(const Json& json, const std::string& program, std::string_view daemon) {
  const auto version = json.find("version");
  if (version == json.end() || !version->is_number_integer())
    return base::error(Code::invalid_data, "the request has no \"version\"; write {}", protocol_version);
  if (*version == protocol_version) return {};
  return base::error(Code::invalid_data,
                     "the request is in version {} of the protocol{}, and this daemon speaks version {} (the "
                     "daemon is version {}); use the same version of pulse for both, and start the daemon "
                     "again after an upgrade",
                     show(to_text(*version)), program.empty() ? "" : " (from pulse " + show(program) + ")",
                     protocol_version, daemon);
}

}  // namespace

base::Result<Request> parse_request(std::string_view line, std::string_view daemon) {
  const std::optional<Json> json = parse_object(line);
  if (!json)
    return base::error(Code::invalid_data,
                       "the request is no JSON object in UTF-8 of at most {} levels; the daemon reads lines "
                       "like {{\"version\": {}, \"command\": \"collect\", \"arguments\": {{}}}}",
                       maximum_depth, protocol_version);
  Request request{.command = text_of(*json, "command"), .program = text_of(*json, "program")};
  TRY(check_version(*json, request.program, daemon));
  if (request.command.empty())
    return base::error(Code::invalid_data, "the request has no \"command\"; write its name as a text");
  if (const auto arguments = json->find("arguments"); arguments != json->end()) {
    if (!arguments->is_object())
      return base::error(Code::invalid_data, "the request's \"arguments\" are no JSON object");
    request.arguments = to_text(*arguments);
  }
  return request;
}

bool is_cancel(std::string_view line) {
  const std::optional<Json> json = parse_object(line);
  return json && json->value("cancel", Json()) == true;
}

base::Result<Answer> parse_answer(std::string_view line) {
  const auto wrong = [&] {
    return base::error(
        Code::invalid_data,
        "the daemon's answer \"{}\" is not understood; use the same version of pulse for both, "
        "and start the daemon again after an upgrade",
        show(line));
  };
  const std::optional<Json> json = parse_object(line);
  if (!json || json->empty()) return wrong();
  const std::string& key = json->begin().key();
  const Json& value = json->begin().value();
  using Kind = Answer::Kind;
  if (key == "accepted" && value == true) return Answer{.kind = Kind::accepted};
  if (key == "progress" && value.is_object()) return Answer{.kind = Kind::progress, .text = to_text(value)};
  if (key == "output" && value.is_string()) return Answer{.kind = Kind::output, .text = value};
  if (key == "message" && value.is_string()) return Answer{.kind = Kind::message, .text = value};
  if (key == "error" && value.is_object())
    return Answer{.kind = Kind::error, .error = {code_of(text_of(value, "code")), text_of(value, "message")}};
  if (key == "end" && value.is_object()) {
    const Json code = value.value("code", Json());
    if (code.is_number_integer() && code >= 0 && code <= 255)
      return Answer{.kind = Kind::end, .code = code.get<int>()};
  }
  return wrong();
}

base::Result<std::string> request_line(const Request& request) {
  std::optional<Json> arguments = parse_object(request.arguments);
  if (!arguments)
    return base::error(Code::invalid_data, "the arguments of \"{}\" are no JSON object in UTF-8: {}",
                       show(request.command), show(request.arguments));
  std::string line = to_line({{"version", protocol_version},
                              {"program", request.program},
                              {"command", request.command},
                              {"arguments", *std::move(arguments)}});
  if (line.size() > maximum_line)
    return base::error(Code::invalid_data,
                       "the request has {}, and a daemon takes at most {}; name fewer things",
                       base::format_size(line.size()), base::format_size(maximum_line));
  return line;
}

std::string cancel_line() { return "{\"cancel\":true}\n"; }

std::string accepted_line() { return "{\"accepted\":true}\n"; }

std::string progress_line(std::string_view json) {
  if (json.size() > maximum_progress) return {};
  std::optional<Json> object = parse_object(json);
  if (!object) return {};
  Json line;
  line["progress"] = *std::move(object);
  return to_line(line);
}

std::string output_lines(std::string_view text) { return lines("output", text); }

std::string message_lines(std::string_view text) { return lines("message", text); }

std::string end_line(int code) {
  return fmt::format("{{\"end\":{{\"code\":{}}}}}\n", std::clamp(code, 0, 255));
}

std::string error_line(const base::Error& error) {
  Json line;
  line["error"] = {{"code", name_of(error.code)}, {"message", base::shorten(error.message, maximum_message)}};
  return to_line(line);
}

}  // namespace control
