#include "simulator/bot_control.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>

namespace simulator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t maximum_limit = 10'000;  // events in one answer
constexpr std::int64_t longest_lifetime = 86'400;
constexpr std::size_t longest_name = 64;  // characters

constexpr std::array posts{"message", "tap", "updates", "block", "unblock", "limits", "callbacks", "repeat"};
constexpr std::array gets{"chat", "events", "state"};

base::Error bad(std::string message) { return {base::Code::invalid_data, std::move(message)}; }

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<Json> parse(const std::string& body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return bad("the body is not JSON");
  return json;
}

// An object that has no key but these.
base::Result<void> check_keys(const Json& json, std::initializer_list<std::string_view> known) {
  if (!json.is_object()) return bad("a JSON object is expected");
  for (const auto& [key, value] : json.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return bad(fmt::format("unknown key '{}'; known: {}", key, fmt::join(known, ", ")));
  return {};
}

base::Result<std::int64_t> number_in(const Json& json, const char* key,
                                     std::optional<std::int64_t> fallback) {
  if (!json.contains(key) && fallback) return *fallback;
  if (!json.contains(key) || !json[key].is_number_integer())
    return bad(fmt::format("'{}' must be a whole number", key));
  return json[key].get<std::int64_t>();
}

base::Result<bool> flag_in(const Json& json, const char* key, std::optional<bool> fallback) {
  if (!json.contains(key) && fallback) return *fallback;
  if (!json.contains(key) || !json[key].is_boolean())
    return bad(fmt::format("'{}' must be true or false", key));
  return json[key].get<bool>();
}

base::Result<std::optional<std::string>> name_in(const Json& json, const char* key) {
  if (!json.contains(key)) return std::optional<std::string>();
  if (!json[key].is_string()) return bad(fmt::format("'{}' must be a string", key));
  auto text = json[key].get<std::string>();
  if (utf16_length(text) > longest_name)
    return bad(fmt::format("'{}' has more than {} characters", key, longest_name));
  return std::optional(std::move(text));
}

base::Result<BotAction> action_in(const Json& json, bool tap) {
  TRY(tap ? check_keys(json, {"kind", "user", "chat", "data", "message_id", "force"})
          : check_keys(json, {"kind", "user", "chat", "topic", "text", "name", "username"}));
  const char* text = tap ? "data" : "text";
  BotAction action{.tap = tap};
  action.user = TRY(number_in(json, "user", {}));
  action.chat = TRY(number_in(json, "chat", 0));
  action.topic = TRY(number_in(json, "topic", 0));
  if (!json.contains(text) || !json[text].is_string()) return bad(fmt::format("'{}' must be a string", text));
  action.text = json[text].get<std::string>();
  action.name = TRY(name_in(json, "name"));
  action.username = TRY(name_in(json, "username"));
  action.message = TRY(number_in(json, "message_id", 0));
  action.force = TRY(flag_in(json, "force", false));
  return action;
}

base::Result<std::vector<BotAction>> actions_in(const Json& json) {
  if (!json.is_array() || json.size() > BotControl::maximum_actions)
    return bad(fmt::format("the body must be an array of at most {} messages and taps",
                           BotControl::maximum_actions));
  std::vector<BotAction> actions;
  for (const Json& item : json) {
    const Json kind = item.is_object() ? item.value("kind", Json()) : Json();
    if (kind != "message" && kind != "tap")
      return bad(fmt::format("item {}: 'kind' must be message or tap; nothing is done", actions.size()));
    actions.push_back(TRY_WITH(action_in(item, kind == "tap"), "item {} (nothing is done)", actions.size()));
  }
  return actions;
}

Json to_json(const BotActed& acted) {
  Json json{{"update_id", acted.update}};
  if (!acted.callback_query.empty()) json["callback_query_id"] = acted.callback_query;
  return json;
}

template <class Number>
base::Result<Number> query_number(const ControlRequest& request, const char* key, Number fallback) {
  const auto found = request.query.find(key);
  if (found == request.query.end()) return fallback;
  Number value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [stop, fault] = std::from_chars(found->second.data(), end, value);
  if (fault != std::errc{} || stop != end) return bad(fmt::format("'{}' must be a whole number", key));
  return value;
}

template <class List>
bool contains(const List& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

}  // namespace

Answer BotControl::handle(const ControlRequest& request, base::WallTime now) {
  const std::string_view what = std::string_view(request.path).substr(prefix.size());
  const bool is_post = contains(posts, what);
  if (!is_post && !contains(gets, what))
    return json_error(404, fmt::format("nothing at {}; known: POST {}, GET {}", request.path,
                                       fmt::join(posts, " "), fmt::join(gets, " ")));
  if (is_post ? request.method != "POST" : request.method != "GET" && request.method != "HEAD") {
    const char* allowed = is_post ? "POST" : "GET";
    Answer answer = json_error(405, fmt::format("allowed: {}", allowed));
    answer.headers.emplace_back("Allow", allowed);
    return answer;
  }
  auto body = is_post ? post(what, request.body, now) : get(what, request);
  if (!body) return json_error(400, body.error().message);
  return {.body = std::make_shared<const std::string>(std::move(*body))};
}

base::Result<std::string> BotControl::post(std::string_view what, const std::string& body,
                                           base::WallTime now) {
  const Json json = TRY(parse(body));
  if (what == "message" || what == "tap")
    return dump(to_json(TRY(bot_.act(TRY(action_in(json, what == "tap")), now))));
  if (what == "updates") {
    Json results = Json::array();
    for (const BotActed& acted : TRY(bot_.act(TRY(actions_in(json)), now))) results.push_back(to_json(acted));
    return dump({{"done", results.size()}, {"results", results}});
  }
  if (what == "limits") {
    TRY(check_keys(json, {"enforce"}));
    bot_.enforce_limits(TRY(flag_in(json, "enforce", {})));
  } else if (what == "callbacks") {
    TRY(check_keys(json, {"lifetime_seconds"}));
    const std::int64_t seconds = TRY(number_in(json, "lifetime_seconds", {}));
    if (seconds < 0 || seconds > longest_lifetime)
      return bad(fmt::format("'lifetime_seconds' must be from 0 to {}", longest_lifetime));
    bot_.set_callback_lifetime(std::chrono::seconds(seconds));
  } else if (what == "repeat") {
    TRY(check_keys(json, {}));
    TRY(bot_.repeat_delivery());
  } else {
    TRY(check_keys(json, {"user"}));
    TRY(bot_.block(TRY(number_in(json, "user", {})), what == "block"));
  }
  return std::string("{\"status\": \"ok\"}\n");
}

base::Result<std::string> BotControl::get(std::string_view what, const ControlRequest& request) const {
  if (what == "state") return bot_.state_view();
  if (what == "events") {
    const auto since = TRY(query_number<std::uint64_t>(request, "since", 0));
    const auto limit = TRY(query_number<std::size_t>(request, "limit", maximum_limit));
    return bot_.events_view(since, std::min(limit, maximum_limit));
  }
  const auto chat = TRY(query_number<std::int64_t>(request, "chat", 0));
  const auto user = TRY(query_number<std::int64_t>(request, "user", 0));
  if (chat == 0 && user <= 0) return bad("'user' or 'chat' is missing: whose messages?");
  return bot_.chat_view(chat != 0 ? chat : user);
}

}  // namespace simulator
