// The keys under `requester`: what to ask, whom, with which credentials, and what to do about failures.
#include <fmt/format.h>

#include <algorithm>

#include "base/decimal.hpp"
#include "config/tables.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

Table<RetryBackoff> backoff_table() {
  Table<RetryBackoff> table;
  table.key("type", &RetryBackoff::type,
            one_of<RetryBackoff::Type>({{"exponential", RetryBackoff::Type::exponential}}),
            defaults("exponential"), "How delays grow: base · 2ⁿ.");
  table.key("base", &RetryBackoff::base, duration(1s, 1h), defaults("2s"), "The first delay.");
  table.key("cap", &RetryBackoff::cap, duration(1s, 24h), defaults("32s"), "No delay is longer.");
  table.key("max_attempts", &RetryBackoff::max_attempts, integer(1, 20), defaults("6"),
            "Attempts in all, the first one included.");
  using resilience::Jitter;
  table.key("jitter", &RetryBackoff::jitter,
            one_of<Jitter>({{"none", Jitter::none},
                            {"full", Jitter::full},
                            {"equal", Jitter::equal},
                            {"decorrelated", Jitter::decorrelated}}),
            defaults("equal"),
            "Chance in a delay, so that many clients do not come back at once; equal = 50–100 % of it.");
  table.rule([](const RetryBackoff& backoff, const Node& node, Context& context) {
    if (backoff.cap < backoff.base)
      context.fault_at(node.nearest("cap").mark, "cap", "is shorter than base", "make it at least as long");
  });
  return table;
}

void check_authenticator(const Authenticator& it, const Node& node, Context& context) {
  using Kind = Authenticator::Type;
  static const std::vector<TypeKeys> types{
      {"bearer", {"token"}, {}},
      {"basic", {"username"}, {"password"}},
      {"api_key", {"value"}, {"header", "parameter"}},
      {"oauth2",
       {"token_url", "client_id"},
       {"grant", "client_secret", "scope", "refresh_token", "username", "password"}}};
  check_type_keys(node, context, node.find("type")->text, types, {"type", "optional"});
  if (it.type == Kind::api_key && it.header.empty() == it.parameter.empty())
    context.fault(node.mark, "an api_key travels in a header or in a parameter",
                  "give exactly one of header, parameter");
  const bool password = it.grant == Authenticator::Grant::password;
  if (it.type == Kind::oauth2 && password && (it.username.empty() || it.password.empty()))
    context.fault(node.mark, "the grant password needs a user", "give username and password");
  if (it.type == Kind::oauth2 && !password && !it.username.empty())
    context.fault_at(node.nearest("username").mark, "username", "has no meaning for this grant",
                     "remove it, or write grant: password");
}

Table<Authenticator> authenticator_table() {
  Table<Authenticator> table;
  using Kind = Authenticator::Type;
  using Grant = Authenticator::Grant;
  table.key("type", &Authenticator::type,
            one_of<Kind>({{"bearer", Kind::bearer},
                          {"basic", Kind::basic},
                          {"api_key", Kind::api_key},
                          {"oauth2", Kind::oauth2}}),
            required(), "How the API recognises you.");
  table.key("optional", &Authenticator::optional, boolean(), defaults("false"),
            "true: run without credentials when their variable is not set.");
  table.key("token", &Authenticator::token, secret(), optional(),
            "bearer: sent as `Authorization: Bearer …`.");
  table.key("username", &Authenticator::username, secret(), optional(),
            "basic; oauth2 with grant password: the user's name.");
  table.key("password", &Authenticator::password, secret(), optional(), "The user's password.");
  table.key("header", &Authenticator::header, text(), optional(), "api_key: the header that carries it.");
  table.key("parameter", &Authenticator::parameter, text(), optional(),
            "api_key: the URL parameter that carries it.");
  table.key("value", &Authenticator::value, secret(), optional(), "api_key: the key itself.");
  table.key("grant", &Authenticator::grant,
            one_of<Grant>({{"client_credentials", Grant::client_credentials}, {"password", Grant::password}}),
            defaults("client_credentials"), "oauth2: how the token is obtained (RFC 6749).");
  table.key("token_url", &Authenticator::token_url, url(), optional(),
            "oauth2: where tokens are given out. Client credentials go there and nowhere else.");
  table.key("client_id", &Authenticator::client_id, secret(), optional(), "oauth2.");
  table.key("client_secret", &Authenticator::client_secret, secret(), optional(), "oauth2.");
  table.key("scope", &Authenticator::scope, text(), optional(), "oauth2: what the token is for.");
  table.key("refresh_token", &Authenticator::refresh_token, secret(), optional(),
            "oauth2: used before the grant, as long as it is taken.");
  table.rule(check_authenticator);
  return table;
}

