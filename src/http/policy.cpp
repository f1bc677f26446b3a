#include "http/policy.hpp"

#include <utility>

#include "base/check.hpp"
#include "base/text.hpp"
#include "http/url.hpp"

namespace http {
namespace {

using base::Code;

// "example.org answered 503" and "example.org: connection refused" → what follows the host.
std::string_view without_host(std::string_view message, std::string_view host) {
  if (!message.starts_with(host)) return message;
  const std::string_view rest = message.substr(host.size());
  if (rest.starts_with(": ")) return rest.substr(2);
  return rest.starts_with(" ") ? rest.substr(1) : message;
}

}  // namespace

Policy::Policy(const Request& request, RetryPolicy policy, base::SteadyTime deadline, base::Rng& rng)
    : request_(request), policy_(policy), deadline_(deadline), rng_(rng), host_(host_label(request.url)) {}

std::string Policy::last_cause() const {
  return error_ ? std::string(without_host(error_->message, host_)) : std::string();
}

// One error for the whole request (R1). `why` says what ended the retries, if the last cause alone did not.
Action Policy::finish(std::string_view why, base::SteadyTime now) {
  if (attempts_ > 1 || !why.empty())
    error_->message = fmt::format("{}: gave up after {} {} in {}{}: {}", host_, attempts_,
                                  attempts_ == 1 ? "attempt" : "attempts",
                                  base::format_duration(now - started_), why, last_cause());
  return Done{};
}

Action Policy::send(base::SteadyTime now) {
  if (now >= deadline_) {
    if (!error_) error_ = base::error(Code::timeout, "{}: no time was left to send the request", host_);
    return attempts_ == 0 ? Action{Done{}} : finish(", because the deadline has passed", now);
  }
  ++attempts_;
  return Send{};
}

Action Policy::step(Event event, base::SteadyTime now) {
  if (std::holds_alternative<Stopped>(event)) {
    error_ = base::error(Code::cancelled, "{}: cancelled", host_);
    return Done{};
  }
  if (std::holds_alternative<Start>(event)) started_ = now;
  auto* attempted = std::get_if<Attempted>(&event);
  if (!attempted) return send(now);

  Judgement judgement = judge(request_, attempted->outcome);
  last_reason_ = std::move(judgement.reason);
  if (judgement.verdict == Verdict::success) {
    response_ = std::move(attempted->outcome.response);
    response_->ruling = judgement.ruling;
    return Done{};
  }
  error_ = std::move(judgement.error);
  if (error_->code == Code::cancelled) return Done{};
  if (judgement.verdict == Verdict::final || attempts_ >= policy_.max_attempts) return finish("", now);

  const auto retry = static_cast<unsigned>(attempts_ - 1);
  previous_delay_ = policy_.backoff.delay(retry, previous_delay_, rng_);
  if (previous_delay_ >= deadline_ - now) {
    const std::string why = fmt::format(", because the deadline comes before the next one, due in {}",
                                        base::format_duration(previous_delay_));
    return finish(why, now);
  }
  return WaitUntil{now + previous_delay_};
}

base::Result<Response> Policy::result() {
  CHECK(response_ || error_, "asked for the result before Done");
  if (response_) return std::move(*response_);
  return *error_;
}

}  // namespace http
