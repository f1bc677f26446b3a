// partition_router, incremental_sync, paginator: how a collector's work is cut into requests.
#include <fmt/format.h>

#include <algorithm>

#include "config/tables.hpp"
#include "decode/json.hpp"
#include "expr/template_time.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_partitions = 100'000;  // of one collector file

Type<std::shared_ptr<const decode::Document>> values() {
  using Values = std::shared_ptr<const decode::Document>;
  const std::string allowed = "write [a, b], or one \"- {code: a, name: b}\" a line";
  return {
      {"list of texts or maps",
       allowed,
       nullptr,
       {},
       R"({"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean", "object"]}})"},
      [allowed](const Node& node, Context& context) -> std::optional<Values> {
        if (node.kind != Node::Kind::sequence || node.items.empty()) {
          context.fault(node.mark, node.items.empty() ? "is empty" : "is not a list", allowed);
          return std::nullopt;
        }
        for (std::size_t i = 0; i < node.items.size(); ++i) {
          const Node& item = node.items[i];
          if (has_missing(item)) {
            scalar(item, context, allowed);
            return std::nullopt;
          }
          if (item.kind == Node::Kind::scalar || item.kind == Node::Kind::mapping) continue;
          context.fault_at(item.mark, fmt::format("[{}]", i), "is neither a value nor a map", allowed);
          return std::nullopt;
        }
        auto document = decode::decode_json(to_json(node));
        if (document) return std::make_shared<const decode::Document>(std::move(*document));
        context.fault(node.mark, document.error().message, allowed);
        return std::nullopt;
      }};
}

Table<ParentRequest> parent_table() {
  Table<ParentRequest> table;
  table.key("requester", &ParentRequest::requester, nested(requester_table()), required(),
            "As of a collector.");
  table.key("paginator", &ParentRequest::paginator, nested(paginator_table()), defaults("{}"),
            "As of a collector.");
  table.key("decoder", &ParentRequest::decoder, nested(decoder_table()), defaults("{}"),
            "As of a collector.");
  table.key("record_selector", &ParentRequest::record_selector, nested(record_selector_table()),
            defaults("{}"), "As of a collector.");
  return table;
}

constexpr const char* parent_schema = R"({"type": "object", "properties": {
  "requester": {"$ref": "#/properties/requester"}, "paginator": {"$ref": "#/properties/paginator"},
  "decoder": {"$ref": "#/properties/decoder"}, "record_selector": {"$ref": "#/properties/record_selector"}},
  "required": ["requester"], "additionalProperties": false})";

// The parent's own requests know nothing of partitions and windows.
Type<std::shared_ptr<const ParentRequest>> parent() {
  using Parent = std::shared_ptr<const ParentRequest>;
  const auto whole = nested(parent_table());
  return {{"map",
           "write requester, paginator, decoder, record_selector, as in a collector",
           nullptr,
           {},
           parent_schema},
          [whole](const Node& node, Context& context) -> std::optional<Parent> {
            const auto scope = std::exchange(context.scope(), {});
            auto read = whole.read(node, context);
            context.scope() = scope;
            return read ? std::optional<Parent>(std::make_shared<const ParentRequest>(std::move(*read)))
                        : std::nullopt;
          }};
}

using Router = PartitionRouter::Type;

