// Records → rows: evaluates each field's path and casts the value. A record that does not fit becomes a
// BadRecord, never an error.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collect/cast.hpp"
#include "config/collector.hpp"
#include "decode/value.hpp"

namespace collect {

struct BadRecord {
  std::int64_t position = 0;  // in the body, from 1
  std::string column;         // empty: the record as a whole
  std::string reason;
  std::string raw;  // the record as it was sent
};

class Mapper {
 public:
  explicit Mapper(const std::vector<config::Field>& fields) : fields_(fields), row_(fields.size()) {}

  // The row's values in the order of the fields, valid until the next call and as long as the document; or
  // nothing, and bad() says why.
  std::optional<std::span<const store::Param>> map(const decode::Value& record,
                                                   const decode::Document& document, std::int64_t position);
  BadRecord take_bad() { return std::move(bad_); }

 private:
  const std::vector<config::Field>& fields_;
  std::vector<store::Param> row_;
  Scratch scratch_;
  BadRecord bad_;
};

// The list of records at the selector's path: a list as it is, one object as a list of one; a body that is
// null holds none. invalid_data: the path leads to nothing (a renamed key, far more often than an empty day)
// or to a scalar. `holder` must outlive the records.
base::Result<std::span<const decode::Value>> select_records(const decode::Document& document,
                                                            const config::RecordSelector& selector,
                                                            decode::Value& holder);

}  // namespace collect
