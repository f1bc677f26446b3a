#include "store/postgres_url.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>

namespace store {
namespace {

using base::Code;

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::string at(const std::vector<std::string>& list, std::size_t i) {
  if (list.size() == 1) return list[0];  // one port for all hosts
  return i < list.size() ? list[i] : std::string();
}

}  // namespace

std::string PostgresUrl::description() const {
  std::string text = "PostgreSQL ";
  for (const Host& host : hosts) {
    if (&host != &hosts.front()) text += ',';
    text += host.name.empty() ? host.address : host.name;
    if (!host.port.empty()) text += ":" + host.port;
  }
  return text + "/" + database;
}

base::Result<PostgresUrl> parse_postgres_url(const base::Secret& url) {
  const std::string_view text = url.reveal();
  if (!text.starts_with("postgresql://") && !text.starts_with("postgres://"))
    return base::error(Code::invalid_config, "a PostgreSQL URL begins with postgresql://");
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.reveal().c_str(), &complaint), PQconninfoFree);
  PQfreemem(complaint);  // it may quote the password
  if (!options || text.find('\0') != std::string_view::npos) {
    return base::error(Code::invalid_config,
                       "not a PostgreSQL URL: write postgresql://user:password@host:port/database, with "
                       "other characters than letters and digits percent-encoded in user and password, and "
                       "only libpq's own words after the question mark");
  }
  std::map<std::string_view, std::string> values;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) values[option->keyword] = option->val;
  const auto names = split(values["host"]), addresses = split(values["hostaddr"]),
             ports = split(values["port"]);
  PostgresUrl parsed;
  for (std::size_t i = 0; i < std::max(names.size(), addresses.size()); ++i) {
    parsed.hosts.push_back({.name = i < names.size() ? names[i] : "",
                            .address = i < addresses.size() ? addresses[i] : "",
                            .port = at(ports, i)});
  }
  parsed.database = values["dbname"];
  parsed.password = base::Secret(values["password"]);
  return parsed;
}

}  // namespace store
