// The dossier of one game on standard output: the same that the bot writes, without Telegram and without a
// store.
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "bot/football_analyst.hpp"
#include "football/dossier.hpp"
#include "football/error_words.hpp"
#include "phoenix/app.hpp"
#include "phoenix/commands.hpp"
#include "program/exit_code.hpp"
#include "program/output.hpp"
#include "resilience/deadline.hpp"
#include "telegram/format.hpp"

namespace phoenix {
namespace {

using base::Code;
using Json = nlohmann::ordered_json;

constexpr std::chrono::minutes time_limit{2};
constexpr double every_pick = 0;

Json to_json(const football::Side& side) {
  return {{"team", side.team.name},
          {"position", side.position ? Json(*side.position) : Json(nullptr)},
          {"quality", side.quality},
          {"form", side.form},
          {"goals_expected", side.goals_expected}};
}

std::string to_json(const football::Analysis& analysis) {
  Json picks = Json::array();
  for (const football::Pick& pick : analysis.picks)
    picks.push_back({{"outcome", pick.outcome},
                     {"words", pick.words},
                     {"probability", pick.probability},
                     {"confidence", pick.confidence},
                     {"odd", pick.odd ? Json(*pick.odd) : Json(nullptr)},
                     {"reason", pick.reason}});
  const Json document = {{"fixture", analysis.fixture.id},
                         {"kickoff", base::to_iso8601(analysis.fixture.kickoff)},
                         {"league", analysis.fixture.league.name},
                         {"sound", analysis.sound},
                         {"home", to_json(analysis.home)},
                         {"away", to_json(analysis.away)},
                         {"picks", std::move(picks)},
                         {"warnings", analysis.warnings}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int exit_code_of(const base::Error& error) {
  switch (error.code) {
    case Code::permission:
    case Code::invalid_config: return program::configuration;
    case Code::rate_limited: return program::try_again;
    case Code::invalid_data: return program::unhealthy;
    default: return program::unavailable;
  }
}

}  // namespace

int analyze(const ConfigPath& config, const AnalyzeOptions& options) {
  config::Faults faults;
  const std::unique_ptr<App> app = App::create(config, faults);
  if (!app || app->loaded.unusable.contains("football.key")) {
    program::complain_text(faults.text());
    return program::configuration;
  }
  bot::FootballAnalyst analyst(app->football, app->clock, app->zone);
  const auto analysis = analyst.analyse_game(
      options.fixture, every_pick, resilience::after(app->clock.steady(), time_limit), app->signals.token());
  if (app->signals.exit_code() != 0) return app->signals.exit_code();
  if (!analysis) {
    program::complain("phoenix: {}\n", app->redactor.redact(analysis.error().message));
    return exit_code_of(analysis.error());
  }
  program::print_text(options.json ? to_json(*analysis)
                                   : telegram::plain(football::write_dossier(*analysis, app->zone)) + "\n");
  return program::ok;
}

}  // namespace phoenix
