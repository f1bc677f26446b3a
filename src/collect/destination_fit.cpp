#include "collect/destination_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "store/database.hpp"

namespace collect {
namespace {

using config::Field;
using config::FieldType;
using store::Column;
using store::Suits;
using Contract = config::Destination::SchemaContract;

// Those that take more before those that take less.
constexpr std::array all_types{FieldType::text,        FieldType::number,
                               FieldType::real,        FieldType::bigint,
                               FieldType::integer,     FieldType::date,
                               FieldType::boolean,     FieldType::uuid,
                               FieldType::timestamp,   FieldType::timestamp_local,
                               FieldType::json,        FieldType::text_list,
                               FieldType::integer_list};

// The numbers of "numeric(5,2)"; 0 for those that are not there.
std::pair<std::int64_t, std::int64_t> arguments_of(std::string_view type) {
  std::pair<std::int64_t, std::int64_t> numbers{0, 0};
  const std::size_t open = type.find('(');
  if (open == std::string_view::npos) return numbers;
  const char* const end = type.data() + type.size();
  const auto first = std::from_chars(type.data() + open + 1, end, numbers.first);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == ',')
    std::from_chars(first.ptr + 1, end, numbers.second);
  return numbers;
}

std::string type_name(const Field& field) {
  if (field.is_varchar) return fmt::format("varchar({})", field.max_length);
  if (field.type == FieldType::number && field.precision > 0)
    return fmt::format("number({},{})", field.precision, field.scale);
  return std::string(to_string(field.type));
}

class Judge {
 public:
  Judge(const config::Collector& collector, const store::Dialect& dialect, const DestinationSql& sql,
        const store::Table& table)
      : collector_(collector), dialect_(dialect), sql_(sql), table_(table) {}

  FitJudgement judge() {
    judged_.fit.exists = table_.exists;
    if (!table_.exists) {
      for (const Field& field : collector_.fields) judged_.fit.loaded.push_back(&field);
      if (!table_.has_schema) refuse_schema();
      return std::move(judged_);
    }
    judged_.fit.foreign = find(run_column) == nullptr || find(loaded_column) == nullptr;
    std::vector<const Field*> missing;
    for (const Field& field : collector_.fields) {
      const Column* const column = find(field.column);
      (column == nullptr ? missing : judged_.fit.loaded).push_back(&field);
      if (column != nullptr) judge_column(*column, field);
    }
    judge_missing(missing);
    judge_ours();
    judge_unfilled();
    return std::move(judged_);
  }

 private:
  const Column* find(std::string_view name) const { return find_column(dialect_, table_, name); }
  void fault(std::string text) {
    judged_.faults.push_back(fmt::format("the table {} {}", sql_.table(), text));
  }

  void refuse_schema() {
    const std::string& name = collector_.destination.schema;
    const std::string repair = dialect_.create_schema(name);
    judged_.faults.push_back(
        fmt::format("there is no schema {} for the table {}; {}", dialect_.quote(name), sql_.table(),
                    repair.empty() ? "leave destination.schema out"
                                   : "correct destination.schema, or make it with: " + repair));
  }

  void judge_column(const Column& column, const Field& field) {
    if (column.is_computed) {
      fault(fmt::format(
          "computes its column {} itself, which no field can fill; remove the field, or mend "
          "with: {}",
          dialect_.quote(column.name), dialect_.let_rows_fill(sql_.table(), column, column_type(field))));
      return;
    }
    const Suits suits = dialect_.suits(column, value_type(field));
    if (suits == Suits::yes) return;
    const std::string other = other_type(column, field);
    fault(fmt::format("has a column {} of {}, which {} a field of type {}; {}mend with: {}",
                      dialect_.quote(column.name), column.type,
                      suits == Suits::wrong ? "does not take the values of" : "is too narrow for",
                      type_name(field), other.empty() ? "" : fmt::format("give the field {}, or ", other),
                      dialect_.change_type(sql_.table(), column, column_type(field))));
  }

