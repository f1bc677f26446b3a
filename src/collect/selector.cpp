#include "collect/selector.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "base/check.hpp"
#include "base/text.hpp"
#include "collect/arena.hpp"
#include "collect/selector_shape.hpp"

namespace collect {
namespace {

using base::Code;
using base::Result;
using decode::Kind;
using decode::Value;
using Flatten = config::RecordSelector::Flatten;
using Values = std::span<const Value>;

std::string_view usual_place(config::Decoder::Type decoded_as) {
  using Type = config::Decoder::Type;
  return decoded_as == Type::feed ? "entries" : decoded_as == Type::oai ? "records" : "";
}

}  // namespace

Result<void> Selector::begin_slice(const expr::TemplateValues& values) {
  ready_ = true;
  filter_.reset();
  if (!selector_.record_filter) return {};
  filter_ = selector_.record_filter->expression;
  if (filter_) return {};
  std::pmr::monotonic_buffer_resource arena;
  const auto text = selector_.record_filter->text->render(values, arena);
  if (!text) return base::error(Code::invalid_config, "record_selector.record_filter: {}", text.error());
  if (text->kind() != Kind::string)
    return base::error(Code::invalid_config,
                       "record_selector.record_filter: its template makes no text of it");
  auto parsed = expr::Expression::parse(text->text());
  if (!parsed)
    return base::error(Code::invalid_config, "record_selector.record_filter, expanded to {}, column {}: {}",
                       text->text(), parsed.error().column + 1, parsed.error().message);
  filter_ = *std::move(parsed);
  return {};
}

Result<Selected> Selector::select(const decode::Document& document, config::Decoder::Type decoded_as,
                                  std::pmr::memory_resource& arena) const {
  CHECK(ready_, "begin_slice() comes first");
  Values records = TRY(find(document, decoded_as, arena));
  if (selector_.header_row) records = TRY(apply_header_row(records, arena));
  if (selector_.flatten == Flatten::name_value) {
    const auto flat = new_span<Value>(arena, records.size());
    for (std::size_t i = 0; i < flat.size(); ++i) flat[i] = pairs_to_object(records[i], arena);
    records = flat;
  }
  return Selected{filter_ ? filter(records, arena) : records, records};
}

Result<Values> Selector::find(const decode::Document& document, config::Decoder::Type decoded_as,
                              std::pmr::memory_resource& arena) const {
  if (document.root.kind() == Kind::spoiled)  // a bad byte in one of its keys: no path can be trusted
    return base::error(Code::invalid_data, "the body as a whole cannot be used: {}", document.root.text());
  if (selector_.field_path) {
    const std::string where = fmt::format("record_selector.field_path \"{}\"", selector_.field_path->text());
    const auto found = selector_.field_path->evaluate(document.root, arena);
    if (!found) return base::error(Code::invalid_data, "{}: {}", where, found.error());
    return list(*found, where, false, arena);
  }
  const std::string_view place = usual_place(decoded_as);
  const Value* const found = place.empty() ? nullptr : document.root.find(place);
  return list(found != nullptr ? *found : document.root, "the body", true, arena);
}

Result<Values> Selector::list(const Value& at, const std::string& where, bool may_be_null,
                              std::pmr::memory_resource& arena) const {
  const bool entries = selector_.flatten == Flatten::object_entries;
  switch (at.kind()) {
    case Kind::array:
      if (!entries) return at.items();
      return base::error(Code::invalid_data,
                         "{} leads to a list, but flatten: object_entries needs an object", where);
    case Kind::object: {
      if (entries) return object_entries(at, arena);
      if (selector_.header_row)
        return base::error(Code::invalid_data, "{} leads to one object, but header_row needs a list", where);
      const auto one = new_span<Value>(arena, 1);
      one[0] = at;
      return Values(one);
    }
    case Kind::null:
      if (may_be_null) return Values();
      return base::error(Code::invalid_data, "{} leads to nothing in the answer; is the path still right?",
                         where);
    case Kind::spoiled:
      return base::error(Code::invalid_data, "{} leads to what cannot be used: {}", where, at.text());
    default: return base::error(Code::invalid_data, "{} leads to neither a list nor an object", where);
  }
}

Values Selector::filter(Values records, std::pmr::memory_resource& arena) const {
  std::array<std::byte, 4096> buffer;
  std::pmr::monotonic_buffer_resource scratch(buffer.data(), buffer.size());
  const auto kept = new_span<Value>(arena, records.size());
  std::size_t count = 0;
  for (const Value& record : records) {
    const auto verdict = filter_->evaluate(record, scratch);
    if (!verdict) {
      std::string reason = "record_filter: " + verdict.error();
      if (record.offset() == Value::no_offset)  // else its text is found again in the body
        reason += "; on " + base::shorten(decode::to_json(record), 500);
      kept[count++] = Value::spoiled(keep(reason, arena), record.offset());
    } else if (verdict->kind() == Kind::spoiled || expr::is_true(*verdict)) {  // spoiled: for the Mapper
      kept[count++] = record;
    }
    scratch.release();
  }
  return kept.first(count);
}

}  // namespace collect
