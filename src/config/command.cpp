#include "config/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/schema.hpp"
#include "config/types.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view digits = "0123456789";

bool is_variable(std::string_view text) {  // POSIX, Base Definitions, 8.1
  return !text.empty() && text.size() <= 255 && letters.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(std::string(letters).append(digits)) == std::string_view::npos;
}

bool is_user(std::string_view text) {  // what useradd accepts, upper case and dots of directories included
  return !text.empty() && text.size() <= 32 && letters.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(std::string(letters).append(digits).append(".-")) == std::string_view::npos;
}

// A text that may become an argument, a path or the value of a variable: C's strings end at a null character.
std::optional<std::string> c_string(const Node& node, Context& context, const std::string& allowed) {
  auto text = scalar(node, context, allowed);
  if (!text) return std::nullopt;
  if (text->find('\0') != std::string::npos) {
    context.fault(node.mark, "holds a null character", "remove it");
    return std::nullopt;
  }
  if (text->size() > max_argument_length) {
    context.fault(node.mark, fmt::format("is longer than {} bytes", max_argument_length),
                  "let the command read it from a file");
    return std::nullopt;
  }
  return text;
}

Type<std::string> argument() {
  const std::string allowed = "write a text";
  return {{"text", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) { return c_string(node, context, allowed); }};
}

Type<std::string> filled() {
  const std::string allowed = "write a text that is not empty, or remove the key";
  return {{"text", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = c_string(node, context, allowed);
            if (text && text->find_first_not_of(" \t\r\n") == std::string::npos) {
              context.fault(node.mark, "is empty", allowed);
              return std::nullopt;
            }
            return text;
          }};
}

Type<std::string> matching(std::string name, bool (*is_one)(std::string_view), std::string allowed) {
  return {{name, allowed, nullptr, {}, scalar_schema},
          [name, is_one, allowed](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = scalar(node, context, allowed);
            if (!text || is_one(*text)) return text;
            context.fault(node.mark, fmt::format("{} is no {}", shown(node), name), allowed);
            return std::nullopt;
          }};
}

Type<std::string> variable() {
  return matching("variable name", is_variable, "write a NAME of letters, digits and _, without a $");
}

Type<VariableValue> variable_value() {
  const auto plain = argument();
  return {plain.info, [plain](const Node& node, Context& context) -> std::optional<VariableValue> {
            auto text = plain.read(node, context);
            if (!text) return std::nullopt;
            if (node.from_environment) return VariableValue{{}, base::Secret(std::move(*text))};
            return VariableValue{std::move(*text), {}};
          }};
}

Type<std::vector<std::pair<std::string, VariableValue>>> environment() {
  auto map = map_of(variable_value(), "<NAME>");
  map.read = [read = map.read](const Node& node, Context& context) {
    const auto name = variable();
    for (const Entry& entry : node.entries)
      context.below(entry.key, [&] {
        return name.read(Node(Node::Kind::scalar, entry.mark, entry.key), context).has_value();
      });
    return read(node, context);
  };
  return map;
}

Type<std::vector<std::pair<int, ExitMeaning>>> exit_codes() {
  auto map = map_of(one_of<ExitMeaning>({{"success", ExitMeaning::success},
                                         {"retry", ExitMeaning::retry},
                                         {"fail", ExitMeaning::fail},
                                         {"empty", ExitMeaning::empty}}),
                    "<code>");
  using Codes = std::vector<std::pair<int, ExitMeaning>>;
  return {map.info, [read = map.read](const Node& node, Context& context) -> std::optional<Codes> {
            const auto code = integer(0, 255);
            const auto meanings = read(node, context);
            Codes codes;
            for (std::size_t i = 0; i < node.entries.size(); ++i) {
              const Entry& entry = node.entries[i];
              context.below(entry.key, [&] {
                const auto value = code.read(Node(Node::Kind::scalar, entry.mark, entry.key), context);
                if (!value) return 0;
                const auto same = [&](const auto& other) { return other.first == *value; };
                if (std::any_of(codes.begin(), codes.end(), same))  // 075 and 75
                  context.fault(entry.mark, fmt::format("{} stands twice", *value), "remove one");
                codes.emplace_back(static_cast<int>(*value),
                                   meanings ? (*meanings)[i].second : ExitMeaning::fail);
                return 0;
              });
            }
            if (!meanings) return std::nullopt;
            std::sort(codes.begin(), codes.end());
            return codes;
          }};
}

void check_command(const Command& command, const Node& node, Context& context) {
  const Node* argv = node.find("argv");
  const bool has_shell = node.find("shell") != nullptr;
  if ((argv != nullptr) == has_shell)
    context.fault(node.mark, has_shell ? "has both argv and shell" : "has neither argv nor shell",
                  "give exactly one of them: argv: [program, argument], or shell: a line for /bin/sh");
  else if (argv != nullptr && (command.argv.empty() || command.argv.front().empty()))
    context.fault_at(argv->mark, "argv", "names no program", "write [program, argument, …]");
  else if (command.argv.size() > max_arguments)
    context.fault_at(argv->mark, "argv", fmt::format("has more than {} arguments", max_arguments),
                     "let the command read them from a file");
  std::set<std::string_view> names;
  for (const auto& [name, value] : command.environment) names.insert(name);
  for (std::size_t i = 0; i < command.secrets.size(); ++i)
    if (!names.insert(command.secrets[i]).second)
      context.fault_at(node.nearest(fmt::format("secrets[{}]", i)).mark, "secrets",
                       fmt::format("\"{}\" stands twice, here or under environment", command.secrets[i]),
                       "remove one");
}

}  // namespace

std::string_view to_string(ExitMeaning meaning) {
  switch (meaning) {
    case ExitMeaning::success: return "success";
    case ExitMeaning::retry: return "retry";
    case ExitMeaning::empty: return "empty";
    case ExitMeaning::fail: break;
  }
  return "fail";
}

ExitMeaning Command::meaning_of(int exit_code) const {
  for (const auto& [code, meaning] : exit_codes)
    if (code == exit_code) return meaning;
  constexpr int try_again = 75;  // sysexits.h: EX_TEMPFAIL
  return exit_code == 0           ? ExitMeaning::success
         : exit_code == try_again ? ExitMeaning::retry
                                  : ExitMeaning::fail;
}

Table<Command> command_table() {
  Table<Command> table;
  table.key("argv", &Command::argv, list_of(argument()), optional(),
            "The program and its arguments, as they are: no shell reads them.");
  table.key("shell", &Command::shell, filled(), optional(), "Instead of argv: a line for /bin/sh.");
  table.key("directory", &Command::directory, filled(), optional(),
            "Where it runs; without it, beside pulse.yaml.");
  table.key("environment", &Command::environment, environment(), optional(), "Variables to set.");
  table.key("secrets", &Command::secrets, list_of(variable()), optional(),
            "Variables with secrets that it may see; all others are kept from it.");
  table.key("stall_after", &Command::stall_after, maybe(duration(1s, 24h)), optional(),
            "Without output or progress for this long it is ended.");
  table.key("memory", &Command::memory, maybe(size(1 << 20, std::uint64_t{1} << 44)), optional(),
            "With all its children; above it is ended.");
  table.key("exit_codes", &Command::exit_codes, exit_codes(), optional(),
            "What exit codes mean, where it is not 0 = success, 75 = retry, others = fail.");
  table.key("user", &Command::user, matching("user name", is_user, "write a name as in /etc/passwd"),
            optional(), "Whom it runs as; only if pulse runs as root.");
  table.rule(check_command);
  return table;
}

}  // namespace config
