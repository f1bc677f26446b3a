#include "program/findings.hpp"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "program/columns.hpp"
#include "program/exit_code.hpp"

namespace program {
namespace {

using State = Finding::State;

constexpr std::size_t maximum_text = 600;  // columns

struct Look {
  std::string_view name, mark, word, colour;
};
constexpr std::array<Look, 4> looks{{{"ok", "✅", "[OK]", "\x1b[32m"},
                                     {"warning", "⚠", "[WARNING]", "\x1b[33m"},
                                     {"wrong", "❌", "[WRONG]", "\x1b[31m"},
                                     {"unreachable", "❌", "[UNREACHABLE]", "\x1b[31m"}}};

const Look& look(State state) { return looks[static_cast<std::size_t>(state)]; }

}  // namespace

std::string_view to_string(State state) { return look(state).name; }

std::string finding_text(const Finding& finding, const TextStyle& style) {
  const Look& it = look(finding.state);
  std::string text = finding.message;
  if (!finding.remedy.empty()) text += "; " + finding.remedy;
  const std::string check = printable(finding.check, style.unicode);
  const bool in_colour = style.colour && finding.state != State::fine;
  return fmt::format("{} {}{}{} {} {}\n", style.unicode ? it.mark : it.word, in_colour ? it.colour : "",
                     check, in_colour ? "\x1b[0m" : "", style.unicode ? "—" : "-",
                     cut(text, maximum_text, style.unicode));
}

std::string to_json(const std::vector<Finding>& findings) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const Finding& finding : findings)
    list.push_back({{"check", finding.check},
                    {"state", to_string(finding.state)},
                    {"message", finding.message},
                    {"remedy", finding.remedy.empty() ? Json() : Json(finding.remedy)}});
  // Texts may hold anything that came from outside: what is not UTF-8 is replaced, never thrown at the user.
  return list.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

int exit_code(const std::vector<Finding>& findings, bool strict) {
  const auto any = [&](State state) {
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.state == state; });
  };
  if (any(State::wrong)) return configuration;
  if (any(State::unreachable)) return unavailable;
  return any(State::warning) && strict ? unhealthy : ok;
}

}  // namespace program
