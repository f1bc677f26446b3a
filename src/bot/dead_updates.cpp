#include "bot/dead_updates.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "store/batch.hpp"

namespace bot {
namespace {

using base::Result;
using nlohmann::json;
using store::Connection;

json place(std::int64_t chat, std::int64_t user, std::int64_t message) {
  return {{"chat", chat}, {"from", user}, {"message_id", message}};
}

}  // namespace

// ASCII only, so that no byte that came from outside can break this, too.
std::string dead_body(const telegram::Update& update) {
  json body{{"update_id", update.id}};
  if (const auto* message = std::get_if<telegram::Message>(&update.what)) {
    body["message"] = place(message->chat.id, message->from.id, message->id);
    body["message"]["text"] = base::shorten(message->text, max_dead_text);
  } else if (const auto* tap = std::get_if<telegram::Tap>(&update.what)) {
    body["callback_query"] = place(tap->chat.id, tap->from.id, tap->message_id);
    body["callback_query"]["data"] = base::shorten(tap->data, max_dead_text);
  } else if (const auto* moved = std::get_if<telegram::Moved>(&update.what)) {
    body["moved"] = {{"from", moved->from}, {"to", moved->to}};
  }
  return body.dump(-1, ' ', true, json::error_handler_t::replace);
}

Result<void> bury(Connection& connection, const telegram::Update& update, const std::string& reason,
                  base::WallTime now) {
  const std::string body = dead_body(update);
  const std::string why = base::shorten(base::escape_control(reason), max_dead_reason);
  TRY(connection.execute(
      "INSERT INTO {ledger}dead_updates (update_id, body, reason, received_at) VALUES ($1, $2, $3, $4) ON "
      "CONFLICT (update_id) DO NOTHING",
      {update.id, std::string_view(body), std::string_view(why), base::epoch_milliseconds(now)}));
  return {};
}

Result<std::int64_t> count_dead_updates(Connection& connection) {
  const auto rows = TRY(connection.query("SELECT count(*) FROM {ledger}dead_updates"));
  return rows.begin()->integer(0);
}

Result<std::int64_t> tidy_dead_updates(Connection& connection, std::chrono::seconds older_than,
                                       const base::Clock& clock, int limit) {
  const base::WallTime now = TRY(store::shared_now(connection, clock));
  return connection.execute(
      fmt::format("DELETE FROM {{ledger}}dead_updates WHERE update_id IN (SELECT update_id FROM "
                  "{{ledger}}dead_updates WHERE received_at < $1 LIMIT $2{})",
                  connection.dialect().skip_locked()),
      {base::epoch_milliseconds(now - older_than), std::int64_t{limit}});
}

}  // namespace bot
