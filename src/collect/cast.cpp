#include "collect/cast.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "collect/arena.hpp"
#include "collect/cast_json.hpp"
#include "collect/cast_text.hpp"
#include "decode/json.hpp"

namespace collect {
namespace {

using config::FieldType;
using decode::Kind;
using decode::Value;

// Numbers and booleans as JSON writes them.
std::string_view scalar_text(const Value& value) {
  if (value.kind() == Kind::boolean) return value.as_boolean() ? "true" : "false";
  return value.text();
}

bool is_list(FieldType type) { return type == FieldType::text_list || type == FieldType::integer_list; }

tl::unexpected<Misfit> wrong_kind(const Value& value, FieldType type) {
  const bool array = value.kind() == Kind::array;
  return tl::unexpected(
      Misfit{fmt::format("is {}, not a {}; choose from it by the path ({}), or take it whole with type: json",
                         array ? "a list" : "an object", to_string(type), array ? "items[0]" : "item.name"),
             true});
}

}  // namespace

tl::expected<Caster, std::string> Caster::make(const config::Field& field, store::ListStyle lists) {
  Caster caster(field, lists);
  switch (field.type) {
    case FieldType::integer:
    case FieldType::bigint:
    case FieldType::number:
    case FieldType::real:
    case FieldType::integer_list: {
      auto part = NumberCast::make(field);
      if (!part) return tl::unexpected(part.error());
      caster.part_ = *std::move(part);
      break;
    }
    case FieldType::date:
    case FieldType::timestamp:
    case FieldType::timestamp_local: {
      auto part = TimeCast::make(field);
      if (!part) return tl::unexpected(part.error());
      caster.part_ = *std::move(part);
      break;
    }
    default: break;
  }
  if (!field.regex.empty()) {
    auto regex = expr::Regex::compile(field.regex);
    if (!regex) return tl::unexpected("regex: " + regex.error());
    caster.regex_.emplace(*std::move(regex));
  }
  if (auto fault = caster.prepare_fallback()) return tl::unexpected(*std::move(fault));
  return caster;
}

std::optional<std::string> Caster::prepare_fallback() {
  if (!field_->fallback) return std::nullopt;
  const std::string& text = *field_->fallback;
  const auto fault = [&](std::string_view why) { return std::optional(fmt::format("default: {}", why)); };
  fallback_arena_ = std::make_unique<std::pmr::monotonic_buffer_resource>();
  Cast cell;
  if (field_->type == FieldType::json || is_list(field_->type)) {
    const auto document = decode::decode_json(text);
    if (!document) return fault(fmt::format("{} is not JSON; write one: '[]'", quoted(text)));
    cell = cast_unless_null(document->root, *fallback_arena_);
    if (cell && std::holds_alternative<std::monostate>(*cell)) return fault("is null; remove it");
  } else {
    if (text.empty() && field_->type != FieldType::text)
      return fault("is empty; remove it, or write a value");
    cell = cast_scalar(text, false, *fallback_arena_);
  }
  if (!cell) return fault(cell.error().reason);
  fallback_ = *cell;
  // A text may point into the field, which lives long enough, or into the document, which does not.
  if (const auto* view = std::get_if<std::string_view>(&fallback_)) fallback_ = keep(*view, *fallback_arena_);
  return std::nullopt;
}

Cast Caster::cast(const Value& value, std::pmr::memory_resource& arena) const {
  Cast cell = cast_unless_null(value, arena);
  if (cell && std::holds_alternative<std::monostate>(*cell)) return fallback_;
  return cell;
}

Cast Caster::cast_unless_null(const Value& value, std::pmr::memory_resource& arena) const {
  const config::Field& field = *field_;
  if (value.is_null()) return store::Param();
  if (value.kind() == Kind::spoiled) return tl::unexpected(Misfit{std::string(value.text()), false});
  if (field.type == FieldType::json) {
    const auto& nulls = field.null_values;
    if (value.kind() == Kind::string &&
        std::find(nulls.begin(), nulls.end(), trim(value.text())) != nulls.end())
      return store::Param();
    return cast_json(value, field.is_key, arena);
  }
  if (value.kind() == Kind::array && is_list(field.type)) return cast_items(value, arena);
  if (value.kind() == Kind::array || value.kind() == Kind::object) return wrong_kind(value, field.type);

  const auto treated = treat(scalar_text(value), field, regex_ ? &*regex_ : nullptr, arena);
  if (!treated) return tl::unexpected(treated.error());
  if (!*treated) return store::Param();
  const std::string_view text = **treated;
  if (text.empty() && field.type != FieldType::text) return store::Param();
  if (is_list(field.type))
    return other_type(text,
                      "is not a list; cut it with the path split(path, ', '), or make it one item: [path]");
  return cast_scalar(text, value.kind() == Kind::number, arena);
}

Cast Caster::cast_items(const Value& value, std::pmr::memory_resource& arena) const {
  const bool of_texts = field_->type == FieldType::text_list;
  const CastItem cast_item = [&](const Value& item) -> tl::expected<Value, Misfit> {
    std::optional<std::string_view> text;
    if (!item.is_null()) {
      const auto treated = treat(scalar_text(item), *field_, nullptr, arena);
      if (!treated) return tl::unexpected(treated.error());
      text = *treated;
    }
    if (of_texts) {
      if (!text) return Value();
      const Cast cell = cast_text(*text, *field_);
      return cell ? tl::expected<Value, Misfit>(Value::string(std::get<std::string_view>(*cell)))
                  : tl::unexpected(cell.error());
    }
    if (!text || text->empty())
      return tl::unexpected(Misfit{"is empty, integer[] takes whole numbers", true});
    const Cast cell = std::get<NumberCast>(part_).cast(*text, item.kind() == Kind::number, arena);
    if (!cell) return tl::unexpected(cell.error());
    return Value::number(keep(fmt::format("{}", std::get<std::int64_t>(*cell)), arena));
  };
  return cast_list(value, lists_, cast_item, arena);
}

Cast Caster::cast_scalar(std::string_view text, bool sent_as_number, std::pmr::memory_resource& arena) const {
  if (const auto* number = std::get_if<NumberCast>(&part_)) return number->cast(text, sent_as_number, arena);
  if (const auto* time = std::get_if<TimeCast>(&part_)) return time->cast(text, arena);
  if (field_->type == FieldType::boolean) return cast_boolean(text);
  if (field_->type == FieldType::uuid) return cast_uuid(text, arena);
  return cast_text(text, *field_);
}

std::optional<std::string> check_field(const config::Field& field) {
  const auto caster = Caster::make(field);
  return caster ? std::nullopt : std::optional(caster.error());
}

}  // namespace collect
