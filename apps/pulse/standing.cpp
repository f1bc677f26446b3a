#include "pulse/standing.hpp"

#include "collect/history.hpp"
#include "collect/ledger.hpp"
#include "keeper/board.hpp"
#include "keeper/roster.hpp"
#include "pulse/app.hpp"
#include "pulse/selection.hpp"

namespace pulse {
namespace {

using base::Result;
using namespace std::chrono_literals;

// A store that is not there yet knows of no runs.
bool is_there(const App& app) {
  const config::DatabaseAddress& store = app.settings.store;
  std::error_code error;
  return store.engine == config::DatabaseAddress::Engine::postgresql ||
         std::filesystem::exists(store.path, error) || error;
}

Result<void> read_ledger(App& app, const keeper::Roster& roster, keeper::Board& board) {
  const std::stop_token stop = app.signals.token();
  const auto database = TRY(app.open_store_to_read());
  const auto session = TRY(database->session(stop));
  TRY(collect::Ledger(*session, app.clock).check_present(*database, stop));
  collect::History history(*session, app.clock);
  const auto pasts = TRY(history.of(roster.names(), stop));
  for (std::size_t i = 0; i < pasts.size(); ++i) board.set(i, pasts[i]);
  board.set_totals(TRY(history.totals(app.clock.wall() - 24h, stop)));
  return {};
}

}  // namespace

Result<web::Status> current_status(App& app) {
  Selection selection = select(app, {}, {});
  if (selection.entries.empty())
    return base::Error{base::Code::invalid_config, selection.faults.sorted().at(0).text()};
  const base::WallTime now = app.clock.wall();
  const keeper::Roster roster = keeper::make_roster({std::move(selection.entries), {}}, now);
  keeper::Board board(roster, PULSE_VERSION, now);
  if (is_there(app)) TRY(read_ledger(app, roster, board));
  board.judge(now);
  return board.status();
}

}  // namespace pulse