Type<std::vector<PartitionRouter>> routers() {
  return {{"list of routers",
           "write one \"- {type: list, values: […], as: name}\" a line",
           nullptr,
           {},
           R"({"type": "array", "minItems": 2, "items": {"$ref": "#/properties/partition_router"}})"},
          [](const Node& node, Context& context) { return list_of(partition_router()).read(node, context); }};
}

void check_router(const PartitionRouter& it, const Node& node, Context& context) {
  static const std::vector<TypeKeys> types{{"list", {"values", "as"}, {}},
                                           {"product", {"of"}, {}},
                                           {"chunk", {"values", "size", "as"}, {"join"}},
                                           {"table", {"query", "as"}, {}},
                                           {"substream", {"parent", "as"}, {"path"}}};
  check_type_keys(node, context, node.find("type")->text, types, {"type"});
  if (it.type == Router::product && it.of.size() < 2)
    context.fault_at(node.nearest("of").mark, "of", "is a product of one", "list two routers or more");
  if (it.type == Router::chunk && it.values)
    for (const decode::Value& value : it.values->root.items())
      if (value.kind() == decode::Kind::object)
        return context.fault_at(node.nearest("values").mark, "values", "maps cannot be joined to one text",
                                "list texts");
}

Table<PartitionRouter> router_table() {
  Table<PartitionRouter> table;
  table.key("type", &PartitionRouter::type,
            one_of<Router>({{"list", Router::list},
                            {"product", Router::product},
                            {"chunk", Router::chunk},
                            {"table", Router::table},
                            {"substream", Router::substream}}),
            required(), "Where partitions come from.");
  table.key(
      "as", &PartitionRouter::as, text(), optional(),
      "The name of the value in templates: {{ partition.NAME }}, or {{ partition.NAME.KEY }} of a map.");
  table.key("values", &PartitionRouter::values, values(), optional(), "list, chunk: the values.");
  table.key("of", &PartitionRouter::of, routers(), optional(),
            "product: every combination of these routers.");
  table.key("size", &PartitionRouter::size, integer(1, 10'000), optional(),
            "chunk: how many values go into one request.");
  table.key("join", &PartitionRouter::join, text(), defaults("','"), "chunk: what stands between them.");
  table.key("query", &PartitionRouter::query, text(), optional(),
            "table: SQL on the store; one column gives values, several give maps.");
  table.key("parent", &PartitionRouter::parent, parent(), optional(),
            "substream: a request of its own; each of its records gives a partition.");
  table.key("path", &PartitionRouter::path, maybe(expression()), optional(),
            "substream: the value in the parent's record; without it, the whole record.");
  table.rule(check_router);
  return table;
}

struct CursorFormat {
  IncrementalSync::Format format = IncrementalSync::Format::iso8601;
  std::string pattern{};
};

Type<CursorFormat> cursor_format() {
  const std::string allowed =
      "write iso8601, epoch, epoch_ms, integer, opaque, or a strptime pattern: '%d/%m/%Y'";
  return {{"format", allowed, nullptr, {}, pattern_schema("^(iso8601|epoch|epoch_ms|integer|opaque|.*%.*)$")},
          [allowed](const Node& node, Context& context) -> std::optional<CursorFormat> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            using Format = IncrementalSync::Format;
            if (text->find('%') != std::string::npos) {
              const auto wrong = expr::check_parse_pattern(*text);
              if (!wrong) return CursorFormat{Format::pattern, *text};
              context.fault(node.mark, fmt::format("{}: {}", shown(node), *wrong), allowed);
              return std::nullopt;
            }
            const std::pair<std::string_view, Format> formats[] = {{"iso8601", Format::iso8601},
                                                                   {"epoch", Format::epoch},
                                                                   {"epoch_ms", Format::epoch_ms},
                                                                   {"integer", Format::integer},
                                                                   {"opaque", Format::opaque}};
            for (const auto& [name, format] : formats)
              if (name == *text) return CursorFormat{format, {}};
            context.fault(node.mark, shown(node) + " is none of the formats", allowed);
            return std::nullopt;
          }};
}

// Where a window begins or ends cannot be said by the window itself.
Type<std::optional<Templated>> boundary() {
  auto type = maybe(templated_line());
  type.read = [read = type.read](const Node& node, Context& context) {
    const auto scope = context.scope();
    context.scope().window = context.scope().cursor = false;
    auto value = read(node, context);
    context.scope() = scope;
    return value;
  };
  return type;
}

void check_paginator(const Paginator& it, const Node& node, Context& context) {
  static const std::vector<TypeKeys> types{
      {"none", {}, {}},
      {"page", {"page_parameter"}, {"start_page", "size_parameter", "page_size", "total_pages_path"}},
      {"offset", {"limit"}, {"offset_parameter", "limit_parameter", "offset_body_path", "limit_body_path"}},
      {"cursor",
       {"cursor_path"},
       {"cursor_parameter", "cursor_header", "cursor_body_path", "stop", "size_parameter", "page_size"}},
      {"next_url", {"path"}, {}},
      {"link_header", {}, {"rel"}},
      {"has_more", {"path", "page_parameter"}, {"start_page", "size_parameter", "page_size"}},
      {"oai", {}, {}},
      {"graphql", {"cursor_path", "has_next_path"}, {"variable"}},
      {"body_page", {"page_body_path"}, {"start_page", "size_body_path", "page_size", "total_pages_path"}}};
  const Node* type = node.find("type");
  check_type_keys(node, context, type == nullptr ? "none" : type->text, types,
                  {"type", "max_pages", "max_records", "total_path", "total_tolerance"});
  using Kind = Paginator::Type;
  const auto one_of_them = [&](int count, const char* keys) {
    if (count != 1) context.fault(node.mark, "where this paginator's value goes is not clear", keys);
  };
  if (it.type == Kind::cursor)
    one_of_them(!it.cursor_parameter.empty() + !it.cursor_header.empty() + !it.cursor_body_path.empty(),
                "give one of cursor_parameter, cursor_header, cursor_body_path");
  if (it.type == Kind::offset)
    one_of_them(!it.offset_parameter.empty() + !it.offset_body_path.empty(),
                "give one of offset_parameter, offset_body_path");
  if (!it.size_parameter.empty() + !it.size_body_path.empty() > 0 && it.page_size == 0)
    context.fault(node.mark, "a size is asked for and not given", "give page_size");
}

}  // namespace

