// What a program found out about its surroundings, one thing at a time, and what that means for its exit
// code. Pure.
//
//   print_text(finding_text({"store", Finding::State::unreachable, "no answer", "start the server"}, style));
#pragma once

#include <string>
#include <vector>

#include "program/console.hpp"

namespace program {

struct Finding {
  enum class State {
    fine,
    warning,      // works, but somebody should look
    wrong,        // a setting, a right, a missing secret: a person must mend it
    unreachable,  // it may come back by itself
  };
  std::string check;  // "settings", "store", "disk of the log" …
  State state = State::fine;
  std::string message;
  std::string remedy{};  // what to do; "" when all is fine
};

std::string_view to_string(Finding::State state);
// "❌ store — no answer; start the server", with the line's end.
std::string finding_text(const Finding& finding, const TextStyle& style);
std::string to_json(const std::vector<Finding>& findings);
// 78 something is wrong; 69 unreachable; 1 only warnings, and `strict`; else 0.
int exit_code(const std::vector<Finding>& findings, bool strict);

}  // namespace program
