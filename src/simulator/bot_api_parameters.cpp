#include "simulator/bot_api_parameters.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace simulator {
namespace {

using Json = nlohmann::ordered_json;

base::Error bad(std::string message) { return {base::Code::invalid_data, std::move(message)}; }

std::string decode(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned value = 0;
    if (text[at] == '+') {
      result += ' ';
    } else if (text[at] == '%' && at + 2 < text.size() &&
               std::from_chars(text.data() + at + 1, text.data() + at + 3, value, 16).ptr ==
                   text.data() + at + 3) {
      result += static_cast<char>(value);
      at += 2;
    } else {
      result += text[at];
    }
  }
  return result;
}

// The value of `name` in "form-data; name=\"text\"", quoted or not.
std::string_view attribute(std::string_view header, std::string_view name) {
  const std::string wanted = std::string(name) + "=";
  std::size_t at = header.find(wanted);
  while (at != std::string_view::npos && at > 0 && header[at - 1] != ' ' && header[at - 1] != ';')
    at = header.find(wanted, at + 1);  // filename= is not name=
  if (at == std::string_view::npos) return {};
  std::string_view value = header.substr(at + wanted.size());
  if (value.starts_with('"')) return value.substr(1, value.find('"', 1) - 1);
  return value.substr(0, value.find_first_of("; \r\n"));
}

}  // namespace

base::Result<BotParameters> BotParameters::read(const ApiRequest& request) {
  BotParameters result;
  for (const auto& [name, value] : request.query) result.values_[name] = value;
  const auto header = request.headers.find("content-type");
  const std::string_view type = header == request.headers.end() ? std::string_view() : header->second;
  if (request.body.empty()) {
  } else if (type.starts_with("application/json")) {
    TRY(result.add_json(request.body));
  } else if (type.starts_with("multipart/form-data")) {
    TRY(result.add_multipart(request.body, attribute(type, "boundary")));
  } else if (type.starts_with("application/x-www-form-urlencoded")) {
    TRY(result.add_form(request.body));
  }
  if (result.values_.size() > maximum) return bad(fmt::format("more than {} parameters", maximum));
  for (const auto& [name, value] : result.values_)
    if (base::valid_utf8_length(value) != value.size()) return bad("strings must be encoded in UTF-8");
  return result;
}

base::Result<void> BotParameters::add_form(std::string_view body) {
  for (std::size_t at = 0; at <= body.size();) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    const std::string_view pair = body.substr(at, end - at);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty())
      values_[decode(pair.substr(0, equals))] = decode(pair.substr(std::min(equals + 1, pair.size())));
    if (values_.size() > maximum) return {};  // read() refuses it
    at = end + 1;
  }
  return {};
}

base::Result<void> BotParameters::add_multipart(std::string_view body, std::string_view boundary) {
  const std::string line = "--" + std::string(boundary);
  std::size_t at = boundary.empty() ? std::string_view::npos : body.find(line);
  if (at == std::string_view::npos) return bad("the multipart body does not have its boundary");
  while (values_.size() <= maximum) {
    at += line.size();
    if (body.substr(at).starts_with("--")) return {};
    const std::size_t head_end = body.find("\r\n\r\n", at);
    const std::size_t next = body.find("\r\n" + line, head_end);
    if (head_end == std::string_view::npos || next == std::string_view::npos)
      return bad("the multipart body ends in the middle of a part");
    const std::string_view head = body.substr(at, head_end - at);
    const std::string_view name = attribute(head, "name");
    if (name.empty()) return bad("a part of the multipart body has no name");
    if (attribute(head, "filename").empty())
      values_[std::string(name)] =
          std::string(next >= head_end + 4 ? body.substr(head_end + 4, next - head_end - 4) : "");
    at = next + 2;
  }
  return {};
}

base::Result<void> BotParameters::add_json(const std::string& body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return bad("can't parse the body: it must be a JSON object");
  for (const auto& [name, value] : json.items()) {
    if (values_.size() > maximum) return {};
    if (value.is_null()) continue;
    values_[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return {};
}

std::string_view BotParameters::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string_view() : found->second;
}

std::int64_t BotParameters::integer(std::string_view name, std::int64_t fallback, std::int64_t low,
                                    std::int64_t high) const {
  if (!has(name)) return fallback;
  std::string_view digits = text(name);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{}) value = 0;
  return std::clamp(value, low, high);
}

bool BotParameters::flag(std::string_view name) const {
  std::string value(text(name));
  for (char& c : value)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return value == "true" || value == "yes" || value == "1";
}

}  // namespace simulator
