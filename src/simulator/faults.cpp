#include "simulator/faults.hpp"

#include <algorithm>
#include <array>

namespace simulator {
namespace {

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view to_string(Fault::Kind kind) {
  static constexpr std::array<std::string_view, 5> names{"status", "delay", "html", "body", "lost_answer"};
  return names[static_cast<std::size_t>(kind)];
}

void FaultQueue::add(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

std::optional<Fault> FaultQueue::take(std::string_view api, std::string_view method) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(faults_.begin(), faults_.end(), [&](auto& f) {
    return (f.api.empty() || f.api == api) && (f.method.empty() || same_word(f.method, method));
  });
  if (found == faults_.end()) return std::nullopt;
  Fault fault = *found;
  if (found->count > 0 && --found->count == 0) faults_.erase(found);
  return fault;
}

std::vector<Fault> FaultQueue::list() const {
  const std::lock_guard lock(mutex_);
  return {faults_.begin(), faults_.end()};
}

void FaultQueue::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

}  // namespace simulator
