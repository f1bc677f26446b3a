// What a failure of PostgreSQL means for us. SQLSTATE: the classes of its manual, appendix A. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

struct pg_result;

namespace store {

base::Code code_of_sqlstate(std::string_view state);
std::string_view advice_for_sqlstate(std::string_view state);  // "; free space …", or ""

// The error of an answer: its first line and SQLSTATE. Details stay out: they hold values of rows.
base::Error postgres_error(const pg_result* answer);

// The failure of a connection, from libpq's text at verbose level: there is no other way to its SQLSTATE.
base::Error connect_error(std::string_view text);

}  // namespace store
