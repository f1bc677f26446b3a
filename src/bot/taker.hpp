// Takes updates in one transaction. Where that is at fault itself (not the database's health), so that the
// same again would end the same, it is halved until the one that breaks it stands alone: that one becomes a
// dead letter (dead_updates.hpp) and counts as taken, so that it cannot come for ever. An update that comes
// again changes nothing. Thread-safe.
//
//   const Taker taker(database, intake, {.on_taken = …});
//   TRY(taker.take(updates, stop));    // all of them are durable now
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.hpp"
#include "bot/intake.hpp"
#include "store/database.hpp"
#include "telegram/types.hpp"

namespace bot {

void sort_by_id(std::vector<telegram::Update>& updates);

struct TakerOptions {
  // Inside the transaction that takes these; an error undoes it.
  std::function<base::Result<void>(store::Connection&, std::span<const telegram::Update>)> also{};
  std::function<void(const Taken&, std::span<const telegram::Update>)> on_taken{};  // after each commit
};

class Taker {
 public:
  Taker(store::Database& database, const Intake& intake, TakerOptions options)
      : database_(database), intake_(intake), options_(std::move(options)) {}
  // Not empty; by id. After an error some of them may be taken. Errors: those of the database, and of `also`.
  base::Result<void> take(std::span<const telegram::Update> updates, const std::stop_token& stop) const;

 private:
  using Work = std::function<base::Result<Taken>(store::Connection&)>;
  base::Result<void> commit(std::span<const telegram::Update> updates, const Work& work,
                            const std::stop_token& stop) const;
  base::Result<void> give_up(const telegram::Update& update, const base::Error& error,
                             const std::stop_token& stop) const;

  store::Database& database_;
  const Intake& intake_;
  const TakerOptions options_;
};

}  // namespace bot
