// Values as PostgreSQL writes them and reads them, in text format: what is given to a statement, what comes
// back by type, and the lines of COPY. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/database.hpp"

namespace store {

// integers, booleans (0, 1) → integer; floats → double (NaN: text); times in UTC → the form of
// base::to_iso8601(), without the Z where there is no zone; all others, and times before the year 1 or after
// 9999, as the server writes them.
Cell cell_of_postgres(std::string_view text, unsigned type_oid);

// Error{invalid_data}: a NUL byte, NaN. Not for NULL.
base::Result<std::string> postgres_text(const Param& param);

// One line of COPY … FROM STDIN. On an error `line` holds no more than before.
base::Result<void> append_copy_line(std::string& line, std::span<const Param> row);

}  // namespace store
