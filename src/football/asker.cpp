#include "football/asker.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/fingerprint.hpp"
#include "football/fields.hpp"
#include "http/http_date.hpp"
#include "http/url.hpp"

namespace football {
namespace {

using base::Code;
using namespace std::chrono_literals;

constexpr std::uint64_t max_body = 16u << 20;
constexpr std::int64_t most_per_minute = 1'000'000;
constexpr auto next_minute = 60s;
constexpr auto clocks_agree = 1h;

std::optional<std::int64_t> count_in(const http::Response& response, std::string_view name) {
  const std::string* value = response.header(name);
  const auto count = value ? whole_number(*value) : std::nullopt;
  return count && *count >= 0 && *count <= max_id ? count : std::nullopt;
}

// The quota's day is the server's. A Date that is hours away from our clock is nobody's time.
base::WallTime told_at(const http::Response& response, base::WallTime now) {
  const auto server = http::server_time(response);
  const bool plausible = server && *server > now - clocks_agree && *server < now + clocks_agree;
  return plausible ? *server : now;
}

}  // namespace

std::string key_of(const Question& question) {
  return http::build_url("", question.path, question.parameters);
}

// Only of answers that are the API's own word about our account: a gateway counts other things, and to a key
// it does not know nothing is left.
void Asker::Learned::take(const http::Response& response, Trouble trouble, base::WallTime now) {
  if ((response.status / 100 != 2 && response.status != 429) || trouble == Trouble::key) return;
  quota.told(count_in(response, "x-ratelimit-requests-limit"),
             count_in(response, "x-ratelimit-requests-remaining"), told_at(response, now));
  if (const auto limit = count_in(response, "x-ratelimit-limit"); limit && *limit > 0)
    per_minute = std::min(*limit, most_per_minute);
  if (trouble == Trouble::day_spent) quota.spent(told_at(response, now));
}

Asker::Asker(http::Engine& engine, base::Clock& clock, const ClientOptions& options)
    : engine_(engine),
      clock_(clock),
      options_(options),
      credential_(base::fingerprint(options.key.reveal()).substr(0, 8)),
      learned_(std::make_shared<Learned>(options.daily_reserve)) {}

http::Request Asker::request_for(const Question& question) const {
  http::Request request{.url = http::build_url(options_.base, question.path, question.parameters)};
  if (!options_.key.empty()) request.secret_headers.push_back({"x-apisports-key", options_.key});
  request.credential = credential_;
  // Before the API has told its limit, calls are counted already.
  const std::int64_t per_minute = options_.per_minute.value_or(learned_->per_minute);
  request.rate_limits.push_back({.calls = per_minute > 0 ? per_minute : most_per_minute, .per = 1min});
  request.expect = http::Request::Expect::json;
  request.timeout = options_.timeout;
  request.max_response_size = max_body;
  request.judge_answer = [learned = learned_, &clock = clock_](const http::Response& response) {
    Complaint complaint;
    auto ruling = rule_on(response, &complaint);
    learned->take(response, complaint.trouble, clock.wall());
    return ruling;
  };
  return request;
}

base::Result<std::string> Asker::ask(const Question& question, bool counts, base::SteadyTime deadline,
                                     const std::stop_token& stop) {
  if (counts)
    if (auto refused = learned_->quota.refuse(clock_.wall())) return *std::move(refused);
  const http::FetchOptions options{
      .retry = {.max_attempts = 5, .backoff = {.base = 1s, .cap = 8s, .jitter = resilience::Jitter::equal}},
      .deadline = deadline};
  auto response = engine_.fetch(request_for(question), options, stop);
  if (response) return std::move(response->body);
  base::Error error = std::move(response).error();
  if (error.code != Code::rate_limited) return error;
  const base::WallTime now = clock_.wall();
  if (counts && learned_->quota.refuse(now))
    error.retry_after =
        std::max<std::chrono::milliseconds>(error.retry_after.value_or(0ms), until_next_day(now));
  if (!error.retry_after) error.retry_after = next_minute;
  return error;
}

base::Result<std::string> Asker::ask_all_pages(const Question& question, base::SteadyTime deadline,
                                               const std::stop_token& stop) {
  std::vector<Envelope> pages;
  std::vector<decode::Value> records;
  for (int page = 1; page == 1 || page <= pages.front().pages; ++page) {
    Question part = question;
    if (page > 1) {
      part.parameters.emplace_back("page", std::to_string(page));
      std::ranges::sort(part.parameters);
    }
    pages.push_back(TRY(open_envelope(TRY(ask(part, true, deadline, stop)))));
    const decode::Value& response = pages.back().response;
    if (response.kind() != decode::Kind::array)
      return base::error(Code::invalid_data, "API-Football: {} is no list", question.path);
    std::ranges::copy(response.items(), std::back_inserter(records));
  }
  return pack(records);
}

void Asker::told(const Account& account) {
  const std::int64_t left = std::max<std::int64_t>(account.limit - account.used, 0);
  if (account.limit > 0) learned_->quota.told(account.limit, left, clock_.wall());
}

}  // namespace football
