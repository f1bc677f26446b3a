// What a user wants, read from an update: pure, and deaf to everything that is not for the bot. Names of
// buttons are those of the bot's predecessor, so that old messages in a chat still work.
//
//   const Intent intent = read_intent(update, "AnalyTipsBot");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "telegram/types.hpp"

namespace bot {

// Which of a user's allowances it draws from (QU3).
enum class Bucket { navigation, commands };
std::string_view to_string(Bucket bucket);

// What is answered at once, from the ledger alone.
struct Show {
  enum class What {
    menu,
    help,
    ask_team,  // how to search
    settings,
    choose_confidence,
    set_confidence,  // `number`: tenths
    reset_settings,
    page,     // `number`: the job; `page`
    not_yet,  // `text`: the name of what is still missing
    old_button,
    status,   // for owners
    nothing,  // the tap is answered, and that is all
  } what = What::nothing;
  std::int64_t number = 0;
  int page = 0;
  std::string text{};
};

// What goes through the queue.
struct Work {
  std::string kind{};     // "goals", "match" … (analyst.hpp)
  std::string payload{};  // JSON
  bool in_place = false;  // the result replaces the message of the tap: lists, not analyses
};

struct Intent {
  std::int64_t user = 0, chat = 0;
  std::int64_t topic = 0;       // of a forum
  std::string tap{};            // id of the callback query; "": a typed message
  std::int64_t message_id = 0;  // of the tap, if it can be edited
  Bucket bucket = Bucket::navigation;
  // monostate: not for us; Moved: nobody's, but what waits for that group must know
  std::variant<std::monostate, Show, Work, telegram::Moved> what{};
};

// `username`: the bot's own, for commands in groups ("/start@AnalyTipsBot").
Intent read_intent(const telegram::Update& update, std::string_view username);

inline constexpr std::size_t max_search = 64;  // bytes of a team's name that is looked for

}  // namespace bot
