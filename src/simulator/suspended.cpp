#include "simulator/suspended.hpp"

#include <microhttpd.h>

namespace simulator {

Suspended::Suspended() : timer_([this](std::stop_token stop) { resume_due(std::move(stop)); }) {}

Suspended::~Suspended() { stop(); }

bool Suspended::add(MHD_Connection* connection, std::string_view group, std::optional<Time> due) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  MHD_suspend_connection(connection);
  waiting_.emplace(++last_, Waiting{connection, std::string(group), due});
  if (due) {
    due_.emplace(*due, last_);
    changed_.notify_one();
  }
  return true;
}

Suspended::Entry Suspended::resume_one(Entry entry) {
  if (entry->second.due) due_.erase({*entry->second.due, entry->first});
  MHD_resume_connection(entry->second.connection);
  return waiting_.erase(entry);
}

void Suspended::resume(std::string_view group) {
  const std::lock_guard lock(mutex_);
  for (Entry entry = waiting_.begin(); entry != waiting_.end();)
    entry = entry->second.group == group ? resume_one(entry) : std::next(entry);
}

std::size_t Suspended::count(std::string_view group) const {
  const std::lock_guard lock(mutex_);
  std::size_t found = 0;
  for (const auto& [number, waiting] : waiting_)
    if (waiting.group == group) ++found;
  return found;
}

void Suspended::stop() {
  timer_.request_stop();
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (Entry entry = waiting_.begin(); entry != waiting_.end();) entry = resume_one(entry);
}

bool Suspended::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Suspended::resume_due(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (due_.empty()) {
      changed_.wait(lock, stop, [&] { return !due_.empty(); });
    } else if (const Time due = due_.begin()->first; due > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, stop, due, [&] { return due_.empty() || due_.begin()->first < due; });
    } else {
      resume_one(waiting_.find(due_.begin()->second));
    }
  }
}

}  // namespace simulator
