#include "config/database_address.hpp"

#include <algorithm>
#include <string_view>

#include "config/schema.hpp"
#include "config/types.hpp"

namespace config {
namespace {

using Engine = DatabaseAddress::Engine;

constexpr std::string_view sqlite = "sqlite:";
constexpr const char* allowed =
    "write sqlite:PATH, or postgresql://USER:${PASSWORD}@HOST:PORT/DATABASE with the password in the "
    "environment";
constexpr const char* encode =
    "in user and password, write each character that is no letter or digit as its percent code: %40 for @, "
    "%2F "
    "for /, %3A for :";

// The parts that libpq reads (conninfo_uri_parse_options): the first @ ends the user information, unless a /
// stands before it.
struct UrlParts {
  std::string_view scheme, hosts, path;
};

UrlParts split(std::string_view url) {
  UrlParts parts;
  const std::size_t begin = url.find("://") + 3;
  parts.scheme = url.substr(0, begin);
  std::string_view rest = url.substr(begin);
  if (const std::size_t at = rest.find_first_of("@/"); at != std::string_view::npos && rest[at] == '@')
    rest.remove_prefix(at + 1);
  parts.hosts = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(parts.hosts.size());
  parts.path = rest.substr(0, rest.find('?'));
  return parts;
}

bool is_postgres(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

// "5432" in one:5432,[::1]:5432
bool has_sound_ports(std::string_view hosts) {
  while (!hosts.empty()) {
    std::string_view host = hosts.substr(0, hosts.find(','));
    hosts.remove_prefix(std::min(host.size() + 1, hosts.size()));
    if (host.starts_with('[')) host.remove_prefix(std::min(host.find(']'), host.size()));
    const std::size_t colon = host.find(':');
    const std::string_view port = colon == std::string_view::npos ? "" : host.substr(colon + 1);
    if (port.find_first_not_of("0123456789") != std::string_view::npos) return false;
  }
  return true;
}

// What is wrong, in words that show nothing of it. libpq would take the end of a password with @ or / for a
// host and name it in its complaint.
std::string fault_of(std::string_view url) {
  for (const unsigned char c : url)
    if (c <= ' ' || c == 0x7f) return "holds a blank or a control character";
  const UrlParts parts = split(url);
  if (parts.hosts.find('@') != std::string_view::npos || parts.path.find('@') != std::string_view::npos)
    return "holds an @ behind the one that ends the user and the password";
  if (!has_sound_ports(parts.hosts)) return "holds a port that is not a number";
  return "";
}

std::optional<DatabaseAddress> read(const Node& node, Context& context) {
  const auto text = scalar(node, context, allowed);
  if (!text) return std::nullopt;
  const auto refuse = [&](std::string message, std::string remedy) -> std::optional<DatabaseAddress> {
    context.fault(node.mark, std::move(message), std::move(remedy));
    return std::nullopt;
  };
  DatabaseAddress address{.engine = Engine::sqlite, .path = {}, .url = {}, .mark = node.mark};
  if (is_postgres(*text)) {
    if (std::string wrong = fault_of(*text); !wrong.empty()) return refuse(std::move(wrong), encode);
    address.engine = Engine::postgresql;
    address.url = base::Secret(*text);
    return address;
  }
  if (text->starts_with("sqlite::memory:"))
    return refuse("a database in memory is gone when the program ends", "write sqlite:PATH");
  if (!text->starts_with(sqlite) || text->size() == sqlite.size() || text->find('\0') != std::string::npos)
    return refuse("names no database this program knows", allowed);
  address.path = text->substr(sqlite.size());
  return address;
}

}  // namespace

std::string DatabaseAddress::description() const {
  if (engine == Engine::sqlite) return std::string(sqlite) + path.string();
  const UrlParts parts = split(url.reveal());
  return std::string(parts.scheme).append(parts.hosts).append(parts.path);
}

Type<DatabaseAddress> database_address() {
  return {{"database", allowed, nullptr, {}, pattern_schema("^(sqlite:.|postgres(ql)?://)")}, read};
}

}  // namespace config
