#include "bot/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "store/batch.hpp"

namespace bot {
namespace {

std::int64_t milliseconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// Whatever is no number ends the list: a line that was written by somebody else limits nobody.
std::vector<std::int64_t> numbers(std::string_view text) {
  std::vector<std::int64_t> list;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) break;
    list.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return list;
}

}  // namespace

Limits::Limits(const Allowances& allowances, base::WallTime now)
    : allowances_(allowances), now_(base::epoch_milliseconds(now)) {}

base::Result<Limits> Limits::load(store::Connection& connection, std::span<const std::int64_t> users,
                                  const Allowances& allowances, base::WallTime now) {
  Limits limits(allowances, now);
  limits.users_.assign(users.begin(), users.end());
  std::sort(limits.users_.begin(), limits.users_.end());
  limits.users_.erase(std::unique(limits.users_.begin(), limits.users_.end()), limits.users_.end());
  store::Batch batch = store::batch_of_ids(limits.users_);
  const auto rows = TRY(connection.query(
      store::of_each_id(connection.dialect(), 1,
                        "SELECT user_id, bucket, taken, told_at FROM {ledger}limits WHERE user_id"),
      {std::string_view(batch.text())}));
  for (const store::Row& row : rows)
    limits.lines_[{row.integer(0), row.text(1)}] = {.taken = numbers(row.text(2)), .told_at = row.integer(3)};
  return limits;
}

const Allowance& Limits::of(Bucket bucket) const {
  return bucket == Bucket::commands ? allowances_.commands : allowances_.navigation;
}

std::int64_t Limits::window_of(std::string_view bucket) const {
  for (const Bucket known : {Bucket::commands, Bucket::navigation})
    if (bucket == to_string(known)) return milliseconds(of(known).per);
  return milliseconds(allowances_.told_for);
}

Limits::Line& Limits::line(std::int64_t user, std::string_view bucket) {
  CHECK(std::binary_search(users_.begin(), users_.end(), user), "limits are loaded before they are asked");
  return lines_[{user, std::string(bucket)}];
}

// What a clock that was ahead has written counts as now, or it would limit the user until then; and that is
// written down, or it would count as now the next time again.
Limits::Line& Limits::recent(std::int64_t user, Bucket bucket) {
  Line& found = line(user, to_string(bucket));
  for (std::int64_t& time : found.taken)
    if (time > now_) {
      time = now_;
      found.changed = true;
    }
  const std::int64_t since = now_ - milliseconds(of(bucket).per);
  std::erase_if(found.taken, [&](std::int64_t time) { return time <= since; });
  return found;
}

bool Limits::allows(std::int64_t user, Bucket bucket) {
  return recent(user, bucket).taken.size() < static_cast<std::size_t>(of(bucket).calls);
}

void Limits::take(std::int64_t user, Bucket bucket) {
  Line& found = recent(user, bucket);
  found.taken.push_back(now_);
  found.changed = true;
}

base::Duration Limits::wait(std::int64_t user, Bucket bucket) {
  const auto& taken = recent(user, bucket).taken;
  const std::size_t calls = static_cast<std::size_t>(of(bucket).calls);
  if (taken.size() < calls) return {};
  const std::int64_t free_at = taken[taken.size() - calls] + milliseconds(of(bucket).per);
  return std::chrono::milliseconds(std::max<std::int64_t>(free_at - now_, 0));
}

bool Limits::tell(std::int64_t user, std::string_view what) {
  Line& found = line(user, what);
  if (found.told_at > now_) found.told_at = 0;
  if (found.told_at != 0 && now_ - found.told_at < window_of(what)) return false;
  found.told_at = now_;
  found.changed = true;
  return true;
}

base::Result<void> Limits::write(store::Connection& connection) const {
  using Kind = store::Batch::Kind;
  store::Batch batch({{"user_id", Kind::integer},
                      {"bucket"},
                      {"taken"},
                      {"told_at", Kind::integer},
                      {"expires_at", Kind::integer}});
  for (const auto& [key, line] : lines_) {
    if (!line.changed) continue;
    const std::int64_t last = std::max(line.taken.empty() ? 0 : line.taken.back(), line.told_at);
    const std::string taken = fmt::format("{}", fmt::join(line.taken, " "));
    batch.add({key.first, std::string_view(key.second), std::string_view(taken), line.told_at,
               last + window_of(key.second)});
  }
  if (batch.empty()) return {};
  TRY(connection.execute(
      "INSERT INTO {ledger}limits (user_id, bucket, taken, told_at, expires_at) SELECT s.user_id, s.bucket, "
      "s.taken, s.told_at, s.expires_at FROM " +
          batch.source(connection.dialect(), 1, "s") +
          " WHERE true ON CONFLICT (user_id, bucket) DO UPDATE SET taken = EXCLUDED.taken, told_at = "
          "EXCLUDED.told_at, expires_at = EXCLUDED.expires_at",
      {std::string_view(batch.text())}));
  return {};
}

base::Result<std::int64_t> tidy_limits(store::Connection& connection, base::WallTime now, int limit) {
  return connection.execute(
      fmt::format("DELETE FROM {{ledger}}limits WHERE (user_id, bucket) IN (SELECT user_id, bucket FROM "
                  "{{ledger}}limits WHERE expires_at < $1 LIMIT $2{})",
                  connection.dialect().skip_locked()),
      {base::epoch_milliseconds(now), std::int64_t{limit}});
}

}  // namespace bot
