#include "simulator/control.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"
#include "simulator/bot_api.hpp"

namespace simulator {
namespace {

using Json = nlohmann::ordered_json;

Answer json_answer(const Json& json, int status = 200) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return {.status = status, .body = std::make_shared<const std::string>(std::move(text))};
}

Answer wrong_method(const std::string& allowed) {
  Answer answer = json_error(405, "allowed: " + allowed);
  answer.headers.emplace_back("Allow", allowed);
  return answer;
}

base::Error bad(std::string message) { return {base::Code::invalid_data, std::move(message)}; }

base::Result<Json> parse_object(const std::string& body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return bad("the body must be a JSON object");
  return json;
}

base::Result<std::string> text_in(const Json& json, const char* key, std::string fallback) {
  if (!json.contains(key)) return fallback;
  if (!json[key].is_string()) return bad(fmt::format("'{}' must be a string", key));
  return json[key].get<std::string>();
}

base::Result<int> number_in(const Json& json, const char* key, int fallback, int low, int high) {
  if (!json.contains(key)) return fallback;
  const auto* number = json[key].is_number_integer() ? &json[key] : nullptr;
  if (number == nullptr || *number < low || *number > high)
    return bad(fmt::format("'{}' must be a whole number from {} to {}", key, low, high));
  return number->get<int>();
}

base::Result<std::size_t> count_in(const std::map<std::string, std::string>& query, const std::string& key) {
  const auto found = query.find(key);
  if (found == query.end()) return std::size_t{0};
  std::size_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [stop, fault] = std::from_chars(found->second.data(), end, value);
  if (fault != std::errc{} || stop != end) return bad(fmt::format("'{}' must be a number from 0", key));
  return value;
}

std::optional<std::string> decode_base64(std::string_view text) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((held += 6) >= 8) bytes += static_cast<char>(bits >> (held -= 8) & 0xFF);
  }
  return bytes;
}

base::Result<Fault> parse_fault(const std::string& body) {
  const Json json = TRY(parse_object(body));
  static constexpr std::array known{"api",     "kind",         "count", "status",      "milliseconds",
                                    "headers", "content_type", "body",  "body_base64", "method"};
  for (const auto& [key, value] : json.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return bad(fmt::format("unknown key '{}'", key));

  Fault fault;
  fault.api = TRY(text_in(json, "api", ""));
  if (!fault.api.empty() && !is_known_api(fault.api)) return bad(fmt::format("unknown api '{}'", fault.api));
  fault.method = TRY(text_in(json, "method", ""));
  if (!fault.method.empty() && fault.api != BotApi::name)
    return bad(fmt::format("'method' goes with \"api\": \"{}\" only", BotApi::name));
  const std::string kind = TRY(text_in(json, "kind", ""));
  constexpr std::array kinds{Fault::Kind::status, Fault::Kind::delay, Fault::Kind::html, Fault::Kind::body,
                             Fault::Kind::lost_answer};
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](auto k) { return to_string(k) == kind; });
  if (found == kinds.end()) return bad("'kind' must be status, delay, html, body or lost_answer");
  fault.kind = *found;
  fault.count = TRY(number_in(json, "count", 1, -1, 1'000'000'000));
  if (fault.count == 0) return bad("'count' must not be 0");
  fault.status = TRY(number_in(json, "status", fault.kind == Fault::Kind::status ? 503 : 200, 200, 599));
  fault.delay = std::chrono::milliseconds{TRY(number_in(json, "milliseconds", 0, 0, 3'600'000))};
  fault.content_type = TRY(text_in(json, "content_type", "application/json"));
  fault.body = TRY(text_in(json, "body", ""));
  if (json.contains("body_base64")) {
    const auto bytes = decode_base64(TRY(text_in(json, "body_base64", "")));
    if (!bytes) return bad("'body_base64' is not base64");
    fault.body = *bytes;
  }
  if (json.contains("headers")) {
    if (!json["headers"].is_object()) return bad("'headers' must be an object");
    for (const auto& [name, value] : json["headers"].items()) {
      if (!value.is_string()) return bad(fmt::format("header '{}' must be a string", name));
      fault.headers.emplace_back(name, value.get<std::string>());
    }
  }
  return fault;
}

Json to_json(const Fault& fault) {
  Json headers = Json::object();
  for (const auto& [name, value] : fault.headers) headers[name] = value;
  return {{"api", fault.api},     {"method", fault.method},          {"kind", to_string(fault.kind)},
          {"count", fault.count}, {"status", fault.status},          {"milliseconds", fault.delay.count()},
          {"headers", headers},   {"body_bytes", fault.body.size()}, {"content_type", fault.content_type}};
}

Json to_json(const Request& request) {
  return {{"number", request.number},   {"time", base::to_iso8601(request.time)},
          {"method", request.method},   {"host", request.host},
          {"path", request.path},       {"query", request.query},
          {"headers", request.headers}, {"status", request.status},
          {"api", request.api}};
}

// Those with data that can be ticked and edited.
Json known_apis() {
  Json known = Json::array();
  for (const Api& api : apis())
    known.push_back({{"name", api.name}, {"path", fmt::format("/{}{}", api.host, api.path)}});
  return known;
}

template <class List>
Json array_of(const List& list) {
  Json array = Json::array();
  for (const auto& item : list) array.push_back(to_json(item));
  return array;
}

}  // namespace

