// From a decoded body to its records: field_path, header_row, flatten and record_filter, in this order. One
// Selector for one collector; one thread at a time.
//
//   Selector selector(collector.record_selector);
//   TRY(selector.begin_slice({.now = now}));
//   const Selected selected = TRY(selector.select(document, config::Decoder::Type::json, arena));
//
// What stands at the path, or without one in the decoder's usual place (entries of feeds, records of OAI-PMH,
// else the body): a list is its items, one object is a record, null without a path is none.
//   header_row      The first item of the list names the columns: a list of names for lists (["id", …],
//                   [7, …]), or an object whose values are names for objects of the same keys ({"V":
//                   "Valor"},
//                   {"V": "1"}). An empty name is c1, c2 … by its place. A list of another length than the
//                   names is a bad record.
//   object_entries  The object at the path, {"USD": 1.1, …}, becomes records {"key": "USD", "value": 1.1}.
//   name_value      In each record, a member that is a list of nothing but pairs of `value` and one of name,
//                   key, id, statisticName becomes one object: [{"name": "a", "value": 1}] → {"a": 1}; of
//                   equal names the last wins. A record that is such a list itself becomes such an object.
//   record_filter   Keeps records on which it is true for JMESPath (not false, null, "", [] or {}). One on
//                   which it cannot be evaluated stays, spoiled, so that the Mapper sets it aside.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "config/reading.hpp"
#include "decode/value.hpp"
#include "expr/jmespath.hpp"
#include "expr/template.hpp"

namespace collect {

struct Selected {
  std::span<const decode::Value> records;
  std::span<const decode::Value> unfiltered;  // before record_filter; none: the answer is empty (CO7)
};

class Selector {
 public:
  // The configuration must outlive it.
  explicit Selector(const config::RecordSelector& selector) : selector_(selector) {}

  // Renders and parses record_filter. invalid_config: it is none after its templates are expanded.
  base::Result<void> begin_slice(const expr::TemplateValues& values);

  // The records point into the document, the arena and the configuration. invalid_data: the path leads to
  // nothing (a renamed key, far more often than an empty day) or to a scalar, or the shape is another than
  // header_row and flatten say. `decoded_as` is the decoder that made the document.
  base::Result<Selected> select(const decode::Document& document, config::Decoder::Type decoded_as,
                                std::pmr::memory_resource& arena) const;

 private:
  base::Result<std::span<const decode::Value>> find(const decode::Document& document,
                                                    config::Decoder::Type decoded_as,
                                                    std::pmr::memory_resource& arena) const;
  base::Result<std::span<const decode::Value>> list(const decode::Value& at, const std::string& where,
                                                    bool may_be_null, std::pmr::memory_resource& arena) const;
  std::span<const decode::Value> filter(std::span<const decode::Value> records,
                                        std::pmr::memory_resource& arena) const;

  const config::RecordSelector& selector_;
  std::optional<expr::Expression> filter_;
  bool ready_ = false;
};

}  // namespace collect
