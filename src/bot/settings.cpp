#include "bot/settings.hpp"

#include <algorithm>

#include "store/batch.hpp"

namespace bot {

base::Result<std::map<std::int64_t, UserSettings>> load_settings(store::Connection& connection,
                                                                 std::span<const std::int64_t> users) {
  std::map<std::int64_t, UserSettings> found;
  store::Batch batch = store::batch_of_ids({users.begin(), users.end()});
  const auto rows = TRY(connection.query(
      store::of_each_id(connection.dialect(), 1,
                        "SELECT user_id, minimum_confidence FROM {ledger}settings WHERE user_id"),
      {std::string_view(batch.text())}));
  for (const store::Row& row : rows)
    found[row.integer(0)] = {.minimum_confidence =
                                 static_cast<int>(std::clamp<std::int64_t>(row.integer(1), 0, 100))};
  return found;
}

base::Result<void> save_settings(store::Connection& connection, std::int64_t user,
                                 const UserSettings& settings) {
  TRY(connection.execute(
      "INSERT INTO {ledger}settings (user_id, minimum_confidence, updated_at) VALUES ($1, $2, {now}) ON "
      "CONFLICT "
      "(user_id) DO UPDATE SET minimum_confidence = EXCLUDED.minimum_confidence, updated_at = "
      "EXCLUDED.updated_at",
      {user, std::int64_t{settings.minimum_confidence}}));
  return {};
}

}  // namespace bot
