#include "bot/taker.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace bot {
namespace {

using base::Code;
using base::Result;
using store::Access;
using store::Connection;
using telegram::Update;

// A broken constraint, a value that no column takes, or a fault of ours: waiting changes none of them. What
// is wrong with the database itself, a person mends, and then the same update is taken.
bool is_hopeless(const base::Error& error) {
  return error.code == Code::invalid_data || error.code == Code::internal;
}

}  // namespace

void sort_by_id(std::vector<Update>& updates) {
  std::sort(updates.begin(), updates.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
}

Result<void> Taker::commit(std::span<const Update> updates, const Work& work,
                           const std::stop_token& stop) const {
  Taken taken;
  const auto session = TRY(database_.session(stop));
  TRY(session->transact(Access::write, stop, [&](Connection& c) -> Result<void> {
    taken = TRY(work(c));
    return options_.also ? options_.also(c, updates) : Result<void>();
  }));
  if (options_.on_taken) options_.on_taken(taken, updates);
  return {};
}

// If not even the letter can be kept, its number still is: it must not come for ever.
Result<void> Taker::give_up(const Update& update, const base::Error& error,
                            const std::stop_token& stop) const {
  const auto without = [&](const std::optional<std::string>& reason) {
    return commit(
        {&update, 1},
        [&](Connection& c) -> Result<Taken> {
          TRY(intake_.give_up(c, update, reason));
          return Taken{.updates = 1, .dead = update.id, .why_dead = error.code};
        },
        stop);
  };
  Result<void> done = without(error.message);
  return !done && is_hopeless(done.error()) ? without(std::nullopt) : done;
}

Result<void> Taker::take(std::span<const Update> updates, const std::stop_token& stop) const {
  const Result<void> done = commit(
      updates, [&](Connection& c) { return intake_.take(c, updates); }, stop);
  if (done || !is_hopeless(done.error())) return done;
  if (updates.size() == 1) return give_up(updates[0], done.error(), stop);
  const std::size_t half = updates.size() / 2;
  TRY(take(updates.first(half), stop));
  return take(updates.subspan(half), stop);
}

}  // namespace bot
