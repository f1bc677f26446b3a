// What is to be told to the outside, kept in the ledger until somebody took it: written in the transaction
// that decided it, delivered afterwards, however often the process dies in between.
//
//   pending → sending (attempt, lease) → sent (receipt) | dropped (reason)
//
// A message may stand behind another one (`after`: the edit of a placeholder): it waits until that one was
// sent, and gets its receipt; if that one is dropped, so is it. Of those behind the same message only the
// newest is kept while it is pending: a progress note is overtaken by the next, and by the result.
//
// To one address one message is under way at a time, the oldest first, except that a more urgent one passes
// what is less urgent: no result waits for a rejection. Answers wait for nobody, and nobody waits for them.
//
// The functions work inside the caller's transaction. Owner of the table {ledger}outbox. Times are the
// database's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace outbox {

// What goes first (QU2).
enum class Priority : std::uint8_t { answer, result, notice, rejection };

inline constexpr std::size_t max_body = 64u << 10;

struct Message {
  std::string channel;  // "telegram"
  std::string address;  // whom: for the channel to read
  std::string action;   // what: "send", "edit", "answer" …: for the channel
  std::string body;     // the channel's own, at most max_body bytes
  Priority priority = Priority::notice;
  std::optional<std::int64_t> after{};       // the id of the message it stands behind
  std::optional<base::Duration> delay{};     // not before, from now on
  std::optional<base::Duration> lifetime{};  // dropped when it is older ("expired"); nothing: never
  bool repeatable = true;  // false: if nobody knows whether it went out, it is not sent a second time
};

// The ids, in their order. conflict: `after` does not exist. invalid_data: a text is too long, or no database
// keeps it.
base::Result<std::vector<std::int64_t>> add(store::Connection& connection, std::span<const Message> messages);
base::Result<std::int64_t> add(store::Connection& connection, const Message& message);

// Those of this action that are pending at one address go to another. Returns how many.
base::Result<std::int64_t> readdress(store::Connection& connection, std::string_view channel,
                                     std::string_view action, std::string_view from, std::string_view to);

struct Claimed {
  std::int64_t id = 0;
  int attempt = 1;  // counted at the claim
  Message message{};
  std::string receipt_of_after{};  // of the message it stands behind
  base::WallTime created{};
};

struct Dropped {
  Claimed message{};
  std::string reason{};
};

// Up to `limit` messages that may go now, at least as urgent as `least`, the most urgent first, leased for
// `lease` to `owner` (on a database that one process has: until it ends). A claimed message whose lease
// passed may be claimed again; one that is not repeatable is then dropped ("fate unknown") instead. Messages
// that expired are dropped on the way. `dropped` gets those, if it is there.
base::Result<std::vector<Claimed>> claim(store::Connection& connection, const std::string& owner, int limit,
                                         std::chrono::seconds lease, Priority least = Priority::rejection,
                                         std::vector<Dropped>* dropped = nullptr);

struct Settled {
  std::int64_t id = 0;
  int attempt = 0;  // fencing: the claim's; a later claim's message is left alone
  enum class How { sent, again, dropped } how = How::sent;
  std::string receipt{};       // of `sent`
  base::Duration wait{};       // of `again`
  std::string reason{};        // of `again` and `dropped`
  bool attempt_counts = true;  // of `again`: false = as if it had not been claimed
};
base::Result<void> settle(store::Connection& connection, std::span<const Settled> settled);

// What this owner has claimed, but for `keep`, goes back as if it had not been claimed: it was never begun.
base::Result<void> give_back(store::Connection& connection, const std::string& owner,
                             const std::vector<std::int64_t>& keep);

// What all but this owner had claimed, as if their leases had passed (see claim()): for who knows that none
// of them sends any more.
base::Result<void> recover(store::Connection& connection, const std::string& owner,
                           std::vector<Dropped>* dropped = nullptr);

struct Standing {
  std::int64_t pending = 0, sending = 0;
  std::optional<base::Duration> oldest{};  // age of the oldest that may go
};
base::Result<Standing> standing(store::Connection& connection);
// Those that ended before that long ago, and that nothing waits behind. Returns how many.
base::Result<std::int64_t> tidy(store::Connection& connection, std::chrono::seconds older_than, int limit);

}  // namespace outbox
