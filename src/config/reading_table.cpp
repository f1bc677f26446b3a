// decoder, record_selector, fields: how an answer becomes rows.
#include <fmt/format.h>
#include <strings.h>

#include <charconv>

#include "base/decimal.hpp"
#include "config/scheduling.hpp"
#include "config/tables.hpp"
#include "decode/encoding.hpp"
#include "expr/template_time.hpp"

namespace config {
namespace {

struct NamedType {
  std::string_view name;
  FieldType type;
};
constexpr NamedType named_types[] = {
    {"text", FieldType::text},
    {"integer", FieldType::integer},
    {"bigint", FieldType::bigint},
    {"number", FieldType::number},
    {"double", FieldType::real},
    {"boolean", FieldType::boolean},
    {"date", FieldType::date},
    {"timestamp", FieldType::timestamp},
    {"timestamp_local", FieldType::timestamp_local},
    {"uuid", FieldType::uuid},
    {"json", FieldType::json},
    {"text[]", FieldType::text_list},
    {"integer[]", FieldType::integer_list},
};

struct DeclaredType {
  FieldType type = FieldType::text;
  bool is_varchar = false;
  std::int64_t length = 0, precision = 0, scale = 0;
};

// "(12,2)" → 12 and 2; nullopt: something else.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_arguments(std::string_view text) {
  if (!text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
  std::int64_t first = 0, second = -1;
  const char* const end = text.data() + text.size() - 1;
  auto read = std::from_chars(text.data() + 1, end, first);
  if (read.ec != std::errc{}) return std::nullopt;
  if (read.ptr != end && *read.ptr == ',') {
    ++read.ptr;
    while (read.ptr != end && *read.ptr == ' ') ++read.ptr;
    read = std::from_chars(read.ptr, end, second);
  }
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return std::pair(first, second);
}

std::optional<DeclaredType> parse_type(std::string_view text) {
  const std::size_t open = std::min(text.find('('), text.size());
  const std::string_view name = text.substr(0, open);
  if (open < text.size()) {
    const auto arguments = parse_arguments(text.substr(open));
    if (!arguments) return std::nullopt;
    const auto [first, second] = *arguments;
    if (name == "varchar" && first >= 1 && first <= 1'000'000 && second == -1)
      return DeclaredType{FieldType::text, true, first, 0, 0};
    const std::int64_t scale = second == -1 ? 0 : second;
    if (name == "number" && first >= 1 && first <= 1'000 && scale <= first && second >= -1)
      return DeclaredType{FieldType::number, false, 0, first, scale};
    return std::nullopt;
  }
  for (const NamedType& it : named_types)
    if (it.name == name) return DeclaredType{it.type, false, 0, 0, 0};
  return std::nullopt;
}

Type<DeclaredType> declared_type() {
  std::string names = "text, varchar(40)";
  for (const NamedType& it : named_types)
    if (it.type != FieldType::text)
      names += fmt::format(", {}{}", it.name, it.type == FieldType::number ? ", number(12,2)" : "");
  const std::string allowed = "allowed: " + names;
  const std::string pattern =
      R"(^(text|bigint|double|boolean|date|timestamp|timestamp_local|uuid|json|(text|integer)(\[\])?)"
      R"(|varchar\([0-9]+\)|number(\([0-9]+(, *[0-9]+)?\))?)$)";
  return {{"type", allowed, nullptr, {}, pattern_schema(pattern)},
          [allowed](const Node& node, Context& context) -> std::optional<DeclaredType> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            if (const auto type = parse_type(*text)) return type;
            const auto begins = [&](std::string_view word) { return text->starts_with(word); };
            const char* remedy = begins("varchar") ? "write varchar(n), n from 1 to 1000000"
                                 : begins("number")
                                     ? "write number(p,s): p digits, 1 to 1000, s of them behind the point"
                                     : allowed.c_str();
            context.fault(node.mark, shown(node) + " is none of the types", remedy);
            return std::nullopt;
          }};
}

// A text judged by `wrong`, which says what is wrong with it.
Type<std::string> judged(std::string name, std::string allowed,
                         const std::function<std::optional<std::string>(std::string_view)>& wrong) {
  return {{std::move(name), allowed, nullptr, {}, scalar_schema},
          [allowed, wrong](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            const auto reason = wrong(*text);
            if (!reason) return text;
            context.fault(node.mark, fmt::format("{}: {}", shown(node), *reason), allowed);
            return std::nullopt;
          }};
}

Type<std::string> time_format() {
  return judged("format", "write iso8601, rfc822, epoch, epoch_ms, or a strptime pattern: '%d/%m/%Y'",
                [](std::string_view text) -> std::optional<std::string> {
                  if (text.find('%') != std::string_view::npos) return expr::check_parse_pattern(text);
                  for (const std::string_view known : {"iso8601", "rfc822", "epoch", "epoch_ms"})
                    if (text == known) return std::nullopt;
                  return "not one of the formats";
                });
}

Type<std::pair<std::string, std::string>> range() {
  const auto list = list_of(text());
  const std::string allowed = "write [lowest, highest]";
  return {{"[a, b]",
           allowed,
           nullptr,
           {},
           fmt::format(R"({{"type": "array", "items": {}, "minItems": 2, "maxItems": 2}})", scalar_schema)},
          [list, allowed](const Node& node,
                          Context& context) -> std::optional<std::pair<std::string, std::string>> {
            auto read = list.read(node, context);
            if (!read) return std::nullopt;
            if (read->size() == 2) return std::pair(std::move((*read)[0]), std::move((*read)[1]));
            context.fault(node.mark, fmt::format("holds {} values, not two", read->size()), allowed);
            return std::nullopt;
          }};
}

bool is_number(FieldType type) {
  return type == FieldType::integer || type == FieldType::bigint || type == FieldType::number ||
         type == FieldType::real;
}
bool is_time(FieldType type) {
  return type == FieldType::date || type == FieldType::timestamp || type == FieldType::timestamp_local;
}

bool fits_range(const Field& field, const std::string& bound) {
  if (is_number(field.type)) return base::plain_decimal(bound).has_value();
  return expr::parse_iso8601(bound).has_value();
}

void check_field(const Field& field, const Node& node, Context& context) {
  const auto only = [&](std::string_view key, bool fits, std::string_view whom) {
    if (const Node* found = node.find(key); found != nullptr && !fits)
      context.fault_at(found->mark, key, fmt::format("is for {} only", whom), "remove it, or change type");
  };
  if (field.path.has_value() == field.value.has_value())
    context.fault(node.mark, field.path ? "has both path and value" : "has neither path nor value",
                  "give exactly one of them");
  const bool is_text = field.type == FieldType::text;
  only("max_length", is_text, "texts");
  if (const Node* found = node.find("max_length"); found != nullptr && field.is_varchar)
    context.fault_at(found->mark, "max_length", "says again what varchar(n) says", "remove it");
  only("truncate", is_text, "texts");
  only("regex", is_text, "texts");
  only("case", is_text, "texts");
  only("lookup", is_text, "texts");
  only("decimal_comma", is_number(field.type), "numbers");
  only("formats", is_time(field.type), "dates and times");
  only("timezone", is_time(field.type), "dates and times");
  only("range", is_number(field.type) || is_time(field.type), "numbers, dates and times");
  if (field.type == FieldType::timestamp_local && field.timezone.empty())
    context.fault_at(node.mark, "timezone", "is missing", "a local time needs its zone: America/Sao_Paulo");
  if (field.truncate && is_text && field.max_length == 0)
    context.fault_at(node.nearest("truncate").mark, "truncate", "needs a length",
                     "give max_length, or varchar(n)");
  if (!field.range || !(is_number(field.type) || is_time(field.type))) return;
  for (const std::string& bound : {field.range->first, field.range->second})
    if (!fits_range(field, bound))
      context.fault_at(node.nearest("range").mark, "range",
                       fmt::format("\"{}\" is not a {}", bound, is_time(field.type) ? "time" : "number"),
                       is_time(field.type) ? "write [2000-01-01, 2099-12-31T23:59:59Z]" : "write [0, 99.5]");
}

Table<Field> field_table() {
  Table<Field> table;
  table.key("path", &Field::path, maybe(expression()), optional(), "Where the value stands in the record.");
  table.key(
      "value", &Field::value, maybe(templated()), optional(),
      "Instead of a path: a constant, or a template ({{ partition.code }}), the same for a whole slice.");
  table.key_to(
      "type",
      [](Field& into, DeclaredType&& type) {
        into.type = type.type;
        into.is_varchar = type.is_varchar;
        into.precision = type.precision;
        into.scale = type.scale;
        if (type.is_varchar) into.max_length = type.length;
      },
      declared_type(), defaults("text"), "What the column holds; see the table of types.");
  table.key("required", &Field::required, boolean(), defaults("false"),
            "true: a record without it goes to quarantine.");
  table.key("formats", &Field::formats, list_of(time_format()), optional(),
            "How times are written, tried in this order; the default is iso8601.");
  table.key("timezone", &Field::timezone, timezone(), optional(), "Of times that name none.");
  table.key("decimal_comma", &Field::decimal_comma, boolean(), defaults("false"),
            "true: 1.234,56 is 1234.56.");
  table.key("null_values", &Field::null_values, list_of(text()), optional(),
            "Texts that mean NULL: ['...', '-'].");
  table.key_to(
      "max_length", [](Field& into, std::int64_t&& length) { into.max_length = length; },
      integer(1, 1'000'000), optional(), "In characters; a longer text goes to quarantine.");
  table.key("truncate", &Field::truncate, boolean(), defaults("false"),
            "true: a longer text is cut instead.");
  table.key("range", &Field::range, maybe(range()), optional(),
            "The least and the greatest value allowed; others go to quarantine.");
  table.key("regex", &Field::regex, regular_expression(), optional(),
            "A text that it does not match goes to quarantine.");
  table.key("replace", &Field::replace, map_of(text(), "<text>"), optional(),
            "Texts to replace by others, all occurrences, in the order written.");
  table.key("trim", &Field::trim, boolean(), defaults("true"), "false: blanks at both ends stay.");
  using Case = Field::Case;
  table.key("case", &Field::letter_case, one_of<Case>({{"upper", Case::upper}, {"lower", Case::lower}}),
            optional(), "Letters to one case.");
  table.key("default", &Field::fallback, maybe(text()), optional(), "Instead of NULL.");
  using Lookup = Field::Lookup;
  table.key("lookup", &Field::lookup,
            one_of<Lookup>({{"country_iso2", Lookup::country_iso2},
                            {"country_iso3", Lookup::country_iso3},
                            {"country_name", Lookup::country_name}}),
            optional(), "A country's name or code, in English or Portuguese, to the form wanted.");
  table.key("volatile", &Field::is_volatile, boolean(), defaults("false"),
            "true: a change here alone does not count as an update.");
  table.rule(check_field);
  return table;
}

// `column: path` for short, or a map.
Type<Field> field() {
  auto whole = nested(field_table());
  auto short_form = expression();
  whole.info.name = "JMESPath, or map";
  whole.info.schema = fmt::format(R"({{"anyOf": [{}, {}]}})", short_form.info.schema, whole.info.schema);
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

void check_column_name(const Entry& entry, const Node& fields, Context& context) {
  if (entry.key.starts_with('_'))
    context.fault_at(entry.mark, entry.key, "columns that begin with _ are kept for pulse", "rename it");
  for (const Entry* other = fields.entries.data(); other != &entry; ++other)
    if (strcasecmp(other->key.c_str(), entry.key.c_str()) == 0)
      context.fault_at(entry.mark, entry.key, fmt::format("is \"{}\" but for its case", other->key),
                       "databases take the two for one; rename it");
  context.below(entry.key,
                [&] { return identifier().read(Node(Node::Kind::scalar, entry.mark, entry.key), context); });
}

// With templates in it, it is parsed for every slice; here only the templates can be judged.
Type<TemplatedExpression> templated_expression() {
  auto plain = expression();
  const auto with_templates = templated();
  plain.info.name = "JMESPath T";
  return {plain.info,
          [plain, with_templates](const Node& node, Context& context) -> std::optional<TemplatedExpression> {
            if (node.text.find("{{") == std::string::npos) {
              auto read = plain.read(node, context);
              return read ? std::optional(TemplatedExpression{std::move(*read), {}}) : std::nullopt;
            }
            auto read = with_templates.read(node, context);
            if (!read || !read->text) return std::nullopt;
            return TemplatedExpression{{}, std::move(read->text)};
          }};
}

}  // namespace

std::string_view to_string(FieldType type) {
  for (const NamedType& it : named_types)
    if (it.type == type) return it.name;
  return "text";
}

Type<std::vector<Field>> fields() {
  auto map = map_of(field(), "<column>");
  map.info.schema.insert(
      1,
      R"("minProperties": 1, "propertyNames": {"pattern": "^[^_\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]{0,62}$"}, )");
  return {map.info,
          [read = map.read](const Node& node, Context& context) -> std::optional<std::vector<Field>> {
            for (const Entry& entry : node.entries) check_column_name(entry, node, context);
            auto map_read = read(node, context);
            if (!map_read) return std::nullopt;
            std::vector<Field> list;
            for (auto& [name, field] : *map_read) {
              field.column = name;
              field.mark = node.find(name)->mark;
              list.push_back(std::move(field));
            }
            return list;
          }};
}

Table<RecordSelector> record_selector_table() {
  Table<RecordSelector> table;
  table.key("field_path", &RecordSelector::field_path, maybe(expression()), optional(),
            "Where the list of records stands in the body.");
  table.key("record_filter", &RecordSelector::record_filter, maybe(templated_expression()), optional(),
            "Only records on which this is true are kept.");
  table.key("header_row", &RecordSelector::header_row, boolean(), defaults("false"),
            "true: the first record names the columns, by lists or by maps of the same keys.");
  using Flatten = RecordSelector::Flatten;
  table.key(
      "flatten", &RecordSelector::flatten,
      one_of<Flatten>({{"name_value", Flatten::name_value}, {"object_entries", Flatten::object_entries}}),
      optional(),
      "name_value: a list of {name, value} pairs becomes one map. object_entries: a map becomes records "
      "{key, value}.");
  return table;
}

Table<Decoder> decoder_table() {
  Table<Decoder> table;
  using Kind = Decoder::Type;
  auto kinds = one_of<Kind>({{"json", Kind::json},
                             {"jsonl", Kind::jsonl},
                             {"csv", Kind::csv},
                             {"xml", Kind::xml},
                             {"feed", Kind::feed},
                             {"jsonstat", Kind::jsonstat},
                             {"oai", Kind::oai}});
  kinds.read = [read = kinds.read](const Node& node, Context& context) -> std::optional<Kind> {
    if (node.text != "xlsx") return read(node, context);
    context.fault(node.mark, "xlsx cannot be read: no well-kept library for it is available",
                  "look for the same data as CSV, or convert it in a command of your own");
    return std::nullopt;
  };
  table.key("type", &Decoder::type, kinds, optional(),
            "The body's format; without it, what the answer's content type says, else JSON. gzip is "
            "recognised by itself.");
  table.key_to(
      "delimiter", [](Decoder& into, std::string&& text) { into.delimiter = text == "\\t" ? '\t' : text[0]; },
      judged("character", "write one character: ';' or \"\\t\"",
             [](std::string_view text) -> std::optional<std::string> {
               if (text.size() == 1 && text[0] != '"' && text[0] != '\n' && text[0] != '\r') return {};
               return text == "\\t" ? std::nullopt : std::optional<std::string>("not one character");
             }),
      defaults("','"), "csv: what stands between cells.");
  table.key("header", &Decoder::header, boolean(), defaults("true"),
            "csv: the first row names the columns; without, they are c1, c2 …");
  table.key("encoding", &Decoder::encoding,
            judged("encoding", "write utf-8, latin-1, windows-1252, utf-16 …",
                   [](std::string_view text) -> std::optional<std::string> {
                     return decode::known_encoding(text) ? std::nullopt
                                                         : std::optional<std::string>("not a known encoding");
                   }),
            optional(), "csv, xml, feed, oai: instead of what the body says, else UTF-8.");
  table.key("skip_rows", &Decoder::skip_rows, integer(0, 100'000), optional(),
            "csv: lines before the header.");
  table.key("null_values", &Decoder::null_values, list_of(text()), optional(), "csv: cells that mean null.");
  table.rule([](const Decoder&, const Node& node, Context& context) {
    static const std::vector<TypeKeys> types{
        {"json", {}, {}},
        {"jsonl", {}, {}},
        {"csv", {}, {"delimiter", "header", "encoding", "skip_rows", "null_values"}},
        {"xml", {}, {"encoding"}},
        {"feed", {}, {"encoding"}},
        {"jsonstat", {}, {}},
        {"oai", {}, {"encoding"}}};
    if (const Node* type = node.find("type")) check_type_keys(node, context, type->text, types, {"type"});
  });
  return table;
}

}  // namespace config
