// telegram and football of phoenix.yaml: what needs a secret, and an address outside.
#include "config/phoenix_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/scheduling.hpp"
#include "config/schema.hpp"
#include "config/shared_tables.hpp"
#include "config/types.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

constexpr const char* telegram_base = "https://api.telegram.org";
constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
constexpr const char* set_token = "set TELEGRAM_BOT_TOKEN (from @BotFather)";
constexpr const char* set_key = "set API_FOOTBALL_KEY (from dashboard.api-football.com)";
constexpr const char* set_webhook_url =
    "write the https:// address under which Telegram reaches this bot, or take mode: polling";
constexpr const char* set_webhook_secret =
    "set PHOENIX_TELEGRAM__WEBHOOK__SECRET to 16 to 256 letters, digits, _ and -";

// A secret that is judged without being shown: `wrong` says what is wrong with it, or nothing.
template <class Wrong>
Type<base::Secret> judged_secret(const std::string& allowed, Wrong wrong) {
  Type<base::Secret> type = secret();
  type.info.allowed = allowed;
  type.read = [allowed, wrong](const Node& node, Context& context) -> std::optional<base::Secret> {
    auto text = scalar(node, context, allowed);
    if (!text) return std::nullopt;
    const std::string_view fault = wrong(std::string_view(*text));
    if (fault.empty()) return base::Secret(std::move(*text));
    context.fault(node.mark, std::string(fault), allowed);
    return std::nullopt;
  };
  return type;
}

// "123456:AAE…", as @BotFather gives them. How long they are is nowhere promised.
std::string_view fault_of_token(std::string_view token) {
  const std::size_t colon = std::min(token.find(':'), token.size());
  const std::string_view number = token.substr(0, colon),
                         rest = token.substr(std::min(colon + 1, token.size()));
  const bool is_sound = !number.empty() && number.size() <= 20 &&
                        number.find_first_not_of("0123456789") == std::string_view::npos &&
                        rest.size() >= 10 && rest.size() <= 200 &&
                        rest.find_first_not_of(letters) == std::string_view::npos;
  return is_sound ? "" : "has not the form of a bot token: digits, a colon, some 35 letters, digits, _ and -";
}

// It goes into a header.
std::string_view fault_of_key(std::string_view key) {
  if (key.empty()) return "is empty";
  if (key.size() > 256) return "is longer than 256 characters";
  const bool is_sound = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return is_sound ? "" : "holds a blank or a character that no key has";
}

std::string_view fault_of_webhook_secret(std::string_view secret) {
  const bool is_sound = secret.size() >= 16 && secret.size() <= 256 &&
                        secret.find_first_not_of(letters) == std::string_view::npos;
  return is_sound ? "" : "is no secret that Telegram sends along and nobody guesses";
}

// Of an API: paths are put behind it.
Type<std::string> base_url() {
  Type<std::string> type = url();
  type.read = [read = type.read](const Node& node, Context& context) -> std::optional<std::string> {
    auto text = read(node, context);
    if (!text) return std::nullopt;
    if (text->find_first_of("?#") != std::string::npos) {
      context.fault(node.mark, "holds a ? or a #", "write only what all its URLs begin with");
      return std::nullopt;
    }
    while (text->ends_with('/')) text->pop_back();
    return text;
  };
  return type;
}

std::optional<std::int64_t> user_id(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::int64_t id = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool is_whole = fault == std::errc{} && end == text.data() + text.size();
  return is_whole && id > 0 ? std::optional(id) : std::nullopt;
}

// [1, 2], or "1, 2" as a variable holds it.
Type<std::vector<std::int64_t>> user_ids() {
  const std::string allowed = "write [123456789], the numbers by which Telegram knows them";
  return {
      {"list of user ids",
       allowed,
       nullptr,
       {},
       or_variable(R"({"type": ["array", "integer", "string"], "items": {"type": ["integer", "string"]}})")},
      [allowed](const Node& node, Context& context) -> std::optional<std::vector<std::int64_t>> {
        constexpr std::size_t most = 100;
        std::vector<std::int64_t> ids;
        const std::size_t before = context.faults().size();
        const auto add = [&](const Node& at, std::string_view text) {
          if (const auto id = user_id(text)) return ids.push_back(*id);
          context.fault(at.mark, shown(at) + " holds something that is no user id", allowed);
        };
        if (node.kind == Node::Kind::sequence) {
          for (const Node& item : node.items)
            if (const auto text = scalar(item, context, allowed)) add(item, *text);
        } else if (const auto text = scalar(node, context, allowed)) {
          for (std::string_view rest = *text; !rest.empty();) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            add(node, rest.substr(0, comma));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
          }
        }
        if (ids.size() > most)
          context.fault(node.mark, fmt::format("holds more than {} user ids", most), allowed);
        return context.faults().size() == before ? std::optional(std::move(ids)) : std::nullopt;
      }};
}

// Not Presence::required: an editor that knows the schema need not ask for what the environment holds. And
// whatever else is wrong in the same map, this is said as well.
void require(const Node& node, std::string_view key, const char* remedy, Context& context) {
  if (node.find(key) != nullptr) return;
  context.below(key, [&] {
    const bool has_place = !context.file().empty() && node.mark.origin.empty();
    context.fault(has_place ? node.mark : Mark{0, 0, context.path()}, "is missing", remedy);
    return 0;
  });
}

