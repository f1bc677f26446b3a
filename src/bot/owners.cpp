#include "bot/owners.hpp"

#include <algorithm>
#include <vector>

#include "outbox/outbox.hpp"
#include "store/batch.hpp"

namespace bot {

// One statement decides and remembers, so that two processes cannot both find that it is time. What a clock
// that was ahead has written does not silence anybody.
base::Result<std::size_t> tell_owners(store::Connection& connection, const OwnersNotice& notice,
                                      const View& view, const base::Clock& clock) {
  std::vector<std::int64_t> owners(notice.owners.begin(), notice.owners.end());
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  if (owners.empty()) return std::size_t{0};
  const std::int64_t now = base::epoch_milliseconds(TRY(store::shared_now(connection, clock)));
  const std::int64_t pause = std::chrono::milliseconds(notice.at_most_every).count();
  store::Batch batch = store::batch_of_ids(owners);
  const auto rows = TRY(connection.query(
      "INSERT INTO {ledger}limits AS known (user_id, bucket, taken, told_at, expires_at) SELECT s.id, $2, "
      "'', "
      "$3, $4 FROM " +
          batch.source(connection.dialect(), 1, "s") +
          " WHERE true ON CONFLICT (user_id, bucket) DO UPDATE SET told_at = EXCLUDED.told_at, expires_at = "
          "EXCLUDED.expires_at WHERE known.told_at <= $5 OR known.told_at > EXCLUDED.told_at RETURNING "
          "user_id",
      {std::string_view(batch.text()), notice.matter, now, now + pause, now - pause}));
  std::vector<outbox::Message> messages;
  for (const store::Row& row : rows) messages.push_back(send(row.integer(0), view, outbox::Priority::notice));
  TRY(outbox::add(connection, messages));
  return messages.size();
}

}  // namespace bot
