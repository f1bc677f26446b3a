// The settings that all our programs have, and the order in which any of them is looked for: command line >
// environment (PULSE_LOGS__LEVEL, `__` = one level down) > .env beside the file > file > defaults. The files
// of a program NAME, the first that is there: --config, $NAME_CONFIG, ./NAME.yaml,
// $XDG_CONFIG_HOME/NAME/NAME.yaml, /etc/NAME/NAME.yaml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "config/fault.hpp"

namespace config {

enum class LogLevel { debug, info, warning, error, critical };
enum class LogFormat { text, json };

struct LogSettings {
  std::string directory;
  LogFormat format = LogFormat::text;
  std::int64_t days = 60;
  std::uint64_t disk_budget = 0;  // bytes
  LogLevel level = LogLevel::info;
  std::string timezone;  // IANA; empty = the system's
};

struct HttpSettings {
  std::vector<std::pair<std::string, std::string>> rewrite;
  std::string ca_file;
};

// Where the status page, its JSON and the metrics are. Whether an address is safe to listen on, and a token
// good enough, web::Guard says.
struct ListenSettings {
  std::string address;  // 127.0.0.1:8787, [::1]:0; or off
  base::Secret token;   // empty: none
  bool is_public = false;
  std::string name;  // under which a reverse proxy on this machine passes requests on; empty: none
  bool is_off() const { return address == "off"; }
};

struct SettingsQuery {
  std::optional<std::string> path;        // --config
  std::filesystem::path directory = ".";  // where ./NAME.yaml is looked for
  std::map<std::string, std::string> process_environment;
};

// One variable a line: NAME=value, `export ` may stand before it. UTF-8; a byte order mark is skipped.
//   A=some text # comment   without quotes: blanks around it are no part of it, " #" begins a comment
//   B='$x \n "y"'           in '…' every character is itself; there is no way to write a '
//   C="a \"b\" \\ \n"       in "…" these three are a quote, a backslash, a line break; any other \ is itself
// A value ends with its line. ${NAME} is not replaced. A name that stands twice: the last one counts.
// Anything else is a fault: a quote not closed, text behind the closing one.
std::map<std::string, std::string> parse_dotenv(std::string_view text, const std::string& file,
                                                Faults& faults);

}  // namespace config
