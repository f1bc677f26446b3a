// The parameters of one request to the simulated football API, checked against what its endpoint knows. The
// faults are worded as the real API words them, one for each parameter.
//
//   const Query query(request, rules);
//   if (query.faults().empty() && query.has("league")) use(query.number("league"));
#pragma once

#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulator/world.hpp"

namespace simulator::football {

enum class Type { id, ids, season, date, text, search, pair, flag, zone, live, count, page };

struct Rule {
  std::string_view name;
  Type type;
};

using Faults = std::map<std::string, std::string>;  // parameter → what is wrong with it

class Query {
 public:
  Query(const ApiRequest& request, std::span<const Rule> rules);

  const Faults& faults() const { return faults_; }
  const std::map<std::string, std::string>& values() const { return values_; }
  bool has(std::string_view name) const { return values_.find(std::string(name)) != values_.end(); }
  bool any(std::initializer_list<std::string_view> names) const;
  std::string text(std::string_view name) const;       // "": not there
  int number(std::string_view name) const;             // 0: not there
  std::vector<int> list(std::string_view name) const;  // "1-2-3"
  std::chrono::sys_days day(std::string_view name) const;
  bool is(std::string_view name, int value) const { return !has(name) || number(name) == value; }

  static constexpr std::size_t maximum_ids = 20;

 private:
  std::map<std::string, std::string> values_;
  Faults faults_;
};

std::string printable(std::string_view text);   // what is UTF-8 of it, not too long: fit for an answer
std::string field(std::string_view parameter);  // "The Season field"
Faults alone(std::string_view parameter);       // it has no meaning without another one
Faults missing(std::string_view parameter);
Faults none_given();

}  // namespace simulator::football
