#include "collect/mapper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/text.hpp"
#include "collect/arena.hpp"

namespace collect {
namespace {

using Contract = config::Destination::SchemaContract;

constexpr std::size_t buffer_size = 16 * 1024;

// An entry of PostgreSQL's indexes ends at 2,704 bytes; each column there costs some of its own.
constexpr std::size_t max_key_bytes = 2'600, key_column_bytes = 8;
// What a byte of JSON, or of a list, may become there: [1,2] are numbers of 12 bytes each.
constexpr std::size_t parts_growth = 6;

bool has_parts(config::FieldType type) {
  using config::FieldType;
  return type == FieldType::json || type == FieldType::text_list || type == FieldType::integer_list;
}

bool is_null(const store::Param& cell) { return std::holds_alternative<std::monostate>(cell); }

}  // namespace

Mapper::Mapper(std::vector<config::Field> fields, Options options)
    : fields_(std::move(fields)),
      options_(std::move(options)),
      constants_(fields_.size()),
      row_(fields_.size()),
      buffer_(std::make_unique<std::byte[]>(buffer_size)),
      record_arena_(buffer_.get(), buffer_size) {
  casters_.reserve(fields_.size());
  for (const config::Field& field : fields_) {
    auto caster = Caster::make(field, options_.lists);
    if (!caster) {
      fault_ = fmt::format("fields.{}.{}", field.column, caster.error());
      return;
    }
    casters_.push_back(*std::move(caster));
    const auto& lacking = options_.lacking;
    is_lacking_.push_back(std::find(lacking.begin(), lacking.end(), field.column) != lacking.end());
  }
}

base::Result<void> Mapper::begin_slice(const expr::TemplateValues& values) {
  if (!fault_.empty()) return base::Error{base::Code::invalid_config, fault_};
  ready_ = false;
  slice_arena_.release();
  for (std::size_t i = 0; i < fields_.size(); ++i)
    if (fields_[i].value) constants_[i] = TRY_WITH(render(i, values), "fields.{}.value", fields_[i].column);
  ready_ = true;
  return {};
}

base::Result<store::Param> Mapper::render(std::size_t index, const expr::TemplateValues& values) {
  const config::Templated& source = *fields_[index].value;
  const auto fault = [](std::string message) {
    return base::Error{base::Code::invalid_config, std::move(message)};
  };
  decode::Value value;
  if (source.is_secret()) {
    const std::string_view secret = source.secret.reveal();  // the one text that no decoder has looked at
    if (base::valid_utf8_length(secret) != secret.size())
      return fault("what came from the environment is not UTF-8");
    value = decode::Value::string(secret);
  } else {
    const auto rendered = source.text->render(values, slice_arena_);
    if (!rendered) return fault(rendered.error());
    value = *rendered;
  }
  const Cast cell = casters_[index].cast(value, slice_arena_);
  if (!cell && source.is_secret())  // the reason shows the value
    return fault(
        fmt::format("what came from the environment does not fit type: {}", to_string(fields_[index].type)));
  if (!cell) return fault(cell.error().reason);
  if (is_null(*cell) && (fields_[index].required || fields_[index].is_key))
    return fault(fields_[index].is_key ? "the key is missing" : "a required value is missing");
  // It may point into the values, which need not last as long as the slice.
  if (const auto* text = std::get_if<std::string_view>(&*cell))
    return store::Param(keep(*text, slice_arena_));
  return *cell;
}

std::optional<std::span<const store::Param>> Mapper::map(const decode::Value& record,
                                                         const decode::Document& document,
                                                         std::int64_t position) {
  CHECK(ready_, "begin_slice() comes first, and must succeed");
  record_arena_.release();
  bad_.reset();
  const auto refuse = [&](std::string column, std::string reason, bool fatal) {
    bad_ = {position, std::move(column), std::move(reason), document.raw(record), fatal};
    return std::nullopt;
  };
  const decode::Value* spoiled = document.spoiled > 0 ? decode::find_spoiled(record) : nullptr;
  if (record.kind() == decode::Kind::spoiled) spoiled = &record;  // also what the selector could not judge
  if (spoiled != nullptr) return refuse("", std::string(spoiled->text()), false);
  if (record.kind() != decode::Kind::object) return refuse("", "the record is not an object", false);

  for (std::size_t i = 0; i < fields_.size(); ++i) {
    auto problem = fill(i, record);
    if (!problem) continue;
    const bool of_schema = problem->is_lacking || problem->misfit.other_type;
    if (of_schema && options_.contract == Contract::discard_row) {
      ++dropped_;
      return std::nullopt;
    }
    return refuse(std::move(problem->column), std::move(problem->misfit.reason),
                  of_schema && options_.contract == Contract::freeze);
  }
  if (key_is_too_long())
    return refuse("", "the key is too long for an index, which takes some 2,600 bytes; choose a shorter one",
                  false);
  return row_;
}

bool Mapper::key_is_too_long() const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!fields_[i].is_key) continue;
    const auto* text = std::get_if<std::string_view>(&row_[i]);
    const std::size_t size = text == nullptr ? 0 : text->size();
    bytes += key_column_bytes + (has_parts(fields_[i].type) ? size * parts_growth : size);
  }
  return bytes > max_key_bytes;
}

std::optional<Mapper::Problem> Mapper::fill(std::size_t index, const decode::Value& record) {
  const config::Field& field = fields_[index];
  Cast cell = cell_of(index, record);
  const bool needed = field.required || field.is_key;
  if (!cell) {
    if (!cell.error().other_type || options_.contract != Contract::discard_value || needed)
      return Problem{field.column, std::move(cell.error())};
    cell = casters_[index].fallback();
  }
  if (is_null(*cell) && needed)
    return Problem{field.column,
                   {field.is_key ? "the key is missing" : "a required value is missing", false}};
  const bool strict =
      options_.contract == Contract::discard_row || options_.contract == Contract::quarantine_row;
  if (is_lacking_[index] && strict && !is_null(*cell))
    return Problem{field.column,
                   {"has a value, but the table has no such column; add it, or remove the field", false},
                   true};
  row_[index] = *cell;
  return std::nullopt;
}

Cast Mapper::cell_of(std::size_t index, const decode::Value& record) {
  const config::Field& field = fields_[index];
  if (!field.path) return constants_[index];
  const auto value = field.path->evaluate(record, record_arena_);
  if (!value)
    return tl::unexpected(Misfit{fmt::format("path {}: {}", field.path->text(), value.error()), false});
  return casters_[index].cast(*value, record_arena_);
}

tl::expected<decode::Value, std::string> Mapper::evaluate(const expr::Expression& expression,
                                                          const decode::Value& record) {
  return expression.evaluate(record, record_arena_);
}

}  // namespace collect
