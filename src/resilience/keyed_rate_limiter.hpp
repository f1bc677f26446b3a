// A rate limit for each key (user, host, credential) in bounded memory: at most `max_keys` are known. When a
// new one comes, the known one that has been full again for the longest is forgotten, which changes nothing,
// for a new key begins full. When none is full again, keys that are not known share one limiter of the same
// rate: a flood of keys can neither grow the memory nor reset the limit of a key that is in use.
//
// Thread-safe. Only a new key allocates. Times are O(log n).
//
//   KeyedRateLimiter<std::string> limiter({.calls = 5, .per = 1s, .burst = 5}, 10'000);
//   if (!limiter.try_take(user, clock.steady())) return too_many;
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "resilience/deadline.hpp"
#include "resilience/rate_limiter.hpp"

namespace resilience {

template <class Key, class Hash = std::hash<Key>>
class KeyedRateLimiter {
 public:
  KeyedRateLimiter(RateOptions options, std::size_t max_keys)
      : rule_(options), max_keys_(std::max<std::size_t>(max_keys, 1)) {}

  // As RateLimiter::reserve().
  std::optional<base::SteadyTime> reserve(const Key& key, base::SteadyTime now,
                                          base::SteadyTime latest = no_deadline) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(key);
    if (found == known_.end()) return reserve_unknown(key, now, latest);
    const Gcra::Rule::Step step = rule_.step(found->second->first, now);
    if (step.at > latest) return {};
    auto node = by_time_.extract(found->second);
    node.key() = step.full;
    found->second = by_time_.insert(std::move(node));
    return step.at;
  }
  bool try_take(const Key& key, base::SteadyTime now) { return reserve(key, now, now).has_value(); }

  // The limit of one key for a pipeline; as long as this limiter.
  class One final : public RateLimiter {
   public:
    One(KeyedRateLimiter& all, Key key) : all_(all), key_(std::move(key)) {}
    std::optional<base::SteadyTime> reserve(base::SteadyTime now,
                                            base::SteadyTime latest = no_deadline) override {
      return all_.reserve(key_, now, latest);
    }

   private:
    KeyedRateLimiter& all_;
    const Key key_;
  };
  One of(Key key) { return One(*this, std::move(key)); }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return known_.size();
  }

 private:
  std::optional<base::SteadyTime> reserve_unknown(const Key& key, base::SteadyTime now,
                                                  base::SteadyTime latest) {
    const bool crowded = known_.size() == max_keys_;
    if (crowded && by_time_.begin()->first > now) {
      const Gcra::Rule::Step step = rule_.step(shared_, now);
      if (step.at > latest) return {};
      shared_ = step.full;
      return step.at;
    }
    if (crowded) {
      known_.erase(by_time_.begin()->second);
      by_time_.erase(by_time_.begin());
    }
    const Gcra::Rule::Step step = rule_.step(base::SteadyTime::min(), now);
    known_.emplace(key, by_time_.emplace(step.full, key));
    return step.at;
  }

  using ByTime = std::multimap<base::SteadyTime, Key>;  // when the key is full again

  const Gcra::Rule rule_;
  const std::size_t max_keys_;
  mutable std::mutex mutex_;
  ByTime by_time_;
  std::unordered_map<Key, typename ByTime::iterator, Hash> known_;
  base::SteadyTime shared_ = base::SteadyTime::min();
};

}  // namespace resilience
