#include "phoenix/page.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/text.hpp"
#include "bot/dead_updates.hpp"
#include "program/time_limit.hpp"
#include "telegram/format.hpp"

namespace phoenix {
namespace {

using store::Access;
using store::Connection;
using namespace std::chrono_literals;

constexpr base::Duration fresh_for = 1s;
// With the ledger: so long waits who asks for the page, or for a stop.
constexpr base::Duration patience = 3s;
constexpr base::Duration a_long_wait = 60s;

std::string number(std::int64_t value) {
  return web::grouped(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)));
}
std::string age(const std::optional<base::Duration>& age) { return age ? base::format_duration(*age) : "–"; }

constexpr std::string_view quota_is_spent =
    "the calls of API-Football for today are used up, but for the reserve";

// For owners in a chat, who read Portuguese; the page is in English. By key, or what it says in English.
std::string_view in_portuguese(const std::string& key, std::string_view otherwise) {
  static const std::map<std::string, std::string_view, std::less<>> words{
      {"All is well", "tudo bem"},
      {"Works, with warnings", "funciona, com avisos"},
      {"The queue is full", "a fila está cheia"},
      {"Users wait for more than a minute", "há quem espere mais de um minuto"},
      {"The database does not answer", "o banco de dados não responde"},
      {"Not ready: starting", "iniciando"},
      {"Not ready: stopping", "encerrando"},
      {"Queue", "Fila"},
      {"queue.used", "Pedidos, na fila e em andamento"},
      {"queue.queued", "Na fila"},
      {"queue.running", "Em andamento"},
      {"queue.oldest", "Espera do mais antigo"},
      {"jobs.done", "Concluídos em 24 horas"},
      {"jobs.failed", "Sem resultado em 24 horas"},
      {"jobs.dead", "Abandonados em 24 horas"},
      {"telegram.front", "Quem busca as mensagens"},
      {"updates.dead", "Mensagens recebidas que não puderam ser processadas"},
      {"outbox.pending", "Mensagens à espera"},
      {"outbox.sending", "Mensagens a caminho"},
      {"outbox.oldest", "Atraso do envio"},
      {"football.remaining", "Consultas que restam hoje"},
      {"football.limit", "Consultas por dia"},
      {"cache.entries", "Respostas em cache"},
      {"cache.bytes", "Tamanho do cache"},
      {"this process", "este processo"},
      {"nobody yet", "ninguém ainda"},
      {"nobody: Telegram delivers them", "ninguém: o Telegram as entrega"},
      {"another process has the lease", "outro processo"},
      {"the lease has gone to another process", "outro processo"},
      {"unknown", "não se sabe"}};
  const auto found = words.find(key);
  return found == words.end() ? otherwise : found->second;
}

// "1,024 of 2,000" → "1.024 de 2.000", "1.5 MiB" → "1,5 MiB"; units are the same. What is no number is told
// in words, and only in those that are known: errors are for the log.
std::string value_in_portuguese(std::string value) {
  if (value.empty() || value == "–" || value.starts_with('@')) return value;
  if (value[0] < '0' || value[0] > '9') return std::string(in_portuguese(value, "veja o registro (log)"));
  for (char& c : value) c = c == '.' ? ',' : c == ',' ? '.' : c;
  if (const std::size_t of = value.find(" of "); of != std::string::npos) value.replace(of, 4, " de ");
  return value;
}

// "22/11 16:53"
std::string short_time(base::WallTime time, const schedule::Zone& zone) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  const std::chrono::sys_seconds local{std::chrono::seconds{zone.to_local(second)}};
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{local - day};
  return fmt::format("{:02}/{:02} {:02}:{:02}", static_cast<unsigned>(date.day()),
                     static_cast<unsigned>(date.month()), clock.hours().count(), clock.minutes().count());
}

}  // namespace

Page::Page(const PageParts& parts) : parts_(parts), started_(parts.clock.wall()) {}

