// Tells the bot's owners what needs a person. About one matter each of them gets a message an hour at most,
// however many processes and restarts there are: the ledger remembers.
//
//   TRY(session.transact(Access::write, stop, [&](Connection& c) -> Result<void> {
//     told = TRY(tell_owners(c, {.owners = owners, .matter = "football"}, view, clock));
//     return {};
//   }));
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bot/outgoing.hpp"
#include "store/database.hpp"

namespace bot {

struct OwnersNotice {
  std::span<const std::int64_t> owners{};  // users; their private chats have the same numbers
  std::string_view matter{};               // a short name; not one of Bucket's
  std::chrono::seconds at_most_every{std::chrono::hours{1}};
};

// Puts it into the outbox; how many were told. Errors: those of the database.
base::Result<std::size_t> tell_owners(store::Connection& connection, const OwnersNotice& notice,
                                      const View& view, const base::Clock& clock);

}  // namespace bot