bool is_known_api(std::string_view name) { return name == BotApi::name || find_api(name) != nullptr; }

Answer json_error(int status, const std::string& message) {
  return json_answer({{"error", message}}, status);
}

Answer unknown_path(const std::string& path) {
  Json known = known_apis();
  known.push_back({{"name", BotApi::name}, {"path", fmt::format("/{}/bot<token>/*", BotApi::host)}});
  return json_answer({{"error", "no API answers at " + path}, {"apis", std::move(known)}}, 404);
}

Answer Control::handle(const ControlRequest& request) {
  const bool get = request.method == "GET" || request.method == "HEAD";
  static const std::string truth_of = "/_sim/truth/";
  if (request.path == "/_sim/health") return get ? health() : wrong_method("GET");
  if (request.path == "/_sim/tick") return request.method == "POST" ? tick(request) : wrong_method("POST");
  if (request.path == "/_sim/edit") return request.method == "POST" ? edit(request) : wrong_method("POST");
  if (request.path.starts_with(truth_of))
    return get ? truth(request.path.substr(truth_of.size())) : wrong_method("GET");
  if (request.path == "/_sim/requests") return requests(request);
  if (request.path == "/_sim/faults") return faults(request);
  return unknown_path(request.path);
}

Answer Control::health() const {
  return json_answer({{"status", "ok"},
                      {"seed", world_.seed()},
                      {"requests_total", requests_.total()},
                      {"apis", known_apis()}});
}

Answer Control::tick(const ControlRequest& request) {
  const auto add = count_in(request.query, "add");
  const auto change = count_in(request.query, "change");
  if (!add || !change) return json_error(400, (add ? change : add).error().message);
  const auto api = request.query.find("api");
  const auto ticked = world_.tick(api == request.query.end() ? "" : api->second, *add, *change);
  if (!ticked) return json_error(400, ticked.error().message);
  return json_answer({{"added", ticked->added}, {"changed", ticked->changed}});
}

Answer Control::edit(const ControlRequest& request) {
  const auto done = [&]() -> base::Result<void> {
    const Json json = TRY(parse_object(request.body));
    const std::string api = TRY(text_in(json, "api", ""));
    const std::string field = TRY(text_in(json, "field", ""));
    const int index = TRY(number_in(json, "index", 0, 0, static_cast<int>(World::maximum_records)));
    if (!json.contains("value")) return bad("'value' is missing");
    const Json& value = json["value"];
    return world_.edit(
        api, static_cast<std::size_t>(index), field,
        value.is_string() ? Value{value.get<std::string>()} : Value{RawJson{value.dump(-1, ' ', true)}});
  }();
  return done ? json_answer({{"status", "ok"}}) : json_error(400, done.error().message);
}

Answer Control::truth(const std::string& api) const {
  const auto records = world_.records(api);
  if (!records) return json_error(404, records.error().message);
  return {.body = std::make_shared<const std::string>(simulator::truth(*records))};
}

Answer Control::requests(const ControlRequest& request) {
  if (request.method == "DELETE") {
    requests_.clear();
    return json_answer({{"status", "ok"}});
  }
  if (request.method != "GET" && request.method != "HEAD") return wrong_method("GET, DELETE");
  Answer answer = json_answer(array_of(requests_.list()));
  answer.headers.emplace_back("X-Total-Count", std::to_string(requests_.total()));
  return answer;
}

Answer Control::faults(const ControlRequest& request) {
  if (request.method == "POST") {
    auto fault = parse_fault(request.body);
    if (!fault) return json_error(400, fault.error().message);
    faults_.add(std::move(*fault));
  } else if (request.method == "DELETE") {
    faults_.clear();
  } else if (request.method != "GET" && request.method != "HEAD") {
    return wrong_method("GET, POST, DELETE");
  } else {
    return json_answer(array_of(faults_.list()));
  }
  return json_answer({{"status", "ok"}});
}

}  // namespace simulator
