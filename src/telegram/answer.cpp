#include "telegram/answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "decode/json.hpp"
#include "http/retry_after.hpp"

namespace telegram {
namespace {

using decode::Kind;
using decode::Value;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds shortest_flood{1};  // also of a 429 that names no time
constexpr seconds longest_flood{24 * 3600};

struct Phrase {
  std::string_view words;  // in lower case
  Fault fault;
};

// Of status 400, and of others where the status alone does not say it; the first that fits counts. There is
// no list of them anywhere: these are the texts of the server's source and of the errors it passes on
// (CAPITALS there).
constexpr std::array phrases{
    Phrase{"message is not modified", Fault::not_modified},
    Phrase{"message_not_modified", Fault::not_modified},
    Phrase{"query is too old", Fault::query_too_old},
    Phrase{"query id is invalid", Fault::query_too_old},
    Phrase{"query_id_invalid", Fault::query_too_old},
    Phrase{"message to edit not found", Fault::message_gone},
    Phrase{"message to delete not found", Fault::message_gone},
    Phrase{"message can't be edited", Fault::message_gone},
    Phrase{"message can't be deleted", Fault::message_gone},
    Phrase{"message_id_invalid", Fault::message_gone},
    Phrase{"message_edit_time_expired", Fault::message_gone},
    Phrase{"message not found", Fault::message_gone},
    Phrase{"message thread not found", Fault::message_gone},
    Phrase{"topic_deleted", Fault::message_gone},
    Phrase{"upgraded to a supergroup", Fault::chat_gone},
    Phrase{"chat not found", Fault::chat_gone},
    Phrase{"group chat was deleted", Fault::chat_gone},
    Phrase{"group chat was deactivated", Fault::chat_gone},
    Phrase{"group is deactivated", Fault::chat_gone},
    Phrase{"user is deactivated", Fault::chat_gone},
    Phrase{"user_deactivated", Fault::chat_gone},
    Phrase{"user not found", Fault::chat_gone},
    Phrase{"peer_id_invalid", Fault::chat_gone},
    Phrase{"was blocked by the user", Fault::blocked},
    Phrase{"user_is_blocked", Fault::blocked},
    Phrase{"bot was kicked", Fault::blocked},
    Phrase{"bot is not a member", Fault::blocked},
    Phrase{"can't initiate conversation", Fault::blocked},
    Phrase{"not enough rights", Fault::blocked},
    Phrase{"no rights to send", Fault::blocked},
    Phrase{"need administrator rights", Fault::blocked},
    Phrase{"chat_write_forbidden", Fault::blocked},
    Phrase{"chat_restricted", Fault::blocked},
    Phrase{"chat_send_plain_forbidden", Fault::blocked},
    Phrase{"topic_closed", Fault::blocked},
    Phrase{"can't parse", Fault::bad_message},
    Phrase{"too long", Fault::bad_message},
    Phrase{"too_long", Fault::bad_message},
    Phrase{"text is empty", Fault::bad_message},
    Phrase{"text must be", Fault::bad_message},
    Phrase{"message_empty", Fault::bad_message},
    Phrase{"button_", Fault::bad_message},
    Phrase{"inline keyboard", Fault::bad_message},
    Phrase{"reply markup", Fault::bad_message},
    Phrase{"reply_markup", Fault::bad_message},
    Phrase{"entity_", Fault::bad_message},
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

std::optional<Fault> fault_by_words(std::string_view description) {
  const std::string text = lower(description);
  const auto found = std::ranges::find_if(
      phrases, [&](const Phrase& it) { return text.find(it.words) != std::string::npos; });
  return found == phrases.end() ? std::nullopt : std::optional(found->fault);
}

// The answer of somebody between us and the server says only what its status says.
Fault fault_without_envelope(int status) {
  switch (status) {
    case 401: return Fault::unauthorized;
    case 404: return Fault::not_found;
    case 413: return Fault::bad_message;
    case 425:
    case 503: return Fault::unavailable;  // RT1: both say that nothing was done
    case 429: return Fault::flood;
    case 408:
    case 500:
    case 502:
    case 504: return Fault::unknown;
    default: break;
  }
  if (status >= 200 && status < 300) return Fault::unknown;
  return status >= 500 && status < 600 ? Fault::unknown : Fault::refused;
}

milliseconds flood_wait(const http::Response& response, const Value* parameters, base::WallTime now) {
  base::Duration wait = shortest_flood;
  if (const auto header = http::retry_after(response, now)) wait = std::max(wait, *header);
  const auto told = parameters ? integer_field(*parameters, "retry_after") : std::nullopt;
  if (told)
    wait = std::max<base::Duration>(wait, std::min(seconds{std::max<std::int64_t>(*told, 0)}, longest_flood));
  return std::chrono::ceil<milliseconds>(std::min<base::Duration>(wait, longest_flood));
}

std::string what_came(const http::Response& response) {
  if (response.body.find_first_not_of(" \t\r\n") == std::string::npos) return "an empty body";
  const std::string start = lower(std::string_view(response.body).substr(0, 256));
  return start.find("<html") != std::string::npos || start.find("<!doctype") != std::string::npos
             ? "a web page"
             : "a body that is no answer of the Bot API";
}

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::none: return "none";
    case Fault::not_modified: return "not_modified";
    case Fault::flood: return "flood";
    case Fault::blocked: return "blocked";
    case Fault::chat_gone: return "chat_gone";
    case Fault::message_gone: return "message_gone";
    case Fault::query_too_old: return "query_too_old";
    case Fault::bad_message: return "bad_message";
    case Fault::conflict: return "conflict";
    case Fault::unauthorized: return "unauthorized";
    case Fault::not_found: return "not_found";
    case Fault::refused: return "refused";
    case Fault::unavailable: return "unavailable";
    case Fault::unknown: return "unknown";
    case Fault::cancelled: return "cancelled";
  }
  return "?";
}

std::optional<std::int64_t> integer_field(const Value& object, std::string_view key) {
  const Value* field = object.find(key);
  if (!field || field->kind() != Kind::number) return std::nullopt;
  const std::string_view text = field->text();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number < -max_id || number > max_id ? std::nullopt : std::optional(number);
}

std::string text_field(const Value& object, std::string_view key, std::size_t max_bytes) {
  const Value* field = object.find(key);
  if (!field || field->kind() != Kind::string) return {};
  return base::shorten(field->text(), max_bytes);
}

Fault fault_of(int code, std::string_view description) {
  switch (code) {
    case 401: return Fault::unauthorized;
    case 403: return Fault::blocked;
    case 404: return Fault::not_found;
    case 409: return Fault::conflict;
    case 413: return Fault::bad_message;
    case 425: return Fault::unavailable;
    case 420:
    case 429: return Fault::flood;
    default: break;
  }
  if (code >= 500) return Fault::unavailable;
  return fault_by_words(description).value_or(Fault::refused);
}

Answer read_answer(const http::Response& response, base::WallTime now) {
  Answer answer{.status = response.status};
  if (auto document = decode::decode_json(response.body)) answer.document = *std::move(document);
  const Value& root = answer.document.root;
  const Value* ok = root.find("ok");
  answer.is_envelope = ok && ok->kind() == Kind::boolean;
  const bool good_status = response.status >= 200 && response.status < 300;
  if (!answer.is_envelope) {
    answer.fault = fault_without_envelope(response.status);
    answer.description = what_came(response);
    if (answer.fault == Fault::flood) answer.retry_after = flood_wait(response, nullptr, now);
    return answer;
  }
  if (ok->as_boolean() && good_status) {
    answer.fault = Fault::none;
    return answer;
  }
  const auto said = integer_field(root, "error_code");
  const int code = said && *said >= 400 && *said < 600 ? static_cast<int>(*said)
                   : good_status                       ? 0
                                                       : response.status;
  answer.description = text_field(root, "description", max_description);
  answer.fault = fault_of(code, answer.description);
  const Value* parameters = root.find("parameters");
  if (answer.fault == Fault::flood) answer.retry_after = flood_wait(response, parameters, now);
  const auto moved_to = parameters ? integer_field(*parameters, "migrate_to_chat_id") : std::nullopt;
  if (moved_to && (code == 400 || code == 403 || code == 0)) {
    answer.fault = Fault::chat_gone;
    answer.moved_to = *moved_to;
  }
  return answer;
}

}  // namespace telegram