Type<PartitionRouter> partition_router() { return nested(router_table()); }

Table<IncrementalSync> incremental_sync_table() {
  Table<IncrementalSync> table;
  table.key("cursor_field", &IncrementalSync::cursor_field, expression(), required(),
            "What tells new records from old ones, in the source record.");
  table.key_to(
      "cursor_format",
      [](IncrementalSync& into, CursorFormat&& format) {
        into.format = format.format;
        into.pattern = std::move(format.pattern);
      },
      cursor_format(), defaults("iso8601"),
      "How it is written. integer and opaque (a text that only the API understands) have no windows.");
  table.key("start", &IncrementalSync::start, boundary(), optional(),
            "Where the first run begins: \"{{ now - 120d }}\", 2020-01-01.");
  table.key("end", &IncrementalSync::end, boundary(), optional(), "Where windows end; the default is now.");
  table.key("step", &IncrementalSync::step, maybe(duration(1s, 36'500 * 24h)), optional(),
            "No window is longer; each is a slice of its own.");
  table.key("lookback_window", &IncrementalSync::lookback_window, duration(0s, 3'650 * 24h), defaults("0s"),
            "How far each run looks back behind its cursor, for records that come late.");
  table.key("safety", &IncrementalSync::safety, duration(0s, 3'650 * 24h), defaults("0s"),
            "The cursor stays this far behind the server's clock.");
  table.rule([](const IncrementalSync& it, const Node& node, Context& context) {
    if (it.is_time() && !it.start)
      context.fault_at(node.mark, "start", "is missing",
                       "say where the first run begins: \"{{ now - 30d }}\"");
    if (it.is_time()) return;
    for (const char* key : {"end", "step", "lookback_window", "safety"})
      if (const Node* found = node.find(key))
        context.fault_at(found->mark, key, "has no meaning for a cursor that is no time", "remove it");
  });
  return table;
}

Table<Paginator> paginator_table() {
  Table<Paginator> table;
  using Kind = Paginator::Type;
  table.key("type", &Paginator::type,
            one_of<Kind>({{"none", Kind::none},
                          {"page", Kind::page},
                          {"offset", Kind::offset},
                          {"cursor", Kind::cursor},
                          {"next_url", Kind::next_url},
                          {"link_header", Kind::link_header},
                          {"has_more", Kind::has_more},
                          {"oai", Kind::oai},
                          {"graphql", Kind::graphql},
                          {"body_page", Kind::body_page}}),
            defaults("none"), "How the next page is asked for.");
  table.key("page_parameter", &Paginator::page_parameter, text(), optional(),
            "page, has_more: the page's number.");
  table.key("start_page", &Paginator::start_page, integer(0, 1'000'000), defaults("1"),
            "page, has_more, body_page: the first one's number.");
  table.key("size_parameter", &Paginator::size_parameter, text(), optional(),
            "page, has_more, cursor: the parameter for page_size.");
  table.key("page_size", &Paginator::page_size, integer(1, 1'000'000), optional(),
            "Records in a page. A shorter page is the last one.");
  table.key("total_pages_path", &Paginator::total_pages_path, maybe(expression()), optional(),
            "page, body_page: how many pages there are, in the body.");
  table.key("offset_parameter", &Paginator::offset_parameter, text(), optional(),
            "offset: how many records to skip.");
  table.key("limit_parameter", &Paginator::limit_parameter, text(), optional(),
            "offset: the parameter for limit.");
  table.key("offset_body_path", &Paginator::offset_body_path, text(), optional(),
            "offset, in a JSON body: its place.");
  table.key("limit_body_path", &Paginator::limit_body_path, text(), optional(),
            "offset, in a JSON body: the place of limit.");
  table.key("limit", &Paginator::limit, integer(1, 1'000'000), optional(),
            "offset: records in a page. A shorter page is the last one.");
  table.key("cursor_path", &Paginator::cursor_path, maybe(expression()), optional(),
            "cursor, graphql: the next page's cursor, in the body; null or an empty text ends the set.");
  table.key("cursor_parameter", &Paginator::cursor_parameter, text(), optional(),
            "cursor: the parameter it goes to,");
  table.key("cursor_header", &Paginator::cursor_header, text(), optional(), "or the header,");
  table.key("cursor_body_path", &Paginator::cursor_body_path, text(), optional(),
            "or the place in a JSON body.");
  table.key("stop", &Paginator::stop, maybe(expression()), optional(),
            "cursor: true on the last page's body.");
  table.key("path", &Paginator::path, maybe(expression()), optional(),
            "next_url: the next page's address; has_more: whether there is one; in the body.");
  table.key("rel", &Paginator::rel, text(), defaults("next"), "link_header: which link (RFC 8288).");
  table.key("has_next_path", &Paginator::has_next_path, maybe(expression()), optional(),
            "graphql: whether there is another page.");
  table.key("variable", &Paginator::variable, text(), defaults("after"),
            "graphql: the cursor's name in the body's `variables`.");
  table.key("page_body_path", &Paginator::page_body_path, text(), optional(),
            "body_page: the place of the page's number in a JSON body: filters[0].pageNumber.");
  table.key("size_body_path", &Paginator::size_body_path, text(), optional(),
            "body_page: the place of page_size.");
  table.key("max_pages", &Paginator::max_pages, integer(1, 1'000'000), defaults("10000"),
            "More pages than this are a fault of the API: the set is incomplete.");
  table.key("max_records", &Paginator::max_records, maybe(integer(1, 1'000'000'000)), optional(),
            "The set is complete with so many records (search APIs give no more than 1,000).");
  table.key("total_path", &Paginator::total_path, maybe(expression()), optional(),
            "How many records the API says there are; fewer are a fault.");
  table.key("total_tolerance", &Paginator::total_tolerance, share(), defaults("0"),
            "So many fewer are none.");
  table.rule(check_paginator);
  return table;
}

void check_type_keys(const Node& node, Context& context, std::string_view type,
                     const std::vector<TypeKeys>& types, const std::vector<std::string_view>& common) {
  const auto holds = [](const std::vector<std::string_view>& list, std::string_view key) {
    return std::find(list.begin(), list.end(), key) != list.end();
  };
  const auto row = std::find_if(types.begin(), types.end(), [&](const auto& it) { return it.type == type; });
  if (row == types.end()) return;
  for (const Entry& entry : node.entries)
    if (!holds(common, entry.key) && !holds(row->needed, entry.key) && !holds(row->optional, entry.key))
      context.fault_at(entry.mark, entry.key, fmt::format("has no meaning for type: {}", type),
                       "remove it, or change type");
  for (const std::string_view key : row->needed)
    if (node.find(key) == nullptr)
      context.fault_at(node.mark, key, "is missing", fmt::format("type: {} needs it", type));
}

namespace {

void collect_names(const Node& router, expr::TemplateScope& scope) {
  if (const Node* of = router.find("of"))
    for (const Node& part : of->items) collect_names(part, scope);
  const Node* as = router.find("as");
  if (as == nullptr || scope.partitions.size() > max_partitions) return;
  std::vector<std::string>& keys = scope.partitions[as->text];
  if (const Node* values = router.find("values"))
    for (const Node& value : values->items)
      for (const Entry& entry : value.entries)
        if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) keys.push_back(entry.key);
}

}  // namespace

expr::TemplateScope scope_of(const Node& collector) {
  expr::TemplateScope scope;
  if (const Node* sync = collector.find("incremental_sync")) {
    const Node* format = sync->find("cursor_format");
    scope.cursor = true;
    scope.window = format == nullptr || (format->text != "integer" && format->text != "opaque");
  }
  if (const Node* router = collector.find("partition_router")) collect_names(*router, scope);
  return scope;
}

}  // namespace config