  // What to say of the field instead, so that the column may stay; "" if there is nothing.
  std::string other_type(const Column& column, const Field& field) const {
    const auto [first, second] = arguments_of(column.enforced_type);
    Field other;
    if (field.type == FieldType::text && first > 0) {
      other.max_length = first;
      if (dialect_.suits(column, value_type(other)) == Suits::yes)
        return fmt::format("max_length: {}", first);
    }
    for (const FieldType type : all_types) {
      other = Field{};
      other.type = type;
      if (type == FieldType::number && first > 0) {
        other.precision = first;
        other.scale = second;
      }
      if (dialect_.suits(column, value_type(other)) != Suits::yes) continue;
      return fmt::format("type: {}", type_name(other));
    }
    return {};
  }

  void judge_missing(const std::vector<const Field*>& missing) {
    std::vector<const Field*> others;
    for (const Field* field : missing) {
      if (!field->is_key) {
        others.push_back(field);
        continue;
      }
      judged_.key_is_there = false;
      fault(fmt::format("lacks {}, a column of destination.primary_key; change the key, or add it with: {};",
                        dialect_.quote(field->column), sql_.add_column(*field)));
    }
    if (others.empty()) return;
    const Contract contract = collector_.destination.schema_contract;
    if (contract == Contract::freeze || (contract == Contract::evolve && judged_.fit.foreign))
      return refuse_missing(others, contract == Contract::freeze);
    if (contract == Contract::evolve) {
      judged_.fit.missing = others;
      judged_.fit.loaded.insert(judged_.fit.loaded.end(), others.begin(), others.end());
      return;
    }
    for (const Field* field : others) {
      if (field->column == collector_.destination.version_column)
        fault(fmt::format("lacks {}, the destination.version_column; add with: {};",
                          dialect_.quote(field->column), sql_.add_column(*field)));
      judged_.lacking.push_back(field->column);
    }
  }

  void refuse_missing(const std::vector<const Field*>& missing, bool frozen) {
    std::vector<std::string> repairs;
    for (const Field* field : missing) repairs.push_back(sql_.add_column(*field) + ";");
    fault(fmt::format("lacks {} of the collector's columns{}; add with: {}", missing.size(),
                      frozen ? ", and destination.schema_contract is freeze" : "", base::join(repairs, " ")));
  }

  // Columns of these names may be somebody else's.
  void judge_ours() {
    if (judged_.fit.foreign) return;
    const auto judge_one = [&](std::string_view name, const store::ColumnType& type) {
      const Column* const column = find(name);
      if (dialect_.suits(*column, type) == Suits::yes && !column->is_computed) return;
      fault(fmt::format("has a column {} of {}, where pulse keeps {}; mend with: {}", name, column->type,
                        dialect_.type(type), dialect_.change_type(sql_.table(), *column, type)));
    };
    judge_one(run_column, {});
    judge_one(loaded_column, {.kind = store::ColumnType::Kind::timestamp});
  }

  void judge_unfilled() {
    for (const Column& column : table_.columns) {
      const auto& loaded = judged_.fit.loaded;
      const bool filled = std::any_of(loaded.begin(), loaded.end(), [&](const Field* field) {
        return dialect_.same_name(field->column, column.name);
      });
      const bool ours = column.name == run_column || column.name == loaded_column;
      if (!column.not_null || column.has_default || filled || (ours && !judged_.fit.foreign)) continue;
      const std::string repair = dialect_.drop_not_null(sql_.table(), column);
      fault(fmt::format("wants a value for its column {}, which no field fills; add a field for it, or {}",
                        dialect_.quote(column.name),
                        repair.empty() ? "give the column a default" : "mend with: " + repair));
    }
  }

  const config::Collector& collector_;
  const store::Dialect& dialect_;
  const DestinationSql& sql_;
  const store::Table& table_;
  FitJudgement judged_;
};

}  // namespace

const Column* find_column(const store::Dialect& dialect, const store::Table& table, std::string_view name) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const Column& column) { return dialect.same_name(column.name, name); });
  return found == table.columns.end() ? nullptr : &*found;
}

FitJudgement judge_fit(const config::Collector& collector, const store::Dialect& dialect,
                       const DestinationSql& sql, const store::Table& table) {
  return Judge(collector, dialect, sql, table).judge();
}

}  // namespace collect
