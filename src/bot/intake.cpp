#include "bot/intake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.hpp"
#include "bot/dead_updates.hpp"
#include "bot/outgoing.hpp"
#include "bot/views.hpp"
#include "outbox/outbox.hpp"
#include "store/batch.hpp"
#include "telegram/format.hpp"

namespace bot {
namespace {

using base::Code;
using base::Result;
using outbox::Priority;
using store::Connection;
using What = Show::What;
using Verdict = jobs::Admission::Verdict;
using namespace std::chrono_literals;

constexpr auto navigation_lifetime = 10min;  // nobody waits longer for a menu

// What one transaction decides. Nothing is written before commit().
class Sitting {
 public:
  Sitting(const IntakeOptions& options, Connection& connection, Taken& taken)
      : options_(options), connection_(connection), taken_(taken) {}

  Result<void> begin(const std::vector<Intent>& intents, const base::Clock& clock) {
    std::vector<std::int64_t> users;
    for (const Intent& intent : intents)
      if (intent.user != 0) users.push_back(intent.user);
    // First, for it keeps all others out until the end of the transaction: what is read behind it stays true.
    admission_ = TRY(jobs::Admission::begin(connection_, options_.queue, users));
    const base::WallTime now = TRY(store::shared_now(connection_, clock));
    limits_ = TRY(Limits::load(connection_, users, options_.allowances, now));
    settings_ = TRY(load_settings(connection_, asking_for_settings(intents)));
    return {};
  }

  Result<void> decide(const Intent& intent) {
    if (std::holds_alternative<std::monostate>(intent.what)) {
      ++taken_.by_fate["ignored"];
      return {};
    }
    if (const auto* moved = std::get_if<telegram::Moved>(&intent.what)) {
      ++taken_.by_fate["moved"];
      return move_chat(connection_, moved->from, moved->to);
    }
    if (!limits_->allows(intent.user, intent.bucket)) {
      refuse(intent);
      return {};
    }
    if (const auto* work = std::get_if<Work>(&intent.what)) {
      admit(intent, *work);
      return {};
    }
    limits_->take(intent.user, intent.bucket);
    ++taken_.by_fate["shown"];
    return show(intent, std::get<Show>(intent.what));
  }

  Result<void> commit() {
    const std::vector<std::int64_t> ids = TRY(outbox::add(connection_, messages_));
    for (const auto& [job, index] : placeholders_) admission_->set_placeholder(job, ids.at(index));
    TRY(admission_->write(connection_));
    taken_.has_messages = !messages_.empty();
    return limits_->write(connection_);
  }

 private:
  static std::vector<std::int64_t> asking_for_settings(const std::vector<Intent>& intents) {
    std::set<std::int64_t> users;
    for (const Intent& intent : intents)
      if (const auto* show = std::get_if<Show>(&intent.what);
          show && (show->what == What::settings || show->what == What::choose_confidence))
        users.insert(intent.user);
    return {users.begin(), users.end()};
  }

  void say(const Intent& intent, std::string_view text) {
    messages_.push_back(answer(intent.chat, intent.tap, text));
  }

  // What is no limit of Telegram's own: a tap gets its answer, a typed message one in a while (QU2).
  void turn_down(const Intent& intent, std::string_view text, std::string_view what, bool every_tap) {
    if (!intent.tap.empty())
      say(intent, every_tap || limits_->tell(intent.user, what) ? text : std::string_view());
    else if (limits_->tell(intent.user, what))
      messages_.push_back(
          in_topic(intent.topic,
                   send_at_most_once(intent.chat, {.text = telegram::escape(text)}, Priority::rejection)));
  }

  void refuse(const Intent& intent) {
    ++taken_.by_fate["limited"];
    const base::Duration wait = limits_->wait(intent.user, intent.bucket);
    const Allowance& commands = options_.allowances.commands;
    turn_down(intent,
              intent.bucket == Bucket::commands ? too_many_commands(commands.calls, commands.per, wait)
                                                : too_many_taps(wait),
              to_string(intent.bucket), false);
  }

