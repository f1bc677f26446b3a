// Records → rows: evaluates each field's path, casts the value, and applies the schema contract. A record
// that does not fit becomes a BadRecord, never an error. One thread at a time.
//
//   Mapper mapper(fields, {.contract = collector.destination.schema_contract});
//   TRY(mapper.begin_slice({.now = now}));
//   for (record, position) {
//     if (const auto row = mapper.map(record, document, position)) …                  // stage it
//     else if (const auto bad = mapper.take_bad()) …                                  // set it aside; fatal?
//   }                                                                                 // else: dropped
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "collect/cast.hpp"
#include "config/destination.hpp"
#include "config/reading.hpp"
#include "decode/value.hpp"
#include "expr/jmespath.hpp"
#include "expr/template.hpp"

namespace collect {

struct BadRecord {
  std::int64_t position = 0;  // in the body, from 1
  std::string column;         // empty: the record as a whole
  std::string reason;
  std::string raw;     // the record as it was sent
  bool fatal = false;  // schema_contract: freeze: the run must fail
};

class Mapper {
 public:
  struct Options {
    // Of a value of another type than its column: evolve and quarantine_row set the record aside, freeze does
    // so and is fatal, discard_row drops it, discard_value makes it NULL, unless the column is a key or
    // required. Values that only break a rule of their field (range, length …) are always set aside.
    config::Destination::SchemaContract contract = config::Destination::SchemaContract::evolve;
    // Fields whose column the table does not have: with discard_row and quarantine_row a record that has a
    // value there is dropped or set aside.
    std::vector<std::string> lacking{};
    store::ListStyle lists = store::ListStyle::json;  // as the engine takes them: Destination::list_style()
  };

  explicit Mapper(std::vector<config::Field> fields) : Mapper(std::move(fields), Options{}) {}
  Mapper(std::vector<config::Field> fields, Options options);
  Mapper(const Mapper&) = delete;
  Mapper& operator=(const Mapper&) = delete;

  // Before the first map() and at the beginning of each slice: renders and casts what `value` says.
  // invalid_config: a field is wrong (see check_field()), or its template or constant does not fit.
  base::Result<void> begin_slice(const expr::TemplateValues& values);

  // The row's values in the order of the fields, valid until the next call of map() or begin_slice() and as
  // long as the document. Nothing: take_bad() says why; if that is empty too, the record was dropped.
  std::optional<std::span<const store::Param>> map(const decode::Value& record,
                                                   const decode::Document& document, std::int64_t position);
  std::optional<BadRecord> take_bad() { return std::exchange(bad_, std::nullopt); }
  std::int64_t dropped() const { return dropped_; }  // by discard_row, since the Mapper was made

  // Another expression on the record that was mapped last; the value is valid as long as its row.
  tl::expected<decode::Value, std::string> evaluate(const expr::Expression& expression,
                                                    const decode::Value& record);

 private:
  struct Problem {
    std::string column;
    Misfit misfit;
    bool is_lacking = false;
  };
  // One row cell; the problem if there is one.
  std::optional<Problem> fill(std::size_t index, const decode::Value& record);
  bool key_is_too_long() const;
  Cast cell_of(std::size_t index, const decode::Value& record);
  base::Result<store::Param> render(std::size_t index, const expr::TemplateValues& values);

  const std::vector<config::Field> fields_;
  const Options options_;
  std::vector<Caster> casters_;
  std::string fault_;  // of the fields; empty: none
  std::vector<bool> is_lacking_;
  std::vector<store::Param> constants_;  // of this slice, for fields with `value`
  std::vector<store::Param> row_;
  std::unique_ptr<std::byte[]> buffer_;  // plain records need no more memory than this
  std::pmr::monotonic_buffer_resource record_arena_, slice_arena_;
  bool ready_ = false;
  std::optional<BadRecord> bad_;
  std::int64_t dropped_ = 0;
};

}  // namespace collect
