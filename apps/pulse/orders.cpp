#include "pulse/orders.hpp"

#include <future>
#include <system_error>

#include "base/text.hpp"
#include "pulse/delegate.hpp"

namespace pulse {

Orders::Orders(App& app, Mailbox& mailbox, std::function<void(keeper::Request)> schedule)
    : app_(app), mailbox_(mailbox), schedule_(std::move(schedule)) {}

base::Result<void> Orders::listen(const std::filesystem::path& path) {
  server_ = TRY(control::Server::start(
      {.path = path, .version = PULSE_VERSION, .commands = {"collect"}},
      [this](const control::Request& request, std::shared_ptr<control::Reply> reply) {
        take(request, std::move(reply));
      },
      app_.clock));
  return {};
}

// A request on a connection that is open may still come: it would wait for a mailbox that nobody works.
void Orders::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (server_) server_->stop_listening();
}

bool Orders::is_idle() const {
  const std::lock_guard lock(mutex_);
  return threads_.empty();
}

void Orders::take(const control::Request& request, std::shared_ptr<control::Reply> reply) {
  auto options = parse_collect_arguments(request.arguments);
  if (!options) return reply->fail(options.error());
  if (!parse_wait(options->wait))
    return reply->fail(base::error(base::Code::invalid_data, "wait is not a duration: {}",
                                   base::shorten(base::escape_control(options->wait), 60)));
  begin(*std::move(options), reply);
}

void Orders::begin(CollectOptions options, const std::shared_ptr<control::Reply>& reply) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return reply->fail(base::error(base::Code::unavailable, "the daemon is stopping"));
  const std::uint64_t id = ++next_;
  const auto body = [this, id, options = std::move(options), reply = reply]() mutable {
    try {
      collect(options, reply);
    } catch (const std::exception& fault) {
      reply->fail(base::error(base::Code::internal, "the daemon failed at this request: {}", fault.what()));
    }
    reply.reset();
    mailbox_.post([this, id] {
      std::jthread done;
      const std::lock_guard inner(mutex_);
      done = std::move(threads_.at(id));
      threads_.erase(id);
    });
  };
  try {
    threads_.try_emplace(id);
    threads_[id] = std::jthread(body);
  } catch (const std::system_error& fault) {
    threads_.erase(id);
    reply->fail(base::error(base::Code::unavailable,
                            "the daemon cannot start a thread for this request: {}; try again later",
                            fault.what()));
  }
}

void Orders::collect(const CollectOptions& options, const std::shared_ptr<control::Reply>& reply) {
  reply->accept();
  const base::SteadyTime deadline = app_.clock.steady() + *parse_wait(options.wait);
  Order order = read_order(app_, options, [&](std::string_view text) { reply->message(text); });
  const CollectionPorts ports{
      .run =
          [&](const std::shared_ptr<const config::Collector>& collector, collect::RunOptions run_options) {
            return run(collector, std::move(run_options), deadline, reply);
          },
      .print = [&](std::string_view text) { reply->output(text); },
      .stop = reply->stop_token()};
  reply->end(carry_out(std::move(order), options, ports));
}

collect::RunReport Orders::run(const std::shared_ptr<const config::Collector>& collector,
                               collect::RunOptions options, base::SteadyTime deadline,
                               const std::shared_ptr<control::Reply>& reply) {
  options.started_by = collect::StartedBy::request;
  options.wait = {};  // for other processes: there are none; for a place among the runs the scheduler waits
  options.progress = [reply, name = collector->name](const collect::Progress& it) {
    reply->progress(to_json(CollectorProgress{name, it}));
  };
  const auto promise = std::make_shared<std::promise<std::optional<collect::RunReport>>>();
  keeper::Request request{
      .collector = collector,
      .options = std::move(options),
      .deadline = deadline,
      .stop = reply->stop_token(),
      .on_end = [promise](const std::optional<collect::RunReport>& report) { promise->set_value(report); }};
  auto future = promise->get_future();
  mailbox_.post([this, request = std::move(request)] { schedule_(request); });
  // The scheduler notices a stop in its next turn, which an empty call brings at once.
  const std::stop_callback wake(reply->stop_token(), [this] { mailbox_.post([] {}); });
  if (auto report = future.get()) return *std::move(report);
  collect::RunReport report;
  report.busy = true;
  report.run.collector = collector->name;
  report.run.started_at = app_.clock.wall();
  report.run.finished_at = report.run.started_at;
  report.run.outcome = collect::Outcome::failed;
  report.run.failure_type = collect::FailureType::transient;
  report.run.error = reply->stop_token().stop_requested() ? "it was cancelled before it could begin"
                                                          : "the daemon is about to stop";
  return report;
}

}  // namespace pulse
