#include "store/postgres_error.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>

namespace store {
namespace {

using base::Code;

struct Meaning {
  std::string_view state;  // a whole SQLSTATE, or its class
  Code code;
  std::string_view advice = "";
};

// The first that fits counts.
constexpr std::array meanings = {
    Meaning{"08", Code::unavailable},
    Meaning{"0LP01", Code::permission},
    Meaning{"21", Code::internal},
    Meaning{"22", Code::invalid_data},
    Meaning{"23", Code::invalid_data},
    Meaning{"25006", Code::permission},  // on a standby it is not: PostgresConnection knows
    Meaning{"25P03", Code::unavailable},
    Meaning{"25P04", Code::timeout},
    Meaning{"28", Code::permission, "check the user and the password in the database's URL"},
    Meaning{"3D000", Code::invalid_config, "create the database, or correct the URL"},
    Meaning{"3F000", Code::invalid_config, "create the schema, or correct its name"},
    Meaning{"40002", Code::invalid_data},
    Meaning{"40003", Code::unavailable},
    Meaning{"40", Code::conflict},
    Meaning{"42501", Code::permission, "GRANT the right to this user"},
    Meaning{"44000", Code::invalid_data},
    Meaning{"53100", Code::no_space, "free space on the database server's disk"},
    Meaning{"53300", Code::unavailable, "make the pool smaller, or max_connections of the server larger"},
    Meaning{"53", Code::unavailable},
    Meaning{"54", Code::invalid_data},
    Meaning{"55006", Code::conflict},
    Meaning{"55P03", Code::conflict},
    Meaning{"57014", Code::timeout},  // or our own cancel: PostgresConnection knows
    Meaning{"57", Code::unavailable},
    Meaning{"58", Code::unavailable},
    Meaning{"P0", Code::invalid_data},  // raised by somebody's trigger
    Meaning{"XX001", Code::invalid_data, "the database is damaged: look into its server's log"},
    Meaning{"XX002", Code::invalid_data, "an index is damaged: REINDEX, and look into the server's log"},
    Meaning{"XX", Code::unavailable, "look into the database server's log"},
};

const Meaning* meaning_of(std::string_view state) {
  const auto found =
      std::ranges::find_if(meanings, [&](const Meaning& m) { return state.starts_with(m.state); });
  return found == meanings.end() ? nullptr : &*found;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

// "FATAL:  28P01: password …": the last one, as several hosts may have answered.
std::string_view sqlstate_in(std::string_view text) {
  for (std::size_t at = text.rfind(":  "); at != std::string_view::npos && at > 0;
       at = text.rfind(":  ", at - 1)) {
    const std::string_view state = text.substr(at + 3, 5);
    if (is_sqlstate(state) && text.substr(at + 8, 1) == ":") return state;
  }
  return "";
}

base::Error with_advice(Code code, std::string message, std::string_view state) {
  if (!state.empty()) message += fmt::format(" (SQLSTATE {})", state);
  if (const auto advice = advice_for_sqlstate(state); !advice.empty()) message += fmt::format("; {}", advice);
  return base::Error{code, std::move(message)};
}

}  // namespace

Code code_of_sqlstate(std::string_view state) {
  const Meaning* meaning = meaning_of(state);
  return meaning == nullptr ? Code::internal : meaning->code;
}

std::string_view advice_for_sqlstate(std::string_view state) {
  const Meaning* meaning = meaning_of(state);
  return meaning == nullptr ? "" : meaning->advice;
}

base::Error postgres_error(const pg_result* answer) {
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(answer, code);
    return std::string_view(text == nullptr ? "" : text);
  };
  const std::string_view state = field(PG_DIAG_SQLSTATE);
  if (state.empty())  // libpq's own words: the connection broke
    return base::Error{Code::unavailable, std::string(first_line(PQresultErrorMessage(answer)))};
  // A table changed under a statement prepared before: the next attempt prepares it again.
  const bool replan = state == "0A000" && field(PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
  return with_advice(replan ? Code::conflict : code_of_sqlstate(state),
                     std::string(first_line(field(PG_DIAG_MESSAGE_PRIMARY))), state);
}

base::Error connect_error(std::string_view text) {
  std::string message;
  const std::string state(sqlstate_in(text));
  for (std::size_t at = 0; at < text.size();) {
    std::string_view line = first_line(text.substr(at));
    at += line.size() + 1;
    line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
    // Where in the server's sources it stands helps nobody here.
    if (line.empty() || line.starts_with("LOCATION:")) continue;
    message += (message.empty() ? "" : "; ") + std::string(line);
  }
  if (message.empty()) message = "out of memory";
  if (state.empty()) return base::Error{Code::unavailable, std::move(message)};
  if (const auto at = message.find(state + ": "); at != std::string::npos) message.erase(at, 7);
  return with_advice(code_of_sqlstate(state), std::move(message), state);
}

}  // namespace store
