// JSON-stat (2.0 datasets; 1.x with one dataset) → an array with one object for each value that exists:
//
//   {"geo": "NO", "geo_label": "Norway", "time": "2024", "time_label": "2024", "value": 1.10, "status": "e"}
//
//   Document document = TRY(decode_jsonstat(std::move(body)));
//
// A cube of n dimensions is sent as one long list; the position of a value in it tells its categories. Cells
// that are null or left out make no object. The label of a category without one is its id; status is null
// where none is sent. Values stay as JSON has them, numbers with their text.
//
// Errors (invalid_data): what json.hpp refuses; sizes, categories, values or statuses that do not agree with
// each other; more than 64 dimensions; a dimension whose name is needed for another key; a collection or
// several datasets; a table that would be too large (max_tree). Thread-safe.
#pragma once

#include <string>

#include "base/result.hpp"
#include "decode/limits.hpp"
#include "decode/value.hpp"

namespace decode {

base::Result<Document> decode_jsonstat(std::string body, std::size_t max_tree = decode::max_tree);

}  // namespace decode
