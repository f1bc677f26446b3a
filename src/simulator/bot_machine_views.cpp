// The machine as tests see it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "simulator/bot_machine.hpp"

namespace simulator {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json view_of(const BotMessage& message) {
  Json rows = Json::array();
  for (const auto& row : message.keyboard) {
    rows.push_back(Json::array());
    for (const BotButton& button : row) rows.back().push_back({{"text", button.text}, {"data", button.data}});
  }
  Json view{{"message_id", message.id}, {"from", message.from == 0 ? "bot" : "user"}};
  if (message.from != 0) view["user"] = message.from;
  view["text"] = message.source;
  view["plain"] = message.text.text;
  view["buttons"] = std::move(rows);
  view["date"] = base::epoch_seconds(message.date);
  view["edits"] = message.edits;
  view["edited"] = message.edits == 0 ? Json() : Json(base::epoch_seconds(message.edited));
  view["deleted"] = message.deleted;
  return view;
}

Json view_of(const BotEvent& event) {
  Json view{{"number", event.number},
            {"time_us", event.time.time_since_epoch().count()},
            {"method", event.method},
            {"code", event.code}};
  if (!event.description.empty()) view["description"] = event.description;
  if (event.chat != 0) view["chat"] = event.chat;
  if (event.message != 0) view["message_id"] = event.message;
  if (event.topic != 0) view["topic"] = event.topic;
  if (!event.text.empty()) view["text"] = event.text;
  if (event.callback_query.empty()) return view;
  view["callback_query_id"] = event.callback_query;
  view["data"] = event.data;
  view["show_alert"] = event.show_alert;
  return view;
}

}  // namespace

base::Result<std::string> BotMachine::chat_view(std::int64_t id) const {
  const auto found = chats_.find(id);
  if (found == chats_.end())
    return base::error(base::Code::invalid_data, "no chat {}: nobody has written there yet", id);
  const BotChat& chat = found->second;
  Json messages = Json::array();
  for (const BotMessage& message : chat.messages) messages.push_back(view_of(message));
  return dump({{"chat", chat.id}, {"blocked", chat.blocked}, {"messages", std::move(messages)}});
}

std::string BotMachine::events_view(std::uint64_t since, std::size_t limit) const {
  Json list = Json::array();
  const std::uint64_t before = last_event_ - events_.size();  // the last one that is forgotten
  for (std::size_t i = since > before ? static_cast<std::size_t>(since - before) : 0;
       i < events_.size() && list.size() < limit; ++i)
    list.push_back(view_of(events_[i]));
  return dump({{"total", last_event_}, {"dropped", before}, {"events", std::move(list)}});
}

std::string BotMachine::state_view() const {
  Json violations, codes = Json::object(), commands = Json::object();
  for (const auto scope : {SendLimits::Scope::chat, SendLimits::Scope::group, SendLimits::Scope::bot})
    violations[std::string(to_string(scope))] = limits_.violations(scope);
  for (const auto& [code, count] : codes_) codes[std::to_string(code)] = count;
  for (const auto& [scope, list] : commands_) commands[scope] = Json::parse(list, nullptr, false);
  return dump({{"username", options_.username},
               {"users", users_.size()},
               {"chats", chats_.size()},
               {"updates", updates_made_},
               {"skipped_updates", updates_skipped_},
               {"pending_updates", updates_.size()},
               {"confirmed_offset", confirmed_},
               {"next_update_id", next_update()},
               {"allowed_updates", allowed_},
               {"webhook", webhook_.url},
               {"delivery",
                {{"delivered", webhook_.delivered},
                 {"failed", webhook_.failed},
                 {"repeated", webhook_.repeated},
                 {"last_status", webhook_.last_status},
                 {"last_error", webhook_.last_error}}},
               {"commands", commands},
               {"polls", polls_made_},
               {"poll_waiting", waiting_ != 0},
               {"conflicts", conflicts_},
               {"enforce", limits_.enforced()},
               {"limits_free_at_us", limits_.free_at().time_since_epoch().count()},
               {"violations", violations},
               {"methods", calls_},
               {"codes", codes},
               {"taps",
                {{"total", taps_made_},
                 {"answered", taps_answered_},
                 {"unanswered", taps_made_ - taps_answered_},
                 {"late", late_answers_}}},
               {"events", last_event_}});
}

}  // namespace simulator