Table<ResponseFilter> response_filter_table() {
  using Action = ResponseFilter::Action;
  using base::Code;
  Table<ResponseFilter> table;
  table.key("http_codes", &ResponseFilter::http_codes, list_of(integer(100, 599)), optional(),
            "Of answers with one of these.");
  table.key("error_message_contains", &ResponseFilter::error_message_contains, text(), optional(),
            "Whose body holds this text, in any case.");
  table.key("predicate", &ResponseFilter::predicate, maybe(expression()), optional(),
            "On whose body this is true.");
  table.key("action", &ResponseFilter::action,
            one_of<Action>({{"SUCCESS", Action::success},
                            {"RETRY", Action::retry},
                            {"FAIL", Action::fail},
                            {"IGNORE", Action::ignore},
                            {"RATE_LIMITED", Action::rate_limited},
                            {"RESET_PAGINATION", Action::reset_pagination}}),
            required(),
            "SUCCESS: read it. IGNORE: it counts, and holds no records. RETRY, FAIL. RATE_LIMITED: retried, "
            "and the run ends as rate_limited. RESET_PAGINATION: begin again with the first page.");
  table.key("failure_type", &ResponseFilter::failure_type,
            maybe(one_of<Code>({{"transient", Code::unavailable},
                                {"credentials", Code::permission},
                                {"endpoint_gone", Code::endpoint_gone},
                                {"configuration", Code::invalid_config},
                                {"data", Code::invalid_data}})),
            optional(), "FAIL, RETRY: what the failure is called, and who is told.");
  table.key("error_message", &ResponseFilter::error_message, text(), optional(), "For people.");
  table.rule([](const ResponseFilter& filter, const Node& node, Context& context) {
    if (filter.http_codes.empty() && filter.error_message_contains.empty() && !filter.predicate)
      context.fault(node.mark, "fits every answer", "give http_codes, error_message_contains or predicate");
  });
  return table;
}

Table<ErrorHandler> error_handler_table() {
  Table<ErrorHandler> table;
  table.key("response_filters", &ErrorHandler::response_filters, list_of(nested(response_filter_table())),
            optional(),
            "What answers mean, where the status alone does not say it; the first that fits counts.");
  table.key("backoff", &ErrorHandler::backoff, nested(backoff_table()), defaults("{}"),
            "Waiting between attempts.");
  table.key("max_retry_after", &ErrorHandler::max_retry_after, duration(1s, 30 * 24h), defaults("24h"),
            "A longer wait asked for by the server is not waited for.");
  return table;
}

Type<std::vector<std::pair<std::string, Templated>>> header_map() {
  auto map = map_of(templated_line(), "<header>");
  map.info.schema.insert(1, R"("propertyNames": {"pattern": "^[^ \\t\\r\\n:()<>@,;\\\\\"/\\[\\]?={}]+$"}, )");
  auto read = map.read;
  map.read = [read](const Node& node, Context& context) {
    for (const Entry& entry : node.entries)
      if (entry.key.empty() || entry.key.find_first_of(" \t\r\n:()<>@,;\\\"/[]?={}") != std::string::npos)
        context.fault_at(entry.mark, entry.key, "is not the name of a header",
                         "letters, digits and hyphens, as in Accept-Language");
    return read(node, context);
  };
  return map;
}

std::optional<BodyJson> read_body(const Node& node, Context& context) {
  BodyJson body;
  bool sound = true;
  if (node.kind == Node::Kind::null) {
    body.scalar.text = *expr::Template::parse("null", {});
    return body;
  }
  if (node.kind == Node::Kind::scalar) {
    auto scalar = templated().read(node, context);
    if (!scalar) return std::nullopt;
    body.scalar = std::move(*scalar);
    body.text = node.quoted || node.from_environment;
    return body;
  }
  const auto add = [&](std::string_view name, const Node& below) {
    return context.below(name, [&] {
      auto part = read_body(below, context);
      sound = sound && part.has_value();
      return part ? std::move(*part) : BodyJson{};
    });
  };
  body.kind = node.kind == Node::Kind::sequence ? BodyJson::Kind::list : BodyJson::Kind::map;
  for (std::size_t i = 0; i < node.items.size(); ++i)
    body.items.push_back(add("[" + std::to_string(i) + "]", node.items[i]));
  for (const Entry& entry : node.entries) body.entries.emplace_back(entry.key, add(entry.key, entry.value));
  return sound ? std::optional(std::move(body)) : std::nullopt;
}

