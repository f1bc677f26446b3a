// Reshaping of records: header rows, maps and pairs (see selector.hpp). Internal to this folder. Pure; what
// is new lives in the arena; objects keep their place in the body, so that their raw text is what was sent.
#pragma once

#include <memory_resource>
#include <span>

#include "base/result.hpp"
#include "decode/value.hpp"

namespace collect {

// invalid_data: the first item names nothing, or a name stands twice.
base::Result<std::span<const decode::Value>> apply_header_row(std::span<const decode::Value> items,
                                                              std::pmr::memory_resource& arena);

std::span<const decode::Value> object_entries(const decode::Value& object, std::pmr::memory_resource& arena);

decode::Value pairs_to_object(const decode::Value& record, std::pmr::memory_resource& arena);

}  // namespace collect
