#include "bot/outgoing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "base/text.hpp"

namespace bot {
namespace {

using base::Code;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto tap_lifetime = 55s;        // Telegram refuses later answers
constexpr auto rejection_lifetime = 60s;  // QU2

// What is not UTF-8 is replaced: a message with it could not be kept.
void append_text(std::string& out, std::string_view text) {
  if (base::valid_utf8_length(text) == text.size())
    base::append_json_text(out, text);
  else
    out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

// By hand: most of the bot's messages are menus, and the library takes many times as long. `more`: further
// members of the object.
std::string write_view(const View& view, std::string_view more = {}) {
  std::string out = R"({"keyboard":[)";
  for (const auto& row : view.keyboard) {
    out += out.back() == '[' ? "[" : ",[";
    for (const telegram::Button& button : row) {
      out += out.back() == '[' ? "[" : ",[";
      append_text(out, button.text);
      out += ',';
      append_text(out, button.data);
      out += ']';
    }
    out += ']';
  }
  out += R"(],"text":)";
  append_text(out, view.text);
  return out.append(more) + '}';
}

View view_of(const json& object) {
  View view{.text = object.at("text").get<std::string>()};
  for (const json& row : object.at("keyboard")) {
    auto& buttons = view.keyboard.emplace_back();
    for (const json& button : row)
      buttons.push_back({button.at(0).get<std::string>(), button.at(1).get<std::string>()});
  }
  return view;
}

outbox::Message message(std::int64_t chat, std::string action, std::string body, outbox::Priority priority) {
  return {.channel = std::string(telegram_channel),
          .address = std::to_string(chat),
          .action = std::move(action),
          .body = std::move(body),
          .priority = priority};
}

// What the library throws becomes an error of ours.
template <class Read>
auto guarded(Read read) -> base::Result<decltype(read())> {
  try {
    return read();
  } catch (const json::exception& error) {
    return base::error(Code::invalid_data, "the ledger holds a message that cannot be read: {}",
                       error.what());
  }
}

}  // namespace

bool View::operator==(const View& other) const { return write_view(*this) == write_view(other); }

outbox::Message send(std::int64_t chat, const View& view, outbox::Priority priority, bool silent) {
  return message(chat, "send", write_view(view, silent ? R"(,"silent":true)" : ""), priority);
}

outbox::Message send_at_most_once(std::int64_t chat, const View& view, outbox::Priority priority) {
  outbox::Message sent = send(chat, view, priority, priority == outbox::Priority::rejection);
  sent.repeatable = false;
  if (priority == outbox::Priority::rejection) sent.lifetime = rejection_lifetime;
  return sent;
}

outbox::Message in_topic(std::int64_t topic, outbox::Message message) {
  if (topic != 0) message.body.insert(1, fmt::format(R"("topic":{},)", topic));
  return message;
}

outbox::Message edit(std::int64_t chat, std::int64_t message_id, const View& view,
                     outbox::Priority priority) {
  return message(chat, "edit", write_view(view, fmt::format(R"(,"message":{})", message_id)), priority);
}

outbox::Message edit_after(std::int64_t chat, std::int64_t row, const View& view, outbox::Priority priority) {
  outbox::Message edited = message(chat, "edit", write_view(view), priority);
  edited.after = row;
  return edited;
}

outbox::Message answer(std::int64_t chat, std::string_view tap, std::string_view text) {
  std::string body = R"({"tap":)";
  append_text(body, tap);
  append_text(body += R"(,"text":)", text);
  outbox::Message answered = message(chat, "answer", body + '}', outbox::Priority::answer);
  answered.lifetime = tap_lifetime;
  return answered;
}

base::Result<Outgoing> read_outgoing(const outbox::Message& message) {
  Outgoing out;
  const std::string& address = message.address;
  const auto [end, error] = std::from_chars(address.data(), address.data() + address.size(), out.chat);
  if (error != std::errc() || end != address.data() + address.size())
    return base::error(Code::invalid_data, "\"{}\" is no chat", address);
  return guarded([&] {
    const json body = json::parse(message.body);
    if (message.action == "answer") {
      out.action = Outgoing::Action::answer;
      out.tap = body.at("tap").get<std::string>();
      out.text = body.at("text").get<std::string>();
      return out;
    }
    out.action = message.action == "edit" ? Outgoing::Action::edit : Outgoing::Action::send;
    out.view = view_of(body);
    out.silent = body.value("silent", false);
    out.topic = body.value("topic", std::int64_t{0});
    if (body.contains("message")) out.message_id = body.at("message").get<std::int64_t>();
    return out;
  });
}

base::Result<void> move_chat(store::Connection& connection, std::int64_t from, std::int64_t to) {
  TRY(outbox::readdress(connection, telegram_channel, "send", std::to_string(from), std::to_string(to)));
  return {};
}

std::string write_views(const std::vector<View>& views) {
  std::string list = "[";
  for (const View& view : views) list.append(list.size() > 1 ? "," : "").append(write_view(view));
  return list + ']';
}

base::Result<std::vector<View>> read_views(const std::string& text) {
  return guarded([&] {
    std::vector<View> views;
    for (const json& view : json::parse(text)) views.push_back(view_of(view));
    return views;
  });
}

}  // namespace bot
