// How PostgreSQL says what engines say differently. Pure.
#pragma once

#include <array>
#include <string_view>

#include "store/dialect.hpp"
#include "store/sql_text.hpp"

namespace store {

// An index lives in its table's schema, and CREATE INDEX takes no other word for it.
inline constexpr std::array postgres_words = {
    Word{"CREATE INDEX {pulse}", "CREATE INDEX "},
    Word{"CREATE UNIQUE INDEX {pulse}", "CREATE UNIQUE INDEX "},
    Word{"{pulse}", "pulse."},
    Word{"{timestamp}", "timestamptz"},
    Word{"{json}", "jsonb"},
    Word{"{bigint}", "bigint"},
    Word{"{now}", "statement_timestamp()"},
};

const Dialect& postgres_dialect();

// As the server keeps it: at most 63 bytes, cut between characters.
std::string_view clip_identifier(std::string_view name);

}  // namespace store