template <class T>
Type<T> with_check(Type<T> type, std::function<void(const Node&, Context&)> check) {
  type.read = [read = type.read, check = std::move(check)](const Node& node,
                                                           Context& context) -> std::optional<T> {
    const std::size_t before = context.faults().size();
    auto value = read(node, context);
    if (node.kind == Node::Kind::mapping) check(node, context);
    return context.faults().size() == before ? std::move(value) : std::nullopt;
  };
  return type;
}

Table<WebhookSettings> webhook_table() {
  Table<WebhookSettings> table;
  table.key("url", &WebhookSettings::url, url(), optional(), "Where Telegram delivers updates; https.");
  table.key("secret", &WebhookSettings::secret, judged_secret(set_webhook_secret, fault_of_webhook_secret),
            optional(),
            "What Telegram sends along, so that nobody else's updates are taken; 16 to 256 letters, "
            "digits, _ and -.");
  table.key("listen", &WebhookSettings::listen, listen_address(false), defaults("127.0.0.1:8789"),
            "Numeric address and port for these deliveries; a reverse proxy with a certificate stands before "
            "it.");
  return table;
}

Table<TelegramSettings> telegram_table() {
  Table<TelegramSettings> table;
  table.key("token", &TelegramSettings::token, judged_secret(set_token, fault_of_token), optional(),
            "The bot's, from @BotFather; another bot than the one that sends alerts. Needed; the variable "
            "TELEGRAM_BOT_TOKEN stands in.");
  table.key("base", &TelegramSettings::base, base_url(), defaults(telegram_base),
            "Of the Bot API, for servers of one's own. The variable TELEGRAM_API_BASE stands in.");
  using Mode = TelegramSettings::Mode;
  table.key("mode", &TelegramSettings::mode,
            one_of<Mode>({{"polling", Mode::polling}, {"webhook", Mode::webhook}}), defaults("polling"),
            "How updates come: asked for, or delivered by Telegram.");
  table.key("owners", &TelegramSettings::owners, user_ids(), optional(),
            "Who may use /status, and is told when a person is needed.");
  table.key("messages_per_second", &TelegramSettings::messages_per_second, integer(1, 1000), defaults("30"),
            "How many go out at most, to all chats together.");
  table.key("carriers", &TelegramSettings::carriers, integer(1, 256), defaults("24"),
            "How many messages and answers may be on their way to Telegram at once.");
  table.key("poll_timeout", &TelegramSettings::poll_timeout, duration(1s, 50s), defaults("50s"),
            "How long one question for updates waits for some.");
  table.key("webhook", &TelegramSettings::webhook, nested(webhook_table()), defaults("{}"),
            "For mode: webhook.");
  table.rule([](const TelegramSettings& telegram, const Node& node, Context& context) {
    const std::string& url = telegram.webhook.url;
    if (telegram.mode == Mode::webhook && telegram.base == telegram_base && !url.empty() &&
        !url.starts_with("https://"))
      context.fault_at(node.nearest("webhook.url").mark, "webhook.url", "does not begin with https://",
                       set_webhook_url);
  });
  return table;
}

void check_webhook(const Node& telegram, Context& context) {
  const Node* const mode = telegram.find("mode");
  if (mode == nullptr || mode->kind != Node::Kind::scalar || mode->text != "webhook") return;
  const Node* const webhook = telegram.find("webhook");
  if (webhook != nullptr && webhook->kind != Node::Kind::mapping) return;  // its reader complains of that
  const Node none(Node::Kind::mapping, telegram.mark);
  context.below("webhook", [&] {
    require(webhook == nullptr ? none : *webhook, "url", set_webhook_url, context);
    require(webhook == nullptr ? none : *webhook, "secret", set_webhook_secret, context);
    return 0;
  });
}

Table<FootballSettings> football_table() {
  Table<FootballSettings> table;
  table.key("key", &FootballSettings::key, judged_secret(set_key, fault_of_key), optional(),
            "Of API-Football. Needed; the variable API_FOOTBALL_KEY stands in.");
  table.key("base", &FootballSettings::base, base_url(), defaults("https://v3.football.api-sports.io"),
            "Of that API. The variable API_FOOTBALL_BASE stands in.");
  table.key("per_minute", &FootballSettings::per_minute, maybe(integer(1, 10'000)), optional(),
            "How many calls a minute at most; what the API says of itself if absent.");
  table.key("daily_reserve", &FootballSettings::daily_reserve, integer(0, 1'000'000), defaults("100"),
            "How many calls of the day's quota are kept back.");
  table.key("timezone", &FootballSettings::timezone, timezone(), defaults("America/Sao_Paulo"),
            "Whose days and times of day the users mean.");
  return table;
}

}  // namespace

Type<TelegramSettings> telegram_settings() {
  return with_check<TelegramSettings>(nested(telegram_table()), [](const Node& node, Context& context) {
    require(node, "token", set_token, context);
    check_webhook(node, context);
  });
}

Type<FootballSettings> football_settings() {
  return with_check<FootballSettings>(nested(football_table()), [](const Node& node, Context& context) {
    require(node, "key", set_key, context);
  });
}

}  // namespace config
