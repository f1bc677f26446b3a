#include "pulse/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "decode/value.hpp"
#include "http/url.hpp"
#include "pulse/explain_schedule.hpp"
#include "pulse/terminal.hpp"

namespace pulse {
namespace {

using config::BodyJson;
using config::Collector;
using config::Field;
using config::IncrementalSync;
using config::Paginator;
using config::PartitionRouter;
using config::Templated;

constexpr std::size_t longest = 200;          // bytes of a value that is shown
constexpr std::int64_t many = 1'000'000'000;  // partitions; more are not counted

// The lines, each with what it is about in a column of its own.
class Lines {
 public:
  void add(std::string_view label, std::string_view text) {
    text_ += fmt::format("  {:<12}{}\n", label, base::escape_control(text));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string shown(const Templated& value) {
  return value.is_secret() ? "(from the environment)" : base::shorten(value.source(), longest);
}

std::string shown(const BodyJson& body) {
  std::string text;
  if (body.kind == BodyJson::Kind::scalar)
    return body.scalar.is_secret() || !body.text ? shown(body.scalar) : '"' + shown(body.scalar) + '"';
  for (const BodyJson& item : body.items) text += (text.empty() ? "" : ", ") + shown(item);
  for (const auto& [key, value] : body.entries)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", key, shown(value));
  return body.kind == BodyJson::Kind::list ? '[' + text + ']' : '{' + text + '}';
}

// People must be able to read the address, but for what may be credentials in it.
std::string address(const config::Requester& requester) {
  const std::string& base = requester.url_base.source();
  const std::string path = requester.path.is_secret() ? "(from the environment)" : requester.path.source();
  if (requester.url_base.is_secret() && base.find('?') != std::string::npos)
    return base::redact_urls(http::build_url(base.substr(0, base.find('?')), path, {})) + "?***";
  return base::redact_urls(http::build_url(base, path, {}));
}

void add_authenticator(const config::Authenticator& it, Lines& lines) {
  using Kind = config::Authenticator::Type;
  std::string text;
  switch (it.type) {
    case Kind::bearer: text = "a token in the header Authorization"; break;
    case Kind::basic: text = "user name and password in the header Authorization"; break;
    case Kind::api_key:
      text =
          it.header.empty() ? "a key in the parameter " + it.parameter : "a key in the header " + it.header;
      break;
    case Kind::oauth2: text = "a token from " + base::redact_urls(it.token_url); break;
  }
  lines.add("credentials", text + (it.optional ? " (it also runs without)" : ""));
}

std::string_view name_of(config::ResponseFilter::Action action) {
  using Action = config::ResponseFilter::Action;
  switch (action) {
    case Action::success: return "SUCCESS";
    case Action::retry: return "RETRY";
    case Action::fail: return "FAIL";
    case Action::ignore: return "IGNORE";
    case Action::rate_limited: return "RATE_LIMITED";
    case Action::reset_pagination: return "RESET_PAGINATION";
  }
  return "FAIL";
}

void add_response_filters(const std::vector<config::ResponseFilter>& filters, Lines& lines) {
  if (filters.empty()) return;
  std::string actions;
  for (const config::ResponseFilter& it : filters) {
    actions += actions.empty() ? "" : ", ";
    actions += name_of(it.action);
  }
  lines.add("filters", fmt::format("{} response_filters: {}", filters.size(), actions));
}

void add_request(const config::Requester& requester, Lines& lines) {
  lines.add("request", fmt::format("{} {}", to_string(requester.http_method), address(requester)));
  for (const auto& [name, values] : requester.request_parameters)
    for (const Templated& value : values) lines.add("parameter", fmt::format("{} = {}", name, shown(value)));
  for (const auto& [name, value] : requester.request_headers)
    lines.add("header", fmt::format("{}: {}", name, shown(value)));
  if (requester.request_body_json)
    lines.add("body", base::shorten(shown(*requester.request_body_json), 5 * longest));
  if (requester.request_body_data) lines.add("body", shown(*requester.request_body_data));
  for (const auto& [name, values] : requester.request_body_form)
    for (const Templated& value : values) lines.add("form field", fmt::format("{} = {}", name, shown(value)));
  if (requester.authenticator) add_authenticator(*requester.authenticator, lines);
  add_response_filters(requester.error_handler.response_filters, lines);
}

// nullopt: known only when it runs.
std::optional<std::int64_t> partitions(const PartitionRouter& router) {
  using Kind = PartitionRouter::Type;
  const auto values = [&] { return static_cast<std::int64_t>(router.values->root.items().size()); };
  switch (router.type) {
    case Kind::list: return values();
    case Kind::chunk: return (values() + router.size - 1) / router.size;
    case Kind::table:
    case Kind::substream: return std::nullopt;
    case Kind::product: break;
  }
  std::int64_t count = 1;
  for (const PartitionRouter& part : router.of) {
    const auto factor = partitions(part);
    if (!factor) return std::nullopt;
    count = *factor == 0 || count <= many / *factor ? count * *factor : many;
  }
  return count;
}

std::string source_of(const PartitionRouter& router) {
  using Kind = PartitionRouter::Type;
  switch (router.type) {
    case Kind::list: return fmt::format("{} of a list", router.as);
    case Kind::chunk: return fmt::format("{}, up to {} values at once", router.as, router.size);
    case Kind::table: return fmt::format("{}, one for each row of: {}", router.as, router.query);
    case Kind::substream:
      return fmt::format("{}, one for each record of {}", router.as, address(router.parent->requester));
    case Kind::product: break;
  }
  std::string text;
  for (const PartitionRouter& part : router.of) text += (text.empty() ? "" : " × ") + source_of(part);
  return text;
}

void add_partitions(const PartitionRouter& router, Lines& lines) {
  const auto count = partitions(router);
  lines.add("partitions", count ? fmt::format("{}{}: {}", grouped(*count), *count == many ? " or more" : "",
                                              source_of(router))
                                : source_of(router));
}

void add_windows(const IncrementalSync& sync, Lines& lines) {
  lines.add("new records", "by " + sync.cursor_field.text());
  if (!sync.is_time()) return;
  std::string text = fmt::format("from {} to {}", sync.start ? shown(*sync.start) : "the beginning",
                                 sync.end ? shown(*sync.end) : "now");
  text += sync.step ? fmt::format(", in steps of {}", base::format_duration(*sync.step)) : ", in one step";
  if (sync.lookback_window.count() > 0)
    text += fmt::format("; each run looks back {}", base::format_duration(sync.lookback_window));
  lines.add("windows", text + "; later runs begin where the last one ended");
}

std::string pages_of(const Paginator& it) {
  using Kind = Paginator::Type;
  const std::string size = it.page_size > 0 ? fmt::format(", {} records each", it.page_size) : "";
  switch (it.type) {
    case Kind::none: return {};
    case Kind::page:
      return fmt::format("{} = {}, {} …{}", it.page_parameter, it.start_page, it.start_page + 1, size);
    case Kind::offset:
      return fmt::format("{} = 0, {} …", it.offset_parameter + it.offset_body_path, it.limit);
    case Kind::cursor:
      return fmt::format("{} of the body goes to {}{}", it.cursor_path->text(),
                         it.cursor_parameter + it.cursor_header + it.cursor_body_path, size);
    case Kind::next_url: return "the next address is " + it.path->text();
    case Kind::link_header: return fmt::format("the next address is in the header Link, rel={}", it.rel);
    case Kind::has_more:
      return fmt::format("{} = {}, {} … while {}{}", it.page_parameter, it.start_page, it.start_page + 1,
                         it.path->text(), size);
    case Kind::oai: return "by resumption token";
    case Kind::graphql:
      return fmt::format("{} goes to the variable {} while {}", it.cursor_path->text(), it.variable,
                         it.has_next_path->text());
    case Kind::body_page:
      return fmt::format("{} in the body = {}, {} …{}", it.page_body_path, it.start_page, it.start_page + 1,
                         size);
  }
  return {};
}

void add_pages(const Paginator& it, Lines& lines) {
  if (it.total_path) lines.add("total", "as many records as " + it.total_path->text() + " says");
  if (it.type == Paginator::Type::none) return;
  std::string text = fmt::format("{}; at most {}", pages_of(it), grouped(it.max_pages));
  if (it.max_records) text += fmt::format(", enough with {} records", grouped(*it.max_records));
  lines.add("pages", text);
}

std::string_view name_of(config::Decoder::Type type) {
  using Kind = config::Decoder::Type;
  switch (type) {
    case Kind::automatic: return "as its content type says, else JSON";
    case Kind::json: return "JSON";
    case Kind::jsonl: return "JSON Lines";
    case Kind::csv: return "CSV";
    case Kind::xml: return "XML";
    case Kind::feed: return "a feed, RSS or Atom";
    case Kind::jsonstat: return "JSON-stat";
    case Kind::oai: return "OAI-PMH";
  }
  return "JSON";
}

void add_records(const Collector& collector, Lines& lines) {
  const config::RecordSelector& selector = collector.record_selector;
  lines.add("answer", name_of(collector.decoder.type));
  std::string text = selector.field_path ? selector.field_path->text() : "the whole answer";
  using Flatten = config::RecordSelector::Flatten;
  if (selector.header_row) text += ", the first one names the columns";
  if (selector.flatten == Flatten::object_entries) text += ", one for each key of the map";
  if (selector.flatten == Flatten::name_value) text += ", name and value pairs made a map";
  if (const auto& filter = selector.record_filter)
    text += ", only where " + (filter->expression ? filter->expression->text() : filter->text->text());
  lines.add("records", text);
}

std::string type_of(const Field& field) {
  if (field.is_varchar) return fmt::format("varchar({})", field.max_length);
  if (field.precision > 0) return fmt::format("number({},{})", field.precision, field.scale);
  return std::string(to_string(field.type));
}

std::string_view name_of(Field::Lookup lookup) {
  switch (lookup) {
    case Field::Lookup::none: return "";
    case Field::Lookup::country_iso2: return "country_iso2";
    case Field::Lookup::country_iso3: return "country_iso3";
    case Field::Lookup::country_name: return "country_name";
  }
  return "";
}

// How its values are read, where the file says so.
std::string reading_of(const Field& field) {
  std::vector<std::string> parts;
  if (field.required) parts.push_back("required");
  if (field.lookup != Field::Lookup::none) parts.push_back(fmt::format("lookup {}", name_of(field.lookup)));
  if (!field.formats.empty()) parts.push_back("formats " + base::join(field.formats, " or "));
  if (!field.timezone.empty()) parts.push_back("timezone " + field.timezone);
  if (field.decimal_comma) parts.push_back("decimal comma");
  return parts.empty() ? "" : " (" + base::join(parts, ", ") + ')';
}

void add_columns(const std::vector<Field>& fields, Lines& lines) {
  std::size_t width = 0, type_width = 0;
  for (const Field& field : fields) {
    width = std::max(width, field.column.size());
    type_width = std::max(type_width, type_of(field).size());
  }
  std::string_view label = "columns";
  for (const Field& field : fields) {
    const std::string from = field.path ? field.path->text() : "= " + shown(*field.value);
    lines.add(label, fmt::format("{:<{}}  {:<{}}  {}{}", field.column, width, type_of(field), type_width,
                                 from, reading_of(field)));
    label = "";
  }
}

void add_destination(const config::Destination& it, Lines& lines) {
  using Disposition = config::Destination::WriteDisposition;
  const std::string key = base::join(it.primary_key, ", ");
  std::string text = fmt::format("the table {}{}{}", it.schema, it.schema.empty() ? "" : ".", it.table);
  text += it.database == "store" ? ": " : fmt::format(" in the database {}: ", it.database);
  if (it.write_disposition == Disposition::replace)
    text += "replaced by what the run found";
  else if (it.write_disposition == Disposition::merge)
    text += fmt::format("rows are inserted, or updated by ({})", key);
  else
    text += key.empty() ? "rows are added" : fmt::format("rows are added whose ({}) is not there yet", key);
  lines.add("destination", text);
}

}  // namespace

std::string explain(const Collector& collector, base::WallTime now) {
  Lines lines;
  for (const auto& [label, text] : explain_schedule(collector, now)) lines.add(label, text);
  add_request(collector.requester, lines);
  if (collector.partition_router) add_partitions(*collector.partition_router, lines);
  if (collector.incremental_sync) add_windows(*collector.incremental_sync, lines);
  add_pages(collector.paginator, lines);
  add_records(collector, lines);
  add_columns(collector.fields, lines);
  add_destination(collector.destination, lines);
  if (!collector.variables.empty()) lines.add("environment", base::join(collector.variables, ", "));
  return fmt::format("{}{}{}\n{}", collector.name, collector.description.empty() ? "" : ": ",
                     base::escape_control(collector.description), lines.take());
}

}  // namespace pulse