Type<BodyJson> body_json() {
  return {{"JSON T", "write the body as YAML; {{ … }} may stand in its scalars", nullptr, {}, "{}"},
          read_body};
}

// A constant must be an address now; one with a template in it can be judged only when it is rendered.
Type<Templated> url_base() {
  const auto constant = url();
  TypeInfo info = constant.info;
  info.schema = pattern_schema(R"(^https?://[^/?#\s][^\s]*$|\{\{)");
  return {info, [constant](const Node& node, Context& context) -> std::optional<Templated> {
            if (node.from_environment || node.text.find("{{") == std::string::npos)
              if (!constant.read(node, context)) return std::nullopt;
            return templated().read(node, context);
          }};
}

void check_requester(const Requester& it, const Node& node, Context& context) {
  const int bodies = (it.request_body_json ? 1 : 0) + (it.request_body_data ? 1 : 0) +
                     (it.request_body_form.empty() ? 0 : 1);
  if (bodies > 1)
    context.fault(node.mark, "has more than one body",
                  "give one of request_body_json, request_body_data, request_body_form");
  if (bodies > 0 && it.http_method == HttpMethod::get)
    context.fault_at(node.nearest("http_method").mark, "http_method", "a GET carries no body",
                     "write http_method: POST");
}

}  // namespace

Table<Requester> requester_table() {
  Table<Requester> table;
  table.key("url_base", &Requester::url_base, url_base(), required(),
            "Scheme and host, and what all paths share. Credentials go to this origin only.");
  table.key("path", &Requester::path, templated_line(), defaults("''"), "What follows the base.");
  table.key("allowed_hosts", &Requester::allowed_hosts, list_of(text()), optional(),
            "Other hosts a redirect or a next page may lead to; they get no credentials.");
  table.key(
      "http_method", &Requester::http_method,
      one_of<HttpMethod>({{"GET", HttpMethod::get}, {"POST", HttpMethod::post}, {"PUT", HttpMethod::put}}),
      defaults("GET"), "The method.");
  table.key("idempotent", &Requester::idempotent, boolean(), defaults("false"),
            "true: a POST or PUT may be repeated although its fate is unknown. GET always may.");
  table.key("request_parameters", &Requester::request_parameters, map_of(one_or_many(), "<parameter>"),
            optional(), "URL parameters; a list repeats the parameter.");
  table.key("request_headers", &Requester::request_headers, header_map(), optional(),
            "Headers; ${NAME} is replaced from the environment.");
  table.key("request_body_json", &Requester::request_body_json, maybe(body_json()), optional(),
            "The body as JSON, written in YAML: 5 is a number, \"5\" a text.");
  table.key("request_body_data", &Requester::request_body_data, maybe(templated()), optional(),
            "The body as it is sent.");
  table.key("request_body_form", &Requester::request_body_form, map_of(one_or_many(), "<field>"), optional(),
            "The body as a web form (application/x-www-form-urlencoded).");
  table.key("authenticator", &Requester::authenticator, maybe(nested(authenticator_table())), optional(),
            "Credentials.");
  table.key("error_handler", &Requester::error_handler, nested(error_handler_table()), defaults("{}"),
            "What to do about failures.");
  table.key("timeout", &Requester::timeout, duration(1s, 1h), defaults("30s"), "Of one attempt.");
  table.key("http2", &Requester::http2, boolean(), defaults("false"),
            "true: HTTP/2 where the server speaks it.");
  table.key("max_response_size", &Requester::max_response_size, size(1, std::uint64_t{2} << 30),
            defaults("64MiB"), "A larger answer, once unpacked, is refused.");
  using Conditional = Requester::Conditional;
  table.key("conditional", &Requester::conditional,
            one_of<Conditional>({{"auto", Conditional::automatic}, {"false", Conditional::off}}),
            defaults("auto"),
            "Whether to leave alone what is committed already: asking only for what has changed (ETag, "
            "Last-Modified), and telling the same answer again by its content.");
  table.rule(check_requester);
  return table;
}

}  // namespace config
