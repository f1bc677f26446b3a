#include "sim/outage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "collect/entry.hpp"
#include "collect/fixture_test.hpp"
#include "collect/request.hpp"
#include "collect/settlement.hpp"
#include "http/budgets.hpp"
#include "http/hosts.hpp"
#include "sim/keeper.hpp"
#include "store/testing.hpp"

namespace sim {
namespace {

using namespace std::chrono_literals;
using base::SteadyTime;

const std::string host = "api.example";

Fleet hourly_fleet(int count, base::Rng&) {
  Fleet fleet;
  for (int i = 0; i < count; ++i) {
    const std::string yaml = fmt::format(
        "name: c{0:02}\nrequester: {{url_base: 'https://{1}', path: /{0}}}\nfields: {{id: id}}\n"
        "destination: {{table: t{0}, primary_key: [id]}}\nschedule: {{every: 1h, splay: 45s}}\n",
        i, host);
    config::Collector collector = collect::testing::collector_from(yaml);
    schedule::Entry entry = *collect::entry_of(collector);
    const std::string name = entry.name;
    fleet.emplace(name, Craft{yaml, std::move(collector), std::move(entry)});
  }
  return fleet;
}

// What the host does, and what it has seen.
struct Network {
  struct Answer {
    http::Outcome outcome;
    base::Duration after;
  };
  bool is_broken(SteadyTime now) const { return now >= breaks_at && now < back_at; }
  Answer answer(SteadyTime now, base::Rng& rng) {
    if (now < breaks_at) ++story.calls_before;
    if (!is_broken(now))
      return {{http::Fate::answered, {.status = 200}}, std::chrono::milliseconds(rng.between(50, 800))};
    ++story.requests;
    const auto failed = [](http::Fate fate, base::Code code, std::string reason) {
      return http::Outcome{
          .fate = fate, .error = base::error(code, "{}: {}", host, reason), .reason = std::move(reason)};
    };
    switch (how) {
      case Breakage::times_out:
        return {failed(http::Fate::sent_unknown, base::Code::timeout, "timeout"), 30s};
      case Breakage::answers_503: return {{http::Fate::answered, {.status = 503}}, 200ms};
      case Breakage::answers_429: {
        http::Outcome outcome{http::Fate::answered, {.status = 429}};
        if (!retry_after.empty()) outcome.response.headers.push_back({"retry-after", retry_after});
        return {std::move(outcome), 100ms};
      }
      case Breakage::refuses_connections: break;
    }
    return {failed(http::Fate::not_sent, base::Code::unavailable, "connect"), 20ms};
  }

  Breakage how;
  std::string retry_after{};
  SteadyTime breaks_at{}, back_at{};
  Story story{};
};

// One request on its way, as http::Engine::fetch() takes it.
class Exchange {
 public:
  Exchange(World& world, Network& network, http::Hosts& hosts, http::Budgets& budgets, http::Request request,
           http::RetryPolicy retry, SteadyTime deadline, http::Opening* opening)
      : world_(world),
        network_(network),
        budgets_(budgets),
        request_(std::move(request)),
        gate_(hosts.gate(host, world.clock.steady())),
        rng_(world.rng.next()),
        policy_(request_, retry, deadline, *gate_, opening, rng_),
        action_(policy_.step(http::Start{}, world.clock.steady())) {}

