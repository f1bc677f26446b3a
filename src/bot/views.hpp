// What the bot shows: texts in Brazilian Portuguese and their buttons. Pure. Names that came from outside are
// escaped here; every button's data is read by intent.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bot/outgoing.hpp"
#include "bot/settings.hpp"

namespace bot {

// The directive's own sentence for a full queue (R4): not a letter more or less.
inline constexpr std::string_view queue_full =
    "Estou processando um grande número de análises no momento. Por favor, tente novamente em alguns "
    "minutos.";

const View& menu();
View help(std::string_view timezone);  // an IANA name
View ask_team();
View settings_view(const UserSettings& settings);
View choose_confidence(const UserSettings& settings);

// What stands in the chat until the result does.
View placeholder(std::string_view kind, std::int64_t ahead);
View progress(std::string_view kind, std::size_t done, std::size_t total);
View notice(std::string_view kind);
// Sentences instead of a result.
View too_late(std::string_view kind);     // the job waited longer than it may
View gave_up(std::string_view kind);      // it failed for good
View failure(std::string_view sentence);  // what football::error_words says

// Shown above the chat, in answer to a tap: at most telegram::max_answer_text characters.
std::string not_yet(std::string_view what);
std::string old_button();
std::string too_many_commands(int calls, base::Duration per, base::Duration wait);
std::string too_many_taps(base::Duration wait);
std::string too_many_jobs(std::int64_t per_user);
std::string already_working(std::string_view kind);

std::string_view title(std::string_view kind);  // "Over Gols"

// A page of a job's result with the row that leads to its other pages, and the way back.
View page_of(const std::vector<View>& pages, std::size_t page, std::int64_t job);
telegram::Keyboard back_to_menu();

}  // namespace bot
