#include "simulator/bot_api.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "simulator/api_tools.hpp"
#include "simulator/bot_machine.hpp"

namespace simulator {
namespace {

constexpr std::size_t least_secret = 30;  // characters of a token behind the colon

// "1:abc" of "/bot1:abc/getMe".
std::string_view token_of(std::string_view path) {
  static constexpr std::string_view prefix = "/bot";
  if (!path.starts_with(prefix)) return {};
  path.remove_prefix(prefix.size());
  return path.substr(0, path.find('/'));
}

Answer answer_of(const BotMachine::Outcome& outcome) {
  std::string body;
  Answer answer{.status = outcome.code};
  if (outcome.code == 200) {
    const std::string note =
        outcome.note.empty() ? std::string() : fmt::format(",\"description\":{}", json_string(outcome.note));
    body = fmt::format("{{\"ok\":true,\"result\":{}{}}}", outcome.text, note);
  } else {
    body = fmt::format("{{\"ok\":false,\"error_code\":{},\"description\":{}", outcome.code,
                       json_string(outcome.text));
    if (outcome.retry_after > 0) {
      body += fmt::format(",\"parameters\":{{\"retry_after\":{}}}", outcome.retry_after);
      answer.headers.emplace_back("Retry-After", std::to_string(outcome.retry_after));
    }
    body += "}";
  }
  answer.body = std::make_shared<const std::string>(std::move(body));
  return answer;
}

BotApi::Reply reply_of(const BotMachine::Outcome& outcome) {
  if (outcome.ticket != 0) return {.ticket = outcome.ticket, .deadline = outcome.deadline};
  return {.answer = answer_of(outcome)};
}

}  // namespace

struct BotApi::Impl {
  // Wakes after the lock is gone: whoever is woken may call at once.
  template <class Work>
  auto locked(Work work) {
    std::unique_lock lock(mutex);
    auto result = work();
    const std::vector<std::uint64_t> woken = machine.woken();
    const bool is_due = machine.webhook() != last_webhook || machine.delivery();
    last_webhook = machine.webhook();
    lock.unlock();
    if (is_due) changed.notify_all();
    for (const std::uint64_t ticket : woken)
      if (wake) wake(ticket);
    return result;
  }

  BotMachine machine;  // `mutex`
  std::mutex mutex{};
  Wake wake{};
  std::uint64_t last_webhook = 0;         // `mutex`
  std::condition_variable_any changed{};  // the webhook, or what is due there
};

BotApi::BotApi(BotOptions options, Wake wake)
    : impl_(new Impl{.machine = BotMachine(std::move(options)), .wake = std::move(wake)}) {}
BotApi::~BotApi() = default;

BotApi::Reply BotApi::call(const ApiRequest& request) {
  const std::string_view token = token_of(request.path);
  if (!is_bot_token(token)) return reply_of({.code = 404, .text = "Not Found"});
  if (!impl_->machine.has_token(token)) return reply_of({.code = 401, .text = "Unauthorized"});
  if (request.method != "GET" && request.method != "POST")
    return reply_of({.code = 405, .text = "Method Not Allowed: use GET or POST"});
  const auto given = BotParameters::read(request);
  if (!given) return reply_of({.code = 400, .text = "Bad Request: " + given.error().message});
  return reply_of(
      impl_->locked([&] { return impl_->machine.call(bot_method(request.path), *given, request.time); }));
}

BotApi::Reply BotApi::resume(std::uint64_t ticket, base::WallTime now) {
  return reply_of(impl_->locked([&] { return impl_->machine.resume(ticket, now); }));
}

void BotApi::drop(std::uint64_t ticket) {
  const std::lock_guard lock(impl_->mutex);
  impl_->machine.drop(ticket);
}

bool BotApi::is_woken(std::uint64_t ticket) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->machine.is_woken(ticket);
}

base::Result<BotActed> BotApi::act(const BotAction& action, base::WallTime now) {
  return impl_->locked([&] { return impl_->machine.act(action, now); });
}

base::Result<std::vector<BotActed>> BotApi::act(const std::vector<BotAction>& actions, base::WallTime now) {
  return impl_->locked([&]() -> base::Result<std::vector<BotActed>> {
    std::vector<BotActed> all;
    for (const BotAction& action : actions)
      all.push_back(
          TRY_WITH(impl_->machine.act(action, now), "item {} (those before it are done)", all.size()));
    return all;
  });
}

base::Result<void> BotApi::block(std::int64_t user, bool blocked) {
  return impl_->locked([&] { return impl_->machine.block(user, blocked); });
}

std::optional<BotDelivery> BotApi::wait_for_delivery(const std::stop_token& stop) {
  std::unique_lock lock(impl_->mutex);
  std::optional<BotDelivery> due;
  impl_->changed.wait(lock, stop, [&] { return (due = impl_->machine.delivery()).has_value(); });
  return stop.stop_requested() ? std::nullopt : due;
}

bool BotApi::wait_for_webhook(std::uint64_t other_than, std::chrono::milliseconds within,
                              const std::stop_token& stop) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, stop, within, [&] { return impl_->machine.webhook() != other_than; });
}

void BotApi::delivered(const BotDelivery& delivery, int status) {
  const std::lock_guard lock(impl_->mutex);
  impl_->machine.delivered(delivery, status);
}

void BotApi::not_delivered(const BotDelivery& delivery, int status, std::string error, base::WallTime now) {
  const std::lock_guard lock(impl_->mutex);
  impl_->machine.not_delivered(delivery, status, std::move(error), now);
}

base::Result<void> BotApi::repeat_delivery() {
  return impl_->locked([&] { return impl_->machine.repeat_delivery(); });
}

void BotApi::enforce_limits(bool on) {
  const std::lock_guard lock(impl_->mutex);
  impl_->machine.enforce_limits(on);
}

void BotApi::set_callback_lifetime(std::chrono::seconds lifetime) {
  const std::lock_guard lock(impl_->mutex);
  impl_->machine.set_callback_lifetime(lifetime);
}

base::Result<std::string> BotApi::chat_view(std::int64_t chat) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->machine.chat_view(chat);
}

std::string BotApi::events_view(std::uint64_t since, std::size_t limit) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->machine.events_view(since, limit);
}

std::string BotApi::state_view() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->machine.state_view();
}

bool is_bot_token(std::string_view token) {
  const std::size_t colon = token.find(':');
  if (colon == 0 || colon == std::string_view::npos || token.size() - colon - 1 < least_secret) return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto letter = [&](char c) {
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return std::all_of(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(colon), digit) &&
         std::all_of(token.begin() + static_cast<std::ptrdiff_t>(colon) + 1, token.end(), letter);
}

std::string_view bot_method(std::string_view path) {
  const std::string_view token = token_of(path);
  if (token.empty()) return {};
  const std::size_t end = static_cast<std::size_t>(token.data() + token.size() - path.data());
  return path.substr(std::min(end + 1, path.size()));
}

std::string masked_bot_path(std::string_view path) {
  const std::string_view token = token_of(path);
  std::string masked(path);
  if (token.empty()) return masked;
  return masked.replace(static_cast<std::size_t>(token.data() - path.data()), token.size(), "<token>");
}

}  // namespace simulator
