#include "simulator/request_log.hpp"

namespace simulator {

std::uint64_t RequestLog::begin(Request request) {
  const std::lock_guard lock(mutex_);
  request.number = ++last_;
  requests_.push_back(std::move(request));
  if (requests_.size() > capacity) requests_.pop_front();
  return last_;
}

void RequestLog::finish(std::uint64_t number, int status) {
  const std::lock_guard lock(mutex_);
  if (requests_.empty() || number < requests_.front().number) return;  // cleared or pushed out meanwhile
  requests_[number - requests_.front().number].status = status;
}

std::vector<Request> RequestLog::list() const {
  const std::lock_guard lock(mutex_);
  return {requests_.begin(), requests_.end()};
}

std::uint64_t RequestLog::total() const {
  const std::lock_guard lock(mutex_);
  return last_ - cleared_at_;
}

void RequestLog::clear() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
  cleared_at_ = last_;
}

}  // namespace simulator
