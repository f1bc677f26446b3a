// How SQLite says what engines say differently. Pure; the functions it calls (sqlite_functions.hpp) exist on
// every SqliteConnection.
#pragma once

#include <array>

#include "store/database.hpp"
#include "store/sql_text.hpp"

namespace store {

inline constexpr std::array sqlite_words = {
    Word{"{pulse}", "pulse_"},
    Word{"{timestamp}", "TEXT"},
    Word{"{json}", "TEXT"},
    Word{"{bigint}", "INTEGER"},
    // The form of base::to_iso8601, so that text order stays time order.
    Word{"{now}", "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')"},
};

const Dialect& sqlite_dialect();

}  // namespace store
