// Any bytes as a webhook's body and as the answer to getUpdates: updates with ids that the poller can go
// past, everything bounded; and as a text: pages that fit.
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "base/check.hpp"
#include "telegram/answer.hpp"
#include "telegram/format.hpp"
#include "telegram/update.hpp"

namespace {

using telegram::Update;

void check_update(const Update& update) {
  CHECK(update.id > 0 && update.id <= telegram::max_id, "an id");
  if (const auto* message = std::get_if<telegram::Message>(&update.what)) {
    CHECK(message->from.id > 0 && message->chat.id != 0, "somebody wrote it somewhere");
    CHECK(message->text.size() <= telegram::max_incoming_text, "bounded");
  } else if (const auto* tap = std::get_if<telegram::Tap>(&update.what)) {
    CHECK(!tap->id.empty() && tap->id.size() <= telegram::max_tap_id, "it can be answered");
    CHECK(tap->data.size() <= telegram::max_button_data, "of a button");
    CHECK(tap->chat.id != 0 || tap->message_id == 0, "no message without its chat");
  }
}

void check_answer(const std::string& body, int status) {
  const telegram::Answer answer = telegram::read_answer({.status = status, .body = body}, base::WallTime{});
  CHECK(answer.description.size() <= telegram::max_description, "bounded");
  CHECK(answer.fault != telegram::Fault::none || answer.is_envelope, "nothing else is good");
  CHECK((answer.fault == telegram::Fault::flood) == (answer.retry_after.count() > 0), "a flood has a wait");
  if (answer.fault != telegram::Fault::none || !answer.result()) return;
  const auto updates = telegram::read_updates(answer.document, *answer.result(), 100);
  CHECK(updates.size() <= 100, "no more than asked for");
  for (const Update& update : updates) check_update(update);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  if (const auto update = telegram::parse_update(body)) check_update(*update);
  for (const int status : {200, 400, 429, 502}) check_answer(body, status);
  const std::size_t limit = 2 + size % 30;
  for (const std::string& page : telegram::split_pages(body, limit))
    CHECK(telegram::visible_length(page) <= limit, "a page fits");
  return 0;
}