  // True: it is over.
  bool step() {
    for (;;) {
      const SteadyTime now = world_.clock.steady();
      if (std::holds_alternative<http::Done>(action_)) return true;
      http::Event event = http::Waited{};
      if (const auto* reserve = std::get_if<http::Reserve>(&action_)) {
        event = budgets_.reserve(request_, reserve->latest, {});
      } else if (const auto* wait = std::get_if<http::WaitUntil>(&action_)) {
        if (now < wait->time) return rest_until(wait->time);
      } else if (!answer_at_) {
        answer_ = network_.answer(now, rng_);
        answer_at_ = now + answer_.after;
        if (policy_.attempts() == 1 && network_.is_broken(now)) ++network_.story.first_attempts;
        return rest_until(*answer_at_);
      } else if (now < *answer_at_) {
        return rest_until(*answer_at_);
      } else {
        answer_at_.reset();
        event = http::Attempted{answer_.outcome, world_.clock.wall()};
      }
      const bool attempted = std::holds_alternative<http::Attempted>(event);
      action_ = policy_.step(std::move(event), now);
      if (attempted && policy_.asked_to_wait()) budgets_.hold(request_, *policy_.asked_to_wait(), "it asks");
      if (attempted && !std::holds_alternative<http::Done>(action_) && !failed_at_)
        failed_at_ = world_.clock.wall();
    }
  }
  SteadyTime next() const { return next_; }
  std::optional<base::WallTime> failed_at() const { return failed_at_; }
  base::Result<http::Response> result() { return policy_.result(); }

 private:
  bool rest_until(SteadyTime time) {
    next_ = time;
    return false;
  }

  World& world_;
  Network& network_;
  http::Budgets& budgets_;
  const http::Request request_;
  const std::shared_ptr<http::HostGate> gate_;
  base::Rng rng_;
  http::Policy policy_;
  http::Action action_;
  Network::Answer answer_;
  std::optional<SteadyTime> answer_at_;
  std::optional<base::WallTime> failed_at_;
  SteadyTime next_{};
};

// `pulse run`, with runs of one to three pages.
class Service {
 public:
  Service(World& world, Network& network)
      : world_(world),
        network_(network),
        roster_(keeper::make_roster(catalogue_of(world.fleet), world.clock.wall())),
        board_(roster_, "1", world.clock.wall()),
        scheduler_({.database = *world.database,
                    .clock = world.clock,
                    .log = world.log,
                    .metrics = world.metrics,
                    .launch = [this](keeper::Launch it) { launch(std::move(it)); }},
                   roster_, board_) {
    hosts_.begin_gently();
    hosts_.on_change([this](const std::string& which, bool is_open) {
      if (!is_open) back_ = which;
    });
  }

  void turn() {
    send_canaries();
    for (auto it = runs_.begin(); it != runs_.end();) it = step(**it) ? runs_.erase(it) : std::next(it);
    if (back_) scheduler_.host_is_back(*std::exchange(back_, {}));
    scheduler_.turn();
  }
  base::Duration rest() const {
    const SteadyTime now = world_.clock.steady();
    base::Duration rest = scheduler_.rest();
    for (const auto& run : runs_)
      rest = std::min(rest, run->exchange ? run->exchange->next() - now : base::Duration{});
    if (canary_)
      rest = std::min(rest, canary_->next() - now);
    else if (const auto at = hosts_.next_canary(now))
      rest = std::min(rest, *at - now);
    return std::max<base::Duration>(rest, 1ms);
  }
  std::map<std::string, SteadyTime> good_after(SteadyTime time) const {
    std::map<std::string, SteadyTime> first;
    for (const auto& [name, at] : good_)
      if (at >= time) first.try_emplace(name, at);
    return first;
  }

 private:
  struct Run {
    keeper::Launch launch;
    collect::RunReport report;
    http::Opening opening;
    SteadyTime deadline{};
    std::int64_t pages = 0;
    std::unique_ptr<Exchange> exchange;
  };

  std::unique_ptr<Exchange> ask(http::Request request, const http::RetryPolicy& retry, SteadyTime deadline,
                                http::Opening* opening) {
    return std::make_unique<Exchange>(world_, network_, hosts_, budgets_, std::move(request), retry, deadline,
                                      opening);
  }

  void send_canaries() {
    if (canary_ && canary_->step()) canary_.reset();
    const SteadyTime now = world_.clock.steady();
    if (canary_ || hosts_.canaries_due(now).empty()) return;
    const auto request = hosts_.gate(host, now)->canary();
    if (now < network_.back_at) ++network_.story.canaries;
    canary_ = ask(*request, {.max_attempts = 1}, now + request->timeout, nullptr);
    if (canary_->step()) canary_.reset();
  }

