#include "football/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "football/asker.hpp"
#include "football/envelope.hpp"
#include "football/id_batches.hpp"
#include "football/lifetimes.hpp"
#include "football/readers.hpp"
#include "football/single_flight.hpp"
#include "telemetry/metrics.hpp"

namespace football {
namespace {

using base::Code;

constexpr int last_meetings = 10;
constexpr std::size_t large_body = 64u << 10, max_readings = 16;

// A key or a plan that is refused is not hidden behind an older answer, and neither is our own stop.
bool may_be_bridged(const base::Error& error) {
  switch (error.code) {
    case Code::unavailable:
    case Code::timeout:
    case Code::rate_limited:
    case Code::invalid_data: return true;
    default: return false;
  }
}

// What is not about the question is left out; if that is everything, the question was not answered.
template <class Fits>
base::Result<std::vector<Fixture>> read_fitting(const decode::Value& response, const Fits& fits) {
  std::vector<Fixture> games = TRY(read_fixtures(response));
  const std::size_t told = games.size();
  std::erase_if(games, [&](const Fixture& it) { return !fits(it); });
  if (games.empty() && told > 0)
    return base::error(Code::invalid_data, "none of {} games is one of those that were asked for", told);
  std::ranges::sort(games, {}, [](const Fixture& it) { return std::pair(it.kickoff, it.id); });
  return games;
}

std::string date_text(std::chrono::year_month_day day) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

Question game_question(std::int64_t id) { return {"/fixtures", {{"id", std::to_string(id)}}}; }

}  // namespace

struct Client::Impl {
  Impl(http::Engine& engine, base::Clock& its_clock, Cache& its_cache, const schedule::Zone& its_zone,
       ClientOptions its_options, telemetry::Metrics* its_metrics)
      : clock(its_clock),
        cache(its_cache),
        zone(its_zone),
        options(std::move(its_options)),
        metrics(its_metrics),
        asker(engine, its_clock, options),
        flights(its_clock),
        batches(its_clock) {}

  template <class T>
  struct Kind {
    std::string_view name;  // for metrics
    std::function<base::Result<T>(const decode::Value& response)> read;
    std::function<Cache::Lifetime(const T& value, base::WallTime now)> lifetime;
  };

  template <class T>
  static base::Result<T> parse(const std::string& body, const Kind<T>& kind) {
    const Envelope envelope = TRY(open_envelope(body));
    return kind.read(envelope.response);
  }
  template <class T>
  base::Result<std::shared_ptr<const T>> read(const std::string& key, const Body& body, const Kind<T>& kind);
  void remember(const std::string& key, const Body& body, std::shared_ptr<const void> value);
  template <class T>
  Answer<T> tell(const Question& question, const Kind<T>& kind, base::SteadyTime deadline,
                 const std::stop_token& stop);
  template <class T>
  base::Result<Body> fetch(const std::string& key, const Question& question, const Kind<T>& kind,
                           base::SteadyTime deadline, const std::stop_token& stop);

  base::Result<IdBatches::Games> fetch_games(const IdBatches::Ids& ids, base::SteadyTime deadline,
                                             const std::stop_token& stop);
  std::optional<Cache::Hit> recall(std::int64_t id, IdBatches::Games& games);
  void count(std::string_view kind, std::string_view result) const;
  bool is_of_day(const Fixture& game, std::chrono::year_month_day day) const;

  base::Clock& clock;
  Cache& cache;
  const schedule::Zone zone;
  const ClientOptions options;
  telemetry::Metrics* const metrics;
  Asker asker;
  SingleFlight flights;
  IdBatches batches;