  void admit(const Intent& intent, const Work& work) {
    const Place place{intent.chat, work.in_place ? intent.message_id : 0, intent.topic};
    const auto answer = admission_->offer(
        {.user = intent.user, .kind = work.kind, .payload = work.payload, .address = write_place(place)});
    switch (answer.verdict) {
      case Verdict::accepted: return accept(intent, work, place, answer);
      case Verdict::full: ++taken_.by_fate["full"]; return turn_down(intent, queue_full, "full", true);
      case Verdict::too_many:
        ++taken_.by_fate["too_many"];
        return turn_down(intent, too_many_jobs(options_.queue.per_user), "too_many", true);
      case Verdict::duplicate:
        ++taken_.by_fate["duplicate"];
        limits_->take(intent.user, intent.bucket);
        return turn_down(intent, already_working(work.kind), "duplicate", true);
    }
  }

  void accept(const Intent& intent, const Work& work, const Place& place,
              const jobs::Admission::Answer& answer) {
    ++taken_.by_fate["accepted"];
    taken_.has_jobs = true;
    limits_->take(intent.user, intent.bucket);
    if (!intent.tap.empty()) say(intent, "");
    if (place.message_id != 0) return;  // the list replaces the menu
    placeholders_.emplace_back(answer.id, messages_.size());
    messages_.push_back(
        in_topic(intent.topic, send(intent.chat, placeholder(work.kind, answer.ahead), Priority::notice)));
  }

  // In place of the message whose button it was, or as a new one.
  void put(const Intent& intent, const View& view) {
    if (!intent.tap.empty()) say(intent, "");
    messages_.push_back(intent.message_id != 0
                            ? edit(intent.chat, intent.message_id, view, Priority::result)
                            : in_topic(intent.topic, send(intent.chat, view, Priority::notice)));
    messages_.back().lifetime = navigation_lifetime;
  }

  Result<void> show(const Intent& intent, const Show& what) {
    switch (what.what) {
      case What::menu: put(intent, menu()); break;
      case What::help: put(intent, help(options_.timezone)); break;
      case What::ask_team: put(intent, ask_team()); break;
      case What::settings: put(intent, settings_view(settings_[intent.user])); break;
      case What::choose_confidence: put(intent, choose_confidence(settings_[intent.user])); break;
      case What::set_confidence: return set(intent, {.minimum_confidence = static_cast<int>(what.number)});
      case What::reset_settings: return set(intent, {});
      case What::page: return turn_page(intent, what);
      case What::not_yet: tell(intent, not_yet(what.text)); break;
      case What::old_button: tell(intent, old_button()); break;
      case What::nothing: tell(intent, ""); break;
      case What::status:
        put(intent, is_owner(intent.user) ? View{.text = options_.status()} : help(options_.timezone));
        break;
    }
    return {};
  }

  void tell(const Intent& intent, std::string_view text) {
    if (!intent.tap.empty()) say(intent, text);
  }

  bool is_owner(std::int64_t user) const {
    return options_.status && std::count(options_.owners.begin(), options_.owners.end(), user) > 0;
  }

  Result<void> set(const Intent& intent, const UserSettings& settings) {
    settings_[intent.user] = settings;
    put(intent, settings_view(settings));
    return save_settings(connection_, intent.user, settings);
  }

  // In a group everybody sees the result, so everybody may turn its pages. Elsewhere a job's number is no
  // proof: a tap may come from a client that makes up its data.
  static bool may_see(const Intent& intent, const jobs::Kept& kept) {
    const auto place = read_place(kept.address);
    return kept.user == intent.user || (place && place->chat == intent.chat);
  }

  Result<void> turn_page(const Intent& intent, const Show& what) {
    const auto kept = TRY(jobs::result(connection_, what.number));
    const auto pages = kept && may_see(intent, *kept) ? read_views(kept->result)
                                                      : base::error(Code::invalid_data, "it is gone");
    if (!pages || pages->empty())
      tell(intent, old_button());
    else
      put(intent, page_of(*pages, static_cast<std::size_t>(what.page), what.number));
    return {};
  }