void Page::set_readiness(std::string why_not) {
  const std::lock_guard lock(mutex_);
  why_not_ready_ = std::move(why_not);
}
void Page::set_bot(std::string username) {
  const std::lock_guard lock(mutex_);
  bot_ = std::move(username);
}
void Page::set_front(std::string what) {
  const std::lock_guard lock(mutex_);
  front_ = std::move(what);
}
void Page::warn(const std::string& about, std::string text, std::string in_portuguese) {
  const std::lock_guard lock(mutex_);
  warnings_[about] = {std::move(text), std::move(in_portuguese)};
}
void Page::settle(const std::string& about) {
  const std::lock_guard lock(mutex_);
  warnings_.erase(about);
}
std::string Page::why_not_ready() {
  const std::lock_guard lock(mutex_);
  return why_not_ready_;
}

Page::Numbers Page::numbers() {
  const std::lock_guard lock(counting_);
  store::Database* const store = store_;
  const base::SteadyTime now = parts_.clock.steady();
  if (store == nullptr || (counted_at_ && now - *counted_at_ < fresh_for)) return last_numbers();
  Numbers fresh;
  const program::TimeLimit limit(parts_.clock, patience, {});
  const auto read = [&]() -> base::Result<void> {
    const auto session = TRY(store->session(limit.token()));
    return session->transact(Access::read, limit.token(), [&](Connection& c) -> base::Result<void> {
      fresh.queue = TRY(jobs::standing(c, parts_.queue));
      fresh.outbox = TRY(outbox::standing(c));
      fresh.dead_updates = TRY(bot::count_dead_updates(c));
      return {};
    });
  };
  const auto done = read();
  counted_at_ = parts_.clock.steady();  // behind it: those who waited for this look need none of their own
  if (done)
    settle("store");
  else
    warn("store", "the database does not answer: " + done.error().message, "o banco de dados não responde");
  fresh.known = done.has_value();
  const std::lock_guard numbers_lock(mutex_);
  if (!fresh.known) fresh = {numbers_.queue, numbers_.outbox, numbers_.dead_updates, false};
  numbers_ = fresh;
  return fresh;
}

Page::Numbers Page::last_numbers() {
  const std::lock_guard lock(mutex_);
  return numbers_;
}

void Page::count() {
  const Numbers now = numbers();
  if (!now.known) return;
  const auto gauge = [&](const char* name, const char* help, double value) {
    parts_.metrics.gauge(name, help).set(value);
  };
  const auto seconds = [](const std::optional<base::Duration>& age) {
    return std::chrono::duration<double>(age.value_or(base::Duration{})).count();
  };
  gauge("phoenix_queue_capacity", "Jobs that the queue takes, queued and running.",
        static_cast<double>(now.queue.capacity));
  gauge("phoenix_queue_used", "Jobs in the queue, queued and running.", static_cast<double>(now.queue.used));
  gauge("phoenix_queue_running", "Jobs that run.", static_cast<double>(now.queue.running));
  gauge("phoenix_queue_oldest_seconds", "Age of the oldest job that waits.", seconds(now.queue.oldest));
  gauge("phoenix_outbox_pending", "Messages that wait to be sent.", static_cast<double>(now.outbox.pending));
  gauge("phoenix_outbox_oldest_seconds", "Age of the oldest message that may be sent.",
        seconds(now.outbox.oldest));
  const football::Cache::Size cache = parts_.cache.size();
  gauge("phoenix_cache_entries", "Answers of API-Football in the cache.", static_cast<double>(cache.entries));
  gauge("phoenix_cache_bytes", "Their size.", static_cast<double>(cache.bytes));
  if (const auto quota = parts_.football.quota(); quota.remaining)
    gauge("phoenix_football_calls_remaining", "Calls of API-Football that are left today, as it said last.",
          static_cast<double>(*quota.remaining));
}

std::string Page::metrics() {
  count();
  return parts_.metrics.exposition();
}

web::Facts Page::facts() { return facts_of(numbers()); }