  // What was read of large bodies, by key, which also tells its type.
  struct Reading {
    Body body;
    std::shared_ptr<const void> value;
  };
  std::mutex readings_mutex;
  std::map<std::string, Reading> readings;
};

// Reading a day of 1,500 games takes milliseconds, and everybody asks for today.
template <class T>
base::Result<std::shared_ptr<const T>> Client::Impl::read(const std::string& key, const Body& body,
                                                          const Kind<T>& kind) {
  {
    const std::lock_guard lock(readings_mutex);
    const auto known = readings.find(key);
    if (known != readings.end() && known->second.body == body)
      return std::static_pointer_cast<const T>(known->second.value);
  }
  std::shared_ptr<const T> value = std::make_shared<const T>(TRY(parse(*body, kind)));
  remember(key, body, value);
  return value;
}

void Client::Impl::remember(const std::string& key, const Body& body, std::shared_ptr<const void> value) {
  if (body->size() < large_body) return;
  const std::lock_guard lock(readings_mutex);
  if (readings.size() >= max_readings && !readings.contains(key)) readings.erase(readings.begin());
  readings.insert_or_assign(key, Reading{body, std::move(value)});
}

void Client::Impl::count(std::string_view kind, std::string_view result) const {
  if (!metrics) return;
  metrics
      ->counter("phoenix_football_answers_total",
                "Questions to API-Football, by where the answer came from: cache, api, stale, failed.",
                {{"kind", std::string(kind)}, {"result", std::string(result)}})
      .add();
}

// Only what its reader accepted is kept.
template <class T>
base::Result<Body> Client::Impl::fetch(const std::string& key, const Question& question, const Kind<T>& kind,
                                       base::SteadyTime deadline, const std::stop_token& stop) {
  // Another flight may have landed between our look into the cache and our turn.
  if (const auto hit = cache.get(key); hit && hit->fresh) return hit->body;
  std::string body = TRY(asker.ask_all_pages(question, deadline, stop));
  auto value = std::make_shared<const T>(TRY_WITH(parse(body, kind), "API-Football, {}", question.path));
  cache.put(key, body, kind.lifetime(*value, clock.wall()));
  const auto kept = cache.get(key);
  const Body shared =
      kept && *kept->body == body ? kept->body : std::make_shared<const std::string>(std::move(body));
  remember(key, shared, std::move(value));
  return shared;
}

template <class T>
Client::Answer<T> Client::Impl::tell(const Question& question, const Kind<T>& kind, base::SteadyTime deadline,
                                     const std::stop_token& stop) {
  const std::string key = key_of(question);
  std::optional<Cache::Hit> hit = cache.get(key);
  std::shared_ptr<const T> known;
  if (hit) {
    if (auto value = read(key, hit->body, kind)) {
      known = *std::move(value);
    } else {  // of a program that read it otherwise
      cache.forget(key);
      hit.reset();
    }
  }
  if (hit && hit->fresh) {
    count(kind.name, "cache");
    return Told<T>{*known, {}};
  }
  const auto body =
      flights.run(key, deadline, stop, [&] { return fetch(key, question, kind, deadline, stop); });
  if (body) {
    count(kind.name, "api");
    return Told<T>{*TRY(read(key, *body, kind)), {}};
  }
  if (hit && may_be_bridged(body.error())) {
    count(kind.name, "stale");
    return Told<T>{*known, hit->at};
  }
  count(kind.name, "failed");
  return body.error();
}

// ---- games by id

base::Result<IdBatches::Games> Client::Impl::fetch_games(const IdBatches::Ids& ids, base::SteadyTime deadline,
                                                         const std::stop_token& stop) {
  std::string joined;
  for (const std::int64_t id : ids) joined += (joined.empty() ? "" : "-") + std::to_string(id);
  const Question question{"/fixtures", {{"ids", joined}}};
  const std::string body = TRY(asker.ask_all_pages(question, deadline, stop));
  const Envelope envelope = TRY(open_envelope(body));
  TRY_WITH(read_fixtures(envelope.response), "API-Football, {}", question.path);
  IdBatches::Games games;
  for (const decode::Value& item : envelope.response.items()) {
    auto game = read_fixture(item);
    if (!game || std::ranges::find(ids, game->id) == ids.end()) continue;
    cache.put(key_of(game_question(game->id)), pack({&item, 1}), lifetime_of_game(true));
    games.insert_or_assign(game->id, *std::move(game));
  }
  for (const std::int64_t id : ids)
    if (!games.contains(id)) cache.put(key_of(game_question(id)), pack({}), lifetime_of_game(false));
  return games;
}

// A hit without a game: the API does not know the id.
std::optional<Cache::Hit> Client::Impl::recall(std::int64_t id, IdBatches::Games& games) {
  const std::string key = key_of(game_question(id));
  auto hit = cache.get(key);
  if (!hit) return std::nullopt;
  const auto envelope = open_envelope(*hit->body);
  const auto read = envelope ? read_fixtures(envelope->response) : envelope.error();
  if (!read) {
    cache.forget(key);
    return std::nullopt;
  }
  for (const Fixture& game : *read)
    if (game.id == id) games.insert_or_assign(id, game);
  return hit;
}

bool Client::Impl::is_of_day(const Fixture& game, std::chrono::year_month_day day) const {
  const auto second = std::chrono::floor<std::chrono::seconds>(game.kickoff).time_since_epoch().count();
  const std::chrono::sys_seconds local{std::chrono::seconds{zone.to_local(second)}};
  return std::chrono::floor<std::chrono::days>(local) == std::chrono::sys_days{day};
}

// ---- the questions

Client::Client(http::Engine& engine, base::Clock& clock, Cache& cache, const schedule::Zone& zone,
               ClientOptions options, telemetry::Metrics* metrics)
    : impl_(std::make_unique<Impl>(engine, clock, cache, zone, std::move(options), metrics)) {}
Client::~Client() = default;

base::Result<Account> Client::status(base::SteadyTime deadline, std::stop_token stop) {
  const std::string body = TRY(impl_->asker.ask({"/status", {}}, false, deadline, stop));
  const Envelope envelope = TRY(open_envelope(body));
  const Account account = TRY_WITH(read_account(envelope.response), "API-Football, /status");
  impl_->asker.told(account);
  return account;
}

Client::Answer<std::vector<LeagueInfo>> Client::leagues(base::SteadyTime deadline, std::stop_token stop) {
  const Impl::Kind<std::vector<LeagueInfo>> kind{
      "leagues", read_leagues,
      [](const auto& all, base::WallTime) { return lifetime_of_leagues(!all.empty()); }};
  return impl_->tell({"/leagues", {{"current", "true"}}}, kind, deadline, stop);
}

Client::Answer<std::vector<Fixture>> Client::fixtures_of(std::chrono::year_month_day day,
                                                         base::SteadyTime deadline, std::stop_token stop) {
  if (!day.ok()) return base::error(Code::internal, "asked for the games of a day that does not exist");
  // A server that takes the date for a day of UTC would mix two of ours.
  const Impl::Kind<std::vector<Fixture>> kind{
      "day",
      [&](const decode::Value& response) {
        return read_fitting(response, [&](const Fixture& it) { return impl_->is_of_day(it, day); });
      },
      [](const std::vector<Fixture>& games, base::WallTime now) { return lifetime_of_day(games, now); }};
  return impl_->tell({"/fixtures", {{"date", date_text(day)}, {"timezone", impl_->options.timezone}}}, kind,
                     deadline, stop);
}

Client::Answer<std::vector<Fixture>> Client::season(const League& league, base::SteadyTime deadline,
                                                    std::stop_token stop) {
  const Impl::Kind<std::vector<Fixture>> kind{
      "season",
      [&](const decode::Value& response) {
        return read_fitting(response, [&](const Fixture& it) { return it.league.id == league.id; });
      },
      [](const std::vector<Fixture>& games, base::WallTime now) { return lifetime_of_season(games, now); }};
  return impl_->tell(
      {"/fixtures", {{"league", std::to_string(league.id)}, {"season", std::to_string(league.season)}}}, kind,
      deadline, stop);
}

Client::Answer<Standings> Client::standings(const League& league, base::SteadyTime deadline,
                                            std::stop_token stop) {
  const Impl::Kind<Standings> kind{"standings", read_standings, [](const auto& all, base::WallTime) {
                                     return lifetime_of_standings(!all.empty());
                                   }};
  return impl_->tell(
      {"/standings", {{"league", std::to_string(league.id)}, {"season", std::to_string(league.season)}}},
      kind, deadline, stop);
}

Client::Answer<std::vector<Fixture>> Client::head_to_head(std::int64_t a, std::int64_t b,
                                                          base::SteadyTime deadline, std::stop_token stop) {
  if (a > b) std::swap(a, b);
  const auto are_they = [a, b](const Fixture& it) {
    return std::pair(std::min(it.home.id, it.away.id), std::max(it.home.id, it.away.id)) == std::pair(a, b);
  };
  const Impl::Kind<std::vector<Fixture>> kind{
      "head_to_head",
      [&](const decode::Value& response) -> base::Result<std::vector<Fixture>> {
        std::vector<Fixture> games = TRY(read_fixtures(response));
        std::erase_if(games, [&](const Fixture& it) { return it.phase != Phase::finished || !are_they(it); });
        std::ranges::sort(games, std::greater(), [](const Fixture& it) { return it.kickoff; });
        return games;
      },
      [](const auto&, base::WallTime) { return lifetime_of_head_to_head(); }};
  return impl_->tell({"/fixtures/headtohead",
                      {{"h2h", fmt::format("{}-{}", a, b)}, {"last", std::to_string(last_meetings)}}},
                     kind, deadline, stop);
}

Client::Answer<Odds> Client::odds(const Fixture& fixture, base::SteadyTime deadline, std::stop_token stop) {
  const Impl::Kind<Odds> kind{
      "odds", [&](const decode::Value& response) { return read_odds(response, fixture.id); },
      [&](const Odds&, base::WallTime now) { return lifetime_of_odds(fixture.kickoff, now); }};
  return impl_->tell({"/odds", {{"fixture", std::to_string(fixture.id)}}}, kind, deadline, stop);
}

Client::Answer<std::vector<Fixture>> Client::fixtures(std::span<const std::int64_t> ids,
                                                      base::SteadyTime deadline, std::stop_token stop) {
  IdBatches::Games known;
  std::map<std::int64_t, base::WallTime> old;
  std::set<std::int64_t> open;
  for (const std::int64_t id : ids) {
    if (id < 1 || open.contains(id) || known.contains(id)) continue;
    const auto hit = impl_->recall(id, known);
    if (hit && hit->fresh) continue;
    open.insert(id);
    if (hit) old.emplace(id, hit->at);
  }
  const std::set<std::int64_t> asked = open;
  IdBatches::Told told = impl_->batches.run(
      std::move(open), deadline, stop,
      [&](const IdBatches::Ids& batch) { return impl_->fetch_games(batch, deadline, stop); });
  std::optional<base::WallTime> stale_since;
  for (const std::int64_t id : told.open) {
    const auto kept = old.find(id);
    if (kept == old.end() || !may_be_bridged(*told.error)) {
      impl_->count("games", "failed");
      return *told.error;
    }
    stale_since = std::min(stale_since.value_or(kept->second), kept->second);
  }
  impl_->count("games", stale_since ? "stale" : asked.empty() ? "cache" : "api");
  for (const std::int64_t id : asked)  // what was known of it and is told no longer does not exist any more
    if (!told.open.contains(id)) known.erase(id);
  for (auto& [id, game] : told.games) known.insert_or_assign(id, std::move(game));
  Told<std::vector<Fixture>> answer{{}, stale_since};
  for (const std::int64_t id : ids)
    if (const auto game = known.find(id); game != known.end()) answer.value.push_back(game->second);
  return answer;
}

Client::Quota Client::quota() const {
  const football::Quota::State state = impl_->asker.quota();
  return {state.limit, state.remaining, state.spent};
}

}  // namespace football
