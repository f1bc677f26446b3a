#include "phoenix/receiver.hpp"

#include <algorithm>

#include "http/url.hpp"
#include "phoenix/startup.hpp"
#include "resilience/deadline.hpp"
#include "web/message.hpp"

namespace phoenix {
namespace {

using program::Finding;
using namespace std::chrono_literals;

constexpr const char* secret_header = "X-Telegram-Bot-Api-Secret-Token";
constexpr const char* listen_key = "telegram.webhook.listen";
constexpr base::Duration set_within = 20s;  // with the retries of R1

struct Place {
  std::string host, path;
};

// What a proxy passes on of the address that Telegram knows: the path, and perhaps the host.
base::Result<Place> place_of(const std::string& url) {
  const http::UrlParts parts = TRY(http::parse_url(url));
  const std::size_t authority = url.find("//") + 2;
  const std::size_t begin = std::min(url.find_first_of("/?#", authority), url.size());
  std::string target = url.substr(begin, url.find('#', begin) - begin);
  if (!target.starts_with('/')) target.insert(0, "/");
  const auto path = web::parse_target(target);
  if (!path)
    return base::error(base::Code::invalid_config,
                       "telegram.webhook.url: its path is not well-formed; use letters, digits and /");
  return Place{parts.origin.host, path->path};
}

}  // namespace

Receiver::Receiver(App& app, store::Database& store, const bot::Intake& intake, Calls calls)
    : app_(app),
      webhook_(store, app.clock, intake,
               {.on_taken = std::move(calls.on_taken), .on_trouble = std::move(calls.on_trouble)}) {}
Receiver::~Receiver() { close(); }

base::Result<void> Receiver::listen() {
  const config::WebhookSettings& settings = app_.settings.telegram.webhook;
  Place place = TRY(place_of(settings.url));
  web::HookOptions options{.address = TRY(web::parse_address(settings.listen)),
                           .key = listen_key,
                           .name = std::move(place.host),
                           .path = std::move(place.path),
                           .header = secret_header,
                           .secret = settings.secret,
                           .on_answer = [this](int status) {
                             app_.metrics
                                 .counter("phoenix_webhook_requests_total",
                                          "Deliveries of updates, by what they were answered.",
                                          {{"code", std::to_string(status)}})
                                 .add();
                           }};
  const auto take = [this](std::string body) {
    const bot::Webhook::Answer answer = webhook_.deliver(std::move(body));
    return web::HookAnswer{answer.status, answer.retry_after};
  };
  hook_ = TRY(web::Hook::start(std::move(options), take, app_.clock));
  return {};
}

std::optional<Finding> Receiver::start(std::stop_token stop) {
  const config::WebhookSettings& settings = app_.settings.telegram.webhook;
  if (auto done = listen(); !done) {  // its messages say what to do
    const bool may_pass =
        done.error().code == base::Code::conflict || done.error().code == base::Code::unavailable;
    return Finding{"webhook", may_pass ? Finding::State::unreachable : Finding::State::wrong,
                   done.error().message};
  }
  const base::SteadyTime deadline = resilience::after(app_.clock.steady(), set_within);
  if (auto done = app_.telegram.set_webhook(settings.url, settings.secret, deadline, std::move(stop));
      !done) {
    done.error().message = app_.redactor.redact(done.error().message);
    return failed("Telegram", done.error(),
                  "Telegram does not take telegram.webhook.url: it must be https on port 443, 80, 88 or "
                  "8443, with a name that resolves; or take mode: polling",
                  "look at the network and at TELEGRAM_API_BASE; start again");
  }
  return std::nullopt;
}

void Receiver::close() {
  webhook_.close();
  hook_.reset();
}

}  // namespace phoenix
