// Updates as the Bot API sends them, one by a webhook or a list by getUpdates (TG1). Everything outside is
// bounded; what the bot cannot use keeps its id, so that the poller gets past it. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "decode/value.hpp"
#include "telegram/types.hpp"

namespace telegram {

inline constexpr std::size_t max_incoming_text = 16'384;  // bytes: 4,096 characters of four each
inline constexpr std::size_t max_name = 256;
inline constexpr std::size_t max_tap_id = 256;

// nullopt: it has no id that can be read.
std::optional<Update> read_update(const decode::Document& document, const decode::Value& update);
// At most `most`, in the order in which they came.
std::vector<Update> read_updates(const decode::Document& document, const decode::Value& list,
                                 std::size_t most);

}  // namespace telegram
