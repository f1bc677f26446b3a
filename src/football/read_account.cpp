#include "football/fields.hpp"
#include "football/readers.hpp"

namespace football {

using decode::Value;

base::Result<Account> read_account(const Value& response) {
  const auto used = integer(at(response, {"requests", "current"}), 0, max_id);
  const auto limit = integer(at(response, {"requests", "limit_day"}), 0, max_id);
  if (!used || !limit)
    return base::error(base::Code::invalid_data,
                       "the account does not say how many calls of the day are used");
  const Value subscription = at(response, {"subscription"});
  return Account{text(at(subscription, {"plan"}), 40), flag(at(subscription, {"active"})), *used, *limit};
}

}  // namespace football
