// The descriptor table of the collector file: the one place that knows its keys.
#include "config/collector_table.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <set>

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

Table<Authenticator> authenticator_table() {
  Table<Authenticator> table;
  using Kind = Authenticator::Type;
  table.key("type", &Authenticator::type,
            one_of<Kind>({{"bearer", Kind::bearer}, {"api_key", Kind::api_key}}), required(),
            "How the API recognises you.");
  table.key("optional", &Authenticator::optional, boolean(), defaults("false"),
            "true: run without credentials when their variable is not set.");
  table.key("token", &Authenticator::token, secret(), optional(),
            "bearer: sent as `Authorization: Bearer …`.");
  table.key("header", &Authenticator::header, text(), optional(), "api_key: the header that carries it.");
  table.key("parameter", &Authenticator::parameter, text(), optional(),
            "api_key: the URL parameter that carries it.");
  table.key("value", &Authenticator::value, secret(), optional(), "api_key: the key itself.");
  table.rule([](const Authenticator& it, const Node& node, Context& context) {
    const auto belongs = [&](std::string_view key, bool present, bool wanted) {
      if (present && !wanted)
        context.fault_at(node.nearest(key).mark, key, "has no meaning for this type",
                         "remove it, or change type");
      if (!present && wanted) context.fault_at(node.mark, key, "is missing", "this type needs it");
    };
    const bool bearer = it.type == Kind::bearer;
    belongs("token", !it.token.empty(), bearer);
    belongs("value", !it.value.empty(), !bearer);
    if (bearer) {
      belongs("header", !it.header.empty(), false);
      belongs("parameter", !it.parameter.empty(), false);
    } else if (it.header.empty() == it.parameter.empty()) {
      context.fault(node.mark, "an api_key travels in a header or in a parameter",
                    "give exactly one of header, parameter");
    }
  });
  return table;
}

Table<ErrorHandler> error_handler_table() {
  Table<ErrorHandler> table;
  table.key("backoff", &ErrorHandler::backoff, nested(backoff_table()), defaults("{}"),
            "Waiting between attempts.");
  return table;
}

