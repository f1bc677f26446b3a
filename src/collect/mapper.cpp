#include "collect/mapper.hpp"

#include <fmt/format.h>

namespace collect {

std::optional<std::span<const store::Param>> Mapper::map(const decode::Value& record,
                                                         const decode::Document& document,
                                                         std::int64_t position) {
  const auto refuse = [&](std::string column, std::string reason) {
    bad_ = {position, std::move(column), std::move(reason), document.raw(record)};
    return std::nullopt;
  };
  if (document.spoiled > 0)
    if (const decode::Value* spoiled = decode::find_spoiled(record))
      return refuse("", std::string(spoiled->text()));
  if (record.kind() != decode::Kind::object) return refuse("", "the record is not an object");

  scratch_.clear();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const config::Field& field = fields_[i];
    const decode::Value value =
        field.value ? decode::Value::string(*field.value) : field.path->evaluate(record);
    auto cell = cast(value, field, scratch_);
    if (!cell) return refuse(field.column, std::move(cell.error()));
    const bool missing = std::holds_alternative<std::monostate>(*cell);
    if (missing && (field.required || field.is_key))
      return refuse(field.column, field.is_key ? "the key is missing" : "a required value is missing");
    row_[i] = *cell;
  }
  return row_;
}

base::Result<std::span<const decode::Value>> select_records(const decode::Document& document,
                                                            const config::RecordSelector& selector,
                                                            decode::Value& holder) {
  if (document.root.kind() == decode::Kind::spoiled)  // a bad byte in one of its keys: no path can be trusted
    return base::error(base::Code::invalid_data, "the body as a whole cannot be used: {}",
                       document.root.text());
  holder = selector.field_path ? selector.field_path->evaluate(document.root) : document.root;
  const std::string where =
      selector.field_path ? fmt::format("record_selector.field_path \"{}\"", selector.field_path->text())
                          : "the body";
  switch (holder.kind()) {
    case decode::Kind::array: return holder.items();
    case decode::Kind::object: return std::span<const decode::Value>(&holder, 1);
    case decode::Kind::null:
      if (!selector.field_path) return std::span<const decode::Value>();
      return base::error(base::Code::invalid_data,
                         "{} leads to nothing in the answer; is the path still right?", where);
    default: return base::error(base::Code::invalid_data, "{} leads to neither a list nor an object", where);
  }
}

}  // namespace collect
