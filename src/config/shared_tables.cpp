#include "config/shared_tables.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/schema.hpp"
#include "config/types.hpp"

namespace config {
namespace {

// Names are refused, except for one: what a name means may change after it was judged safe to listen on.
std::string fault_of_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return "has no port";
  const std::string_view port = text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) return "has no port from 0 to 65535";
  std::string host(text.substr(0, colon));
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  in6_addr ip{};  // large enough for both
  if (host.find('\0') != std::string::npos) return "is no numeric address";
  if (!is_bracketed && inet_pton(AF_INET6, host.c_str(), &ip) == 1)
    return "needs brackets around what stands before the port";
  if (is_bracketed ? inet_pton(AF_INET6, host.c_str(), &ip) == 1
                   : host == "localhost" || inet_pton(AF_INET, host.c_str(), &ip) == 1)
    return "";
  return "is no numeric address";
}

Type<std::string> host_name() {
  const std::string allowed = "write a host name without scheme and port: pulse.example.org";
  return {{"host name", allowed, nullptr, {}, pattern_schema("^[A-Za-z0-9._-]{1,253}$")},
          [allowed](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            const bool is_sound =
                !text->empty() && text->size() <= 253 && std::all_of(text->begin(), text->end(), [](char c) {
                  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         c == '.' || c == '-' || c == '_';
                });
            if (is_sound) return text;
            context.fault(node.mark, shown(node) + " is no host name", allowed);
            return std::nullopt;
          }};
}

}  // namespace

Type<std::string> listen_address(bool may_be_off) {
  const std::string allowed =
      std::string("write a numeric address and a port, 127.0.0.1:8787 or \"[::1]:8787\"") +
      (may_be_off ? "; or off, for no page at all" : "");
  const std::string_view address = R"((localhost|[0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5})";
  return {{may_be_off ? "address | off" : "address",
           allowed,
           nullptr,
           {},
           pattern_schema(may_be_off ? fmt::format("^(off|{})$", address) : fmt::format("^{}$", address))},
          [allowed, may_be_off](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = scalar(node, context, allowed);
            if (!text || (may_be_off && *text == "off")) return text;
            const std::string wrong = fault_of_listen_address(*text);
            if (wrong.empty()) return text;
            context.fault(node.mark, fmt::format("{} {}", shown(node), wrong), allowed);
            return std::nullopt;
          }};
}

Table<LogSettings> log_table(std::string files) {
  Table<LogSettings> table;
  table.key("directory", &LogSettings::directory, text(), defaults("var/log"), std::move(files));
  using F = LogFormat;
  table.key("format", &LogSettings::format, one_of<F>({{"text", F::text}, {"json", F::json}}),
            defaults("text"), "Of the files: lines to read, or one JSON object a line.");
  table.key("days", &LogSettings::days, integer(1, 3650), defaults("60"),
            "How many days before today are kept, packed with gzip.");
  table.key("disk_budget", &LogSettings::disk_budget, size(std::uint64_t{1} << 20, std::uint64_t{1} << 40),
            defaults("2GiB"),
            "If all logs together take more, the oldest days are deleted before their time.");
  using L = LogLevel;
  table.key("level", &LogSettings::level,
            one_of<L>({{"debug", L::debug},
                       {"info", L::info},
                       {"warning", L::warning},
                       {"error", L::error},
                       {"critical", L::critical}}),
            defaults("info"), "What is less is not written.");
  table.key("timezone", &LogSettings::timezone, text(), optional(),
            "Of the times in the log, as in America/Sao_Paulo; the system's if absent.");
  return table;
}

Table<HttpSettings> http_table() {
  Table<HttpSettings> table;
  table.key("rewrite", &HttpSettings::rewrite, map_of(text(), "<beginning>"), optional(),
            "Outgoing URLs that begin so get another beginning: mirrors, demos and tests. The rules on "
            "origins judge the URL before.");
  table.key("ca_file", &HttpSettings::ca_file, text(), optional(),
            "Certificates of the authorities to trust (PEM) instead of the system's.");
  table.rule([](const HttpSettings& http, const Node& node, Context& context) {
    for (const auto& [from, to] : http.rewrite)
      if (from.find("://") == std::string::npos || to.find("://") == std::string::npos)
        context.fault_at(node.nearest("rewrite").mark, "rewrite",
                         fmt::format("\"{}\" or what replaces it is not the beginning of a URL", from),
                         "write 'https://': 'http://127.0.0.1:8080/'");
  });
  return table;
}

Table<ListenSettings> listen_table(const std::string& default_address) {
  Table<ListenSettings> table;
  table.key("address", &ListenSettings::address, listen_address(true), defaults(default_address),
            "Numeric address and port; port 0 takes any free one, and off means no page at all. Beyond this "
            "machine only with `token` or `public`.");
  table.key("token", &ListenSettings::token, secret(), optional(),
            "What clients beyond this machine must send, `Authorization: Bearer …`; 16 characters or more.");
  table.key("public", &ListenSettings::is_public, boolean(), defaults("false"),
            "true: everybody who reaches the address may read, without a token.");
  table.key("name", &ListenSettings::name, host_name(), optional(),
            "The host name under which a reverse proxy on this machine passes requests on.");
  return table;
}

}  // namespace config