Type<std::vector<std::pair<std::string, TextOrSecret>>> header_map() {
  auto map = map_of(text_or_secret(), "<header>");
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

Table<Requester> requester_table() {
  Table<Requester> table;
  table.key("url_base", &Requester::url_base, url(), required(),
            "Scheme and host, and what all paths share. Credentials go to this origin only.");
  table.key("path", &Requester::path, text(), optional(), "What follows the base.");
  table.key("allowed_hosts", &Requester::allowed_hosts, list_of(text()), optional(),
            "Other hosts a redirect may lead to; they get no credentials.");
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
  table.key("authenticator", &Requester::authenticator, maybe(nested(authenticator_table())), optional(),
            "Credentials.");
  table.key("error_handler", &Requester::error_handler, nested(error_handler_table()), defaults("{}"),
            "What to do about failures.");
  table.key("timeout", &Requester::timeout, duration(1s, 1h), defaults("30s"), "Of one attempt.");
  table.key("max_response_size", &Requester::max_response_size, size(1, std::uint64_t{2} << 30),
            defaults("64MiB"), "A larger answer, once unpacked, is refused.");
  using Conditional = Requester::Conditional;
  table.key("conditional", &Requester::conditional,
            one_of<Conditional>({{"auto", Conditional::automatic}, {"false", Conditional::off}}),
            defaults("auto"),
            "Whether to ask only for what has changed (ETag, If-Modified-Since). No effect yet: every run "
            "fetches all.");
  return table;
}

Table<Field> field_table() {
  Table<Field> table;
  table.key("path", &Field::path, maybe(path()), optional(), "Where the value stands in the record.");
  table.key("value", &Field::value, maybe(text()), optional(), "A constant instead of a path.");
  table.key("type", &Field::type,
            one_of<FieldType>({{"text", FieldType::text},
                               {"integer", FieldType::integer},
                               {"number", FieldType::number},
                               {"date", FieldType::date},
                               {"timestamp", FieldType::timestamp}}),
            defaults("text"),
            "integer: −2³¹ … 2³¹−1; number: exact decimal; date: YYYY-MM-DD; timestamp: ISO 8601 with its "
            "zone, stored in UTC.");
  table.key("required", &Field::required, boolean(), defaults("false"),
            "true: a record without it goes to quarantine.");
  table.key("max_length", &Field::max_length, integer(1, 1'000'000), optional(),
            "In characters; a longer text goes to quarantine.");
  table.rule([](const Field& field, const Node& node, Context& context) {
    if (field.path.has_value() == field.value.has_value())
      context.fault(node.mark, field.path ? "has both path and value" : "has neither path nor value",
                    "give exactly one of them");
    if (field.max_length > 0 && field.type != FieldType::text)
      context.fault_at(node.nearest("max_length").mark, "max_length", "is for texts only", "remove it");
  });
  return table;
}

// `column: path` for short, or a map.
Type<Field> field() {
  auto whole = nested(field_table());
  auto short_form = path();
  whole.info.name = "path, or map";
  whole.info.allowed = "write column: path, or column: {path: …, type: …}";
  auto read_whole = whole.read;
  whole.read = [read_whole, short_form](const Node& node, Context& context) -> std::optional<Field> {
    if (node.kind == Node::Kind::mapping) return read_whole(node, context);
    auto path = short_form.read(node, context);
    if (!path) return std::nullopt;
    Field field;
    field.path = std::move(*path);
    return field;
  };
  return whole;
}

// The ordered map <column> → field, each field knowing its column.
Type<std::vector<Field>> fields() {
  auto map = map_of(field(), "<column>");
  return {
      map.info, [read = map.read](const Node& node, Context& context) -> std::optional<std::vector<Field>> {
        const auto column = identifier();
        for (const Entry& entry : node.entries) {
          if (entry.key.starts_with('_'))
            context.fault_at(entry.mark, entry.key, "columns that begin with _ are kept for pulse",
                             "rename it");
          for (const Entry* other = node.entries.data(); other != &entry; ++other)
            if (strcasecmp(other->key.c_str(), entry.key.c_str()) == 0)
              context.fault_at(entry.mark, entry.key, fmt::format("is \"{}\" but for its case", other->key),
                               "databases take the two for one; rename it");
          context.below(entry.key, [&] {
            return column.read(Node(Node::Kind::scalar, entry.mark, entry.key), context);
          });
        }
        auto map_read = read(node, context);
        if (!map_read) return std::nullopt;
        std::vector<Field> list;
        for (auto& [name, field] : *map_read) {
          field.column = name;
          list.push_back(std::move(field));
        }
        return list;
      }};
}

Table<Destination> destination_table() {
  Table<Destination> table;
  table.key("table", &Destination::table, identifier(), required(), "Created if it does not exist.");
  using Disposition = Destination::WriteDisposition;
  table.key("write_disposition", &Destination::write_disposition,
            one_of<Disposition>({{"merge", Disposition::merge}}), defaults("merge"),
            "merge: insert what is new, update what has changed, by primary_key.");
  table.key("primary_key", &Destination::primary_key, list_of(identifier()), required(),
            "The columns that tell rows apart.");
  table.rule([](const Destination& destination, const Node& node, Context& context) {
    for (const std::string_view kept : {"pulse_", "sqlite_"})
      if (strncasecmp(destination.table.c_str(), kept.data(), kept.size()) == 0)
        context.fault_at(node.nearest("table").mark, "table",
                         fmt::format("tables that begin with {} are kept for the program", kept),
                         "rename it");
  });
  return table;
}

Table<RecordSelector> record_selector_table() {
  Table<RecordSelector> table;
  table.key("field_path", &RecordSelector::field_path, maybe(path()), optional(),
            "Where the list of records stands in the body.");
  return table;
}

Table<Decoder> decoder_table() {
  Table<Decoder> table;
  table.key("type", &Decoder::type, one_of<Decoder::Type>({{"json", Decoder::Type::json}}), defaults("json"),
            "The body's format.");
  return table;
}

void check_key_columns(const Collector& collector, const Node& node, Context& context) {
  const auto& key = collector.destination.primary_key;
  const Node& list = node.nearest("destination.primary_key");
  if (key.empty())
    context.fault_at(list.mark, "destination.primary_key", "is empty", "name at least one column");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto has_column = [&](const Field& field) { return field.column == key[i]; };
    const Mark mark = i < list.items.size() ? list.items[i].mark : list.mark;
    if (std::none_of(collector.fields.begin(), collector.fields.end(), has_column))
      context.fault_at(mark, "destination.primary_key",
                       fmt::format("\"{}\" is not one of the fields", key[i]),
                       "name a column that stands under fields");
    if (!seen.insert(key[i]).second)
      context.fault_at(mark, "destination.primary_key", fmt::format("\"{}\" stands twice", key[i]),
                       "remove one");
  }
}

}  // namespace

Table<Collector> collector_table() {
  Table<Collector> table;
  table.key("name", &Collector::name, name(), required(), "Unique among all collectors.");
  table.key("description", &Collector::description, text(), optional(), "For people.");
  table.key("labels", &Collector::labels, map_of(text(), "<label>"), optional(), "For grouping and routing.");
  table.key("timeout", &Collector::timeout, duration(1s, 24h), defaults("10m"),
            "Of a whole run, with all its retries.");
  table.key("requester", &Collector::requester, nested(requester_table()), required(),
            "What to ask, and whom.");
  table.key("decoder", &Collector::decoder, nested(decoder_table()), defaults("{}"),
            "How to read the answer.");
  table.key("record_selector", &Collector::record_selector, nested(record_selector_table()), defaults("{}"),
            "Where the records are.");
  table.key("fields", &Collector::fields, fields(), required(),
            "The columns, and where each finds its value.");
  table.key("destination", &Collector::destination, nested(destination_table()), required(),
            "Where rows go.");
  table.key("allow_empty", &Collector::allow_empty, boolean(), defaults("false"),
            "true: an answer without records is healthy.");
  table.key("max_bad_rows", &Collector::max_bad_rows, share(), defaults("1%"),
            "More rows than this in quarantine, and the batch is rejected as a whole.");
  table.rule([](const Collector& collector, const Node& node, Context& context) {
    if (collector.fields.empty())
      context.fault_at(node.nearest("fields").mark, "fields", "is empty", "name at least one column");
    check_key_columns(collector, node, context);
  });
  return table;
}

}  // namespace config