web::Facts Page::facts_of(const Numbers& now) {
  const football::Client::Quota quota = parts_.football.quota();
  const football::Cache::Size cache = parts_.cache.size();
  web::Facts facts;
  const std::lock_guard lock(mutex_);
  web::Frame& frame = facts.frame;
  frame = {.program = "phoenix", .version = PHOENIX_VERSION, .started_at = started_};
  for (const auto& [about, warning] : warnings_) frame.warnings.push_back(warning.text);
  if (quota.spent) frame.warnings.emplace_back(quota_is_spent);
  const bool is_slow = now.queue.oldest.value_or(0s) > a_long_wait;
  if (!why_not_ready_.empty()) {
    frame.headline = "Not ready: " + why_not_ready_;
    frame.mood = &web::waiting;
  } else if (!now.known) {
    frame.headline = "The database does not answer";
    frame.mood = &web::bad;
  } else if (is_slow || now.queue.used >= now.queue.capacity || !frame.warnings.empty()) {
    frame.headline = now.queue.used >= now.queue.capacity ? "The queue is full"
                     : is_slow                            ? "Users wait for more than a minute"
                                                          : "Works, with warnings";
    frame.mood = &web::odd;
  } else {
    frame.headline = "All is well";
  }
  web::FactGroup queue{"Queue",
                       {{"queue.used", "Jobs, queued and running",
                         fmt::format("{} of {}", number(now.queue.used), number(now.queue.capacity))},
                        {"queue.queued", "Queued", number(now.queue.queued)},
                        {"queue.running", "Running", number(now.queue.running)},
                        {"queue.oldest", "Oldest that waits", age(now.queue.oldest)}}};
  for (const auto& [state, ended] : now.queue.ended)
    queue.facts.push_back({"jobs." + state, "Ended in 24 hours: " + state, number(ended)});
  facts.groups = {
      std::move(queue),
      {"Telegram",
       {{"telegram.bot", "Bot", bot_.empty() ? "–" : "@" + bot_},
        {"telegram.front", "Updates are asked for by", front_},
        {"updates.dead", "Updates that could not be taken", number(now.dead_updates)},
        {"outbox.pending", "Messages that wait", number(now.outbox.pending)},
        {"outbox.sending", "Messages on their way", number(now.outbox.sending)},
        {"outbox.oldest", "Delay of sending", age(now.outbox.oldest)}}},
      {"API-Football",
       {{"football.remaining", "Calls left today", quota.remaining ? number(*quota.remaining) : "unknown"},
        {"football.limit", "Calls a day", quota.limit ? number(*quota.limit) : "unknown"},
        {"cache.entries", "Answers in the cache", number(static_cast<std::int64_t>(cache.entries))},
        {"cache.bytes", "Size of the cache", base::format_size(cache.bytes)}}}};
  return facts;
}

std::vector<std::string> Page::warnings_in_portuguese() {
  std::vector<std::string> list;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [about, warning] : warnings_) list.push_back(warning.in_portuguese);
  }
  if (parts_.football.quota().spent)
    list.emplace_back("as consultas de hoje à API-Football acabaram, menos a reserva");
  return list;
}

std::string Page::text() {
  const web::Facts facts = facts_of(last_numbers());
  const std::string& headline = facts.frame.headline;
  std::string html =
      telegram::bold(fmt::format("phoenix {}: {}", facts.frame.version, in_portuguese(headline, headline)));
  html += '\n';
  html += "No ar desde " + short_time(started_, parts_.zone) + "\n";
  for (const std::string& warning : warnings_in_portuguese())
    html += "⚠️ " + telegram::escape(warning) + "\n";
  for (const web::FactGroup& group : facts.groups) {
    html += fmt::format("\n{}\n", telegram::bold(in_portuguese(group.title, group.title)));
    for (const web::Fact& fact : group.facts)
      html += telegram::escape(fmt::format("{}: {}", in_portuguese(fact.key, fact.name),
                                           value_in_portuguese(fact.value))) +
              "\n";
  }
  return html;
}

}  // namespace phoenix
