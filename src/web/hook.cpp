#include "web/hook.hpp"

#include "base/check.hpp"
#include "web/daemon.hpp"
#include "web/guard.hpp"

namespace web {
namespace {

Response refusal_of(int status, std::string_view line) {
  Response response = plain(status, line);
  response.allow = status == 405 ? "POST" : "";
  return response;
}

// Whoever guesses learns nothing but that it was wrong.
Response without_body(int status) { return {.status = status, .body = {}, .content_type = {}}; }

}  // namespace

struct Hook::Impl final : Answering {
  Impl(HookOptions the_options, Guard the_guard, Handler the_handler)
      : options(std::move(the_options)), guard(std::move(the_guard)), handler(std::move(the_handler)) {
    for (char& c : options.header)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }

  std::size_t body_limit(const Incoming& incoming) const override {
    return refuse(incoming) ? 0 : options.maximum_body;
  }

  Response answer(const Incoming& incoming, std::string body) override {
    Response response = respond(incoming, std::move(body));
    if (options.on_answer) options.on_answer(response.status);
    return response;
  }

  std::optional<Response> refuse(const Incoming& incoming) const {
    Target target;
    if (auto refusal = check_form(incoming, target)) return refusal;
    if (auto refusal = guard.check_host(incoming.values("host"))) return refusal;
    if (incoming.method != "POST") return refusal_of(405, "only POST");
    const std::vector<std::string> secrets = incoming.values(options.header);
    if (secrets.size() != 1 || !equal_in_constant_time(secrets.front(), options.secret.reveal()))
      return without_body(401);
    if (target.path != options.path) return plain(404, "there is nothing at this path");
    if (incoming.body == Incoming::unknown_length)
      return plain(411, "the length of the body is not said: send Content-Length");
    if (incoming.body > options.maximum_body)
      return plain(413, fmt::format("the body is longer than {} bytes", options.maximum_body));
    return std::nullopt;
  }

  Response respond(const Incoming& incoming, std::string body) const {
    if (auto refusal = refuse(incoming)) return std::move(*refusal);
    try {
      const HookAnswer answer = handler(std::move(body));
      Response response = without_body(answer.status);
      if (answer.retry_after.count() > 0) response.retry_after = std::to_string(answer.retry_after.count());
      return response;
    } catch (...) {
      return without_body(500);
    }
  }

  HookOptions options;
  const Guard guard;
  const Handler handler;
  std::unique_ptr<Daemon> daemon;  // the last, so that its threads end first
};

Hook::Hook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hook::~Hook() = default;

base::Result<std::unique_ptr<Hook>> Hook::start(HookOptions options, Handler handler, base::Clock& clock) {
  CHECK(!options.secret.empty() && !options.header.empty(), "everybody could post");
  CHECK(options.maximum_connections > 0 && options.maximum_connections <= 10'000,
        "no client could be served, or more than there are file descriptors");
  // Its secret stands in for the token that readers elsewhere need.
  Guard guard = TRY(Guard::make(options.address, options.name, {}, /*is_public=*/true));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(guard), std::move(handler));
  impl->daemon = TRY(Daemon::start({.address = impl->options.address,
                                    .key = impl->options.key,
                                    .threads = impl->options.threads,
                                    .maximum_connections = impl->options.maximum_connections,
                                    .connection_time = impl->options.connection_time},
                                   *impl, clock));
  return std::unique_ptr<Hook>(new Hook(std::move(impl)));
}

Address Hook::address() const { return impl_->daemon->address(); }
std::size_t Hook::connections() const { return impl_->daemon->connections(); }

}  // namespace web