  void launch(keeper::Launch launch) {
    auto run = std::make_unique<Run>();
    collect::RunRecord& record = run->report.run;
    record.id = fmt::format("r{:07}", ++world_.ids);
    record.collector = launch.collector->name;
    record.started_by = launch.options.started_by;
    record.slot = launch.options.slot;
    record.host = "host";
    record.definition = "d";
    record.started_at = world_.clock.wall();
    run->opening.single_attempt = record.started_by == collect::StartedBy::retry;
    run->opening.patience = 30s;
    run->deadline = world_.clock.steady() + launch.collector->timeout;
    run->pages = world_.rng.between(1, 3);
    run->launch = std::move(launch);
    const auto session = store::testing::session_of(*world_.database);
    run->report.begun = collect::Ledger(*session, world_.clock).begin(record, std::nullopt, {}).has_value();
    EXPECT_TRUE(run->report.begun) << record.collector;
    runs_.push_back(std::move(run));
  }

  bool step(Run& run) {
    for (;;) {
      if (!run.exchange)
        run.exchange = ask({.url = fmt::format("https://{}/{}", host, run.report.run.collector)},
                           collect::make_retry_policy(run.launch.collector->requester.error_handler),
                           run.deadline, &run.opening);
      if (!run.exchange->step()) return false;
      const auto result = run.exchange->result();
      if (!run.report.run.first_failed) run.report.run.first_failed = run.exchange->failed_at();
      run.exchange.reset();
      if (result && --run.pages > 0) continue;
      end(run, result);
      return true;
    }
  }

  void end(Run& run, const base::Result<http::Response>& result) {
    collect::RunRecord& record = run.report.run;
    const SteadyTime now = world_.clock.steady();
    record.finished_at = world_.clock.wall();
    if (result) {
      record.outcome = collect::Outcome::success;
      record.first_failed.reset();
      good_.emplace_back(record.collector, now);
      if (now > network_.breaks_at + 1s && now < network_.back_at) ++network_.story.good_too_early;
    } else {
      ++network_.story.runs;
      record.outcome = collect::outcome_of(result.error());
      record.failure_type = collect::failure_type_of(result.error());
      record.error = result.error().message;
      if (!record.first_failed) record.first_failed = record.finished_at;
      if (result.error().retry_after) run.report.retry_at = world_.clock.wall() + *result.error().retry_after;
    }
    run.report.open =
        collect::open_slot_after(*run.launch.collector, record, run.report.retry_at, world_.rng);
    const auto session = store::testing::session_of(*world_.database);
    run.report.recorded =
        collect::Ledger(*session, world_.clock).finish(record, run.report.open, {}).value_or(false);
    EXPECT_TRUE(run.report.recorded);
    scheduler_.ended(run.launch.id, run.report);
  }

  World& world_;
  Network& network_;
  keeper::Roster roster_;
  keeper::Board board_;
  http::Hosts hosts_;
  http::Budgets budgets_{world_.clock};
  keeper::Scheduler scheduler_;
  std::vector<std::unique_ptr<Run>> runs_;
  std::unique_ptr<Exchange> canary_;
  std::optional<std::string> back_;
  std::vector<std::pair<std::string, SteadyTime>> good_;
};

}  // namespace

Story tell(const Outage& outage) {
  World world(outage.seed, hourly_fleet, outage.collectors, collect::testing::migrated_database());
  Network network{.how = outage.how, .retry_after = outage.retry_after};
  network.breaks_at = world.clock.steady() + 1h - 10s;
  network.back_at = network.breaks_at + outage.outage;
  Service service(world, network);
  while (world.clock.steady() < network.back_at + 30min) {
    service.turn();
    world.clock.advance(std::chrono::ceil<std::chrono::milliseconds>(service.rest()));
  }
  for (const auto& [name, at] : service.good_after(network.back_at))
    network.story.fresh_after.push_back(at - network.back_at);
  return network.story;
}

}  // namespace sim