  const IntakeOptions& options_;
  Connection& connection_;
  Taken& taken_;
  std::optional<Limits> limits_;
  std::optional<jobs::Admission> admission_;
  std::map<std::int64_t, UserSettings> settings_;
  std::vector<outbox::Message> messages_;
  std::vector<std::pair<std::int64_t, std::size_t>> placeholders_;  // job, index of its message
};

// Writes that they came; returns those that came for the first time.
Result<std::set<std::int64_t>> record(Connection& connection, std::span<const std::int64_t> ids,
                                      std::span<const std::int64_t> users, base::WallTime now) {
  using Kind = store::Batch::Kind;
  store::Batch batch({{"update_id", Kind::integer}, {"user_id", Kind::integer}, {"at", Kind::integer}});
  for (std::size_t i = 0; i < ids.size(); ++i) batch.add({ids[i], users[i], base::epoch_milliseconds(now)});
  std::set<std::int64_t> fresh;
  const auto rows =
      TRY(connection.query("INSERT INTO {ledger}inbox (update_id, user_id, received_at) SELECT s.update_id, "
                           "s.user_id, s.at FROM " +
                               batch.source(connection.dialect(), 1, "s") +
                               " WHERE true ON CONFLICT (update_id) DO NOTHING RETURNING update_id",
                           {std::string_view(batch.text())}));
  for (const store::Row& row : rows) fresh.insert(row.integer(0));
  return fresh;
}

}  // namespace

IntakeOptions Intake::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

void Intake::change(const Allowances& allowances, std::vector<std::int64_t> owners) {
  const std::lock_guard lock(mutex_);
  options_.allowances = allowances;
  options_.owners = std::move(owners);
}

Result<Taken> Intake::take(Connection& connection, std::span<const telegram::Update> updates) const {
  const IntakeOptions options = this->options();
  Taken taken;
  std::vector<Intent> intents;
  std::vector<std::int64_t> ids, users;
  for (const telegram::Update& update : updates) {
    intents.push_back(read_intent(update, options.username));
    ids.push_back(update.id);
    users.push_back(intents.back().user);
  }
  const base::WallTime now = TRY(store::shared_now(connection, clock_));
  std::set<std::int64_t> fresh = TRY(record(connection, ids, users, now));
  std::vector<Intent> wanted;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (fresh.erase(ids[i]) == 1) wanted.push_back(std::move(intents[i]));
  taken.updates = static_cast<std::int64_t>(wanted.size());
  taken.repeated = static_cast<std::int64_t>(ids.size() - wanted.size());
  if (wanted.empty()) return taken;

  Sitting sitting(options, connection, taken);
  TRY(sitting.begin(wanted, clock_));
  for (const Intent& intent : wanted) TRY(sitting.decide(intent));
  TRY(sitting.commit());
  return taken;
}

Result<void> Intake::give_up(Connection& connection, const telegram::Update& update,
                             const std::optional<std::string>& reason) const {
  const std::int64_t id = update.id, user = 0;
  const base::WallTime now = TRY(store::shared_now(connection, clock_));
  TRY(record(connection, {&id, 1}, {&user, 1}, now));
  return reason ? bury(connection, update, *reason, now) : Result<void>();
}

std::string write_place(const Place& place) {
  if (place.topic != 0) return fmt::format("{}:{}:{}", place.chat, place.message_id, place.topic);
  return place.message_id == 0 ? fmt::format("{}", place.chat)
                               : fmt::format("{}:{}", place.chat, place.message_id);
}

Result<Place> read_place(const std::string& address) {
  Place place;
  const char* const end = address.data() + address.size();
  std::from_chars_result read = std::from_chars(address.data(), end, place.chat);
  for (std::int64_t* more : {&place.message_id, &place.topic})
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == ':')
      read = std::from_chars(read.ptr + 1, end, *more);
  if (read.ec != std::errc() || read.ptr != end || place.chat == 0)
    return base::error(Code::invalid_data, "\"{}\" is no place in a chat", base::escape_control(address));
  return place;
}

Result<std::int64_t> tidy_inbox(Connection& connection, std::chrono::seconds older_than,
                                const base::Clock& clock, int limit) {
  const base::WallTime now = TRY(store::shared_now(connection, clock));
  return connection.execute(
      fmt::format(
          "DELETE FROM {{ledger}}inbox WHERE update_id IN (SELECT update_id FROM {{ledger}}inbox WHERE "
          "received_at < $1 LIMIT $2{})",
          connection.dialect().skip_locked()),
      {base::epoch_milliseconds(now - older_than), std::int64_t{limit}});
}

}  // namespace bot
