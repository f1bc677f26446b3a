#include "simulator/fault_rules.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

namespace simulator {
namespace {

struct Word {
  std::string_view name;
  FaultRule::Kind kind;
  const char* number;  // what the number after it is; nullptr: none
  std::uint64_t low;
  std::uint64_t high;
};
using enum FaultRule::Kind;
constexpr std::uint64_t any_size = std::numeric_limits<std::int64_t>::max();
constexpr std::array words{Word{"latency", latency, "milliseconds", 0, 3'600'000},
                           Word{"bandwidth", bandwidth, "bytes a second", 1, any_size},
                           Word{"reset", reset, "bytes", 0, any_size},
                           Word{"truncate", truncate, "bytes", 0, any_size},
                           Word{"half-open", half_open, nullptr, 0, 0},
                           Word{"black-hole", black_hole, nullptr, 0, 0},
                           Word{"refuse", refuse, nullptr, 0, 0},
                           Word{"drop-answer", drop_answer, "exchange", 1, any_size}};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.empty()) return parts;
    parts.push_back(text.substr(0, text.find_first_of(" \t\r\n")));
    text.remove_prefix(parts.back().size());
  }
}

// The number after the word at `at`, which moves on.
base::Result<std::uint64_t> number_after(const std::vector<std::string_view>& parts, std::size_t& at,
                                         const char* what, std::uint64_t low, std::uint64_t high) {
  const std::string_view word = parts[at++];
  const std::string_view text = at < parts.size() ? parts[at++] : std::string_view();
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || value < low || value > high)
    return base::error(base::Code::invalid_data, "'{}' needs a number ({}, from {}), not '{}'", word, what,
                       low, text);
  return value;
}

}  // namespace

base::Result<std::optional<FaultRule>> parse_rule(std::string_view text) {
  const std::vector<std::string_view> parts = split(text);
  if (parts.size() == 1 && parts[0] == "clear") return std::optional<FaultRule>{};
  const auto word =
      std::find_if(words.begin(), words.end(), [&](auto& w) { return !parts.empty() && w.name == parts[0]; });
  if (word == words.end())
    return base::error(
        base::Code::invalid_data,
        "unknown fault '{}'; known: latency, bandwidth, reset, truncate, half-open, black-hole, refuse, "
        "drop-answer, clear",
        parts.empty() ? "" : parts[0]);
  FaultRule rule{.kind = word->kind};
  std::size_t at = 0;
  if (word->number != nullptr)
    rule.amount = TRY(number_after(parts, at, word->number, word->low, word->high));
  else
    ++at;
  if (rule.kind == latency && at < parts.size() && parts[at] == "jitter")
    rule.jitter = TRY(number_after(parts, at, "milliseconds", 0, 3'600'000));
  if (at < parts.size() && parts[at] == "count")
    rule.count = TRY(number_after(parts, at, "connections", 1, any_size));
  if (at < parts.size()) return base::error(base::Code::invalid_data, "'{}' is one word too many", parts[at]);
  return std::optional<FaultRule>{rule};
}

void FaultRules::set(const FaultRule& rule) {
  slot(rule.kind) = {.rule = rule, .serial = ++last_serial_, .left = rule.count.value_or(any_size)};
  if (rule.kind == drop_answer) exchanges_ = 0;
}

void FaultRules::clear() { slots_ = {}; }

bool FaultRules::grant(RuleShare& share) {
  bool counts_bytes = false;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.serial == 0 || slot.left == 0 || share.granted_[i] == slot.serial) continue;
    share.granted_[i] = slot.serial;
    --slot.left;
    counts_bytes = counts_bytes || slot.rule.kind == reset || slot.rule.kind == truncate;
  }
  return counts_bytes;
}

const FaultRule* FaultRules::find(const RuleShare& share, FaultRule::Kind kind) const {
  const auto i = static_cast<std::size_t>(kind);
  return slots_[i].serial != 0 && share.granted_[i] == slots_[i].serial ? &slots_[i].rule : nullptr;
}

bool FaultRules::begin_exchange() {
  const Slot& drop = slot(drop_answer);
  if (drop.serial == 0) return false;
  ++exchanges_;
  return exchanges_ >= drop.rule.amount && exchanges_ - drop.rule.amount < drop.rule.count.value_or(1);
}

}  // namespace simulator
