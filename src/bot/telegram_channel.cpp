#include "bot/telegram_channel.hpp"

#include <charconv>
#include <utility>

#include "bot/intake.hpp"
#include "bot/outgoing.hpp"
#include "resilience/deadline.hpp"

namespace bot {
namespace {

using How = outbox::Delivery::How;
using telegram::Fault;
using namespace std::chrono_literals;

constexpr base::Duration attempt_time = 10s;          // well within what the courier gives a delivery
constexpr base::Duration until_a_person_came = 5min;  // between tries with a token that is refused

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Of a message that was sent: its number alone is one of the chat it was meant for.
Place place_of(const std::string& receipt, std::int64_t chat) {
  if (receipt.find(':') == std::string::npos) return {chat, number(receipt)};
  return read_place(receipt).value_or(Place{});
}

}  // namespace

TelegramChannel::TelegramChannel(telegram::Api& api, base::Clock& clock, telegram::SendRates rates,
                                 std::function<void(Fault, const std::string&)> on_fault, OnMoved on_moved)
    : api_(api),
      clock_(clock),
      on_fault_(std::move(on_fault)),
      on_moved_(std::move(on_moved)),
      limits_(rates) {}

base::SteadyTime TelegramChannel::when(const outbox::Claimed& message, base::SteadyTime now) {
  if (message.message.action == "answer") return now;  // Telegram counts messages
  const std::lock_guard lock(mutex_);
  return limits_.take(number(message.message.address), now);
}

outbox::Delivery TelegramChannel::deliver(const outbox::Claimed& message, std::stop_token stop) {
  const auto out = read_outgoing(message.message);
  if (!out) {
    on_fault_(Fault::bad_message, out.error().message);
    return {.how = How::dropped, .reason = "unreadable"};
  }
  const base::SteadyTime deadline = resilience::after(clock_.steady(), attempt_time);
  telegram::OutgoingMessage text{.chat = out->chat,
                                 .topic = out->topic,
                                 .text = out->view.text,
                                 .keyboard = out->view.keyboard,
                                 .silent = out->silent};
  if (out->action == Outgoing::Action::answer)
    return judge(api_.answer_tap(out->tap, out->text, !out->text.empty(), deadline, stop), message,
                 out->chat);
  telegram::Reply reply;
  if (out->action == Outgoing::Action::send) {
    reply = api_.send_message(text, deadline, stop);
  } else {
    const Place place =
        out->message_id ? Place{out->chat, *out->message_id} : place_of(message.receipt_of_after, out->chat);
    if (place.message_id == 0) return {.how = How::dropped, .reason = "gone"};
    text.chat = place.chat;
    reply = api_.edit_message(place.message_id, text, deadline, stop);
  }
  if (reply.fault == Fault::chat_gone && reply.moved_to != 0)
    return follow(std::move(text), message, reply.moved_to, deadline, stop);
  return judge(reply, message, text.chat);
}

// Once: if that chat has moved on, too, the message is dropped as any other to a chat that is gone. A message
// to be replaced stayed behind; of what replaces it only the result is worth a message of its own.
outbox::Delivery TelegramChannel::follow(telegram::OutgoingMessage text, const outbox::Claimed& message,
                                         std::int64_t to, base::SteadyTime deadline,
                                         const std::stop_token& stop) {
  on_moved_(text.chat, to, stop);
  if (message.message.action == "edit" && message.message.priority != outbox::Priority::result)
    return {.how = How::dropped, .reason = "gone"};
  {
    const std::lock_guard lock(mutex_);
    limits_.take(to, clock_.steady());  // it counts; that it may be early, the server would say
  }
  text.chat = to;
  text.topic = 0;
  const telegram::Reply reply = api_.send_message(text, deadline, stop);
  outbox::Delivery delivery = judge(reply, message, to);
  if (delivery.how == How::sent) delivery.receipt = write_place({to, reply.message_id});
  return delivery;
}

outbox::Delivery TelegramChannel::judge(const telegram::Reply& reply, const outbox::Claimed& message,
                                        std::int64_t chat) {
  switch (reply.fault) {
    case Fault::none:
    case Fault::not_modified:
      return {.how = How::sent, .receipt = reply.message_id == 0 ? "" : std::to_string(reply.message_id)};
    case Fault::flood:
      if (message.message.action != "answer") {
        const std::lock_guard lock(mutex_);
        limits_.flood(chat, reply.retry_after, clock_.steady());
      }
      return {.how = How::again, .wait = reply.retry_after, .reason = "flood"};
    case Fault::blocked: return {.how = How::dropped, .reason = "blocked"};
    case Fault::chat_gone:
    case Fault::message_gone: return {.how = How::dropped, .reason = "gone"};
    case Fault::query_too_old: return {.how = How::dropped, .reason = "too_old"};
    case Fault::bad_message:
    case Fault::refused:
      on_fault_(reply.fault, reply.description);
      return {.how = How::dropped, .reason = "refused"};
    case Fault::conflict:
    case Fault::unauthorized:
    case Fault::not_found:
      on_fault_(reply.fault, reply.description);
      return {.how = How::again, .wait = until_a_person_came, .reason = "refused"};
    case Fault::unavailable: return {.how = How::again, .reason = "unavailable"};
    case Fault::unknown: return {.how = How::unknown, .reason = "unknown"};
    case Fault::cancelled: return {.how = How::again, .reason = "cancelled"};
  }
  return {.how = How::dropped, .reason = "refused"};
}

}  // namespace bot
