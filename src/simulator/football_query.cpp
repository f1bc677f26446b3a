#include "simulator/football_query.hpp"

#include <algorithm>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "simulator/football_zone.hpp"
#include "simulator/record_view.hpp"

namespace simulator::football {
namespace {

constexpr std::int64_t greatest_id = 999'999'999;

bool is_number(std::string_view text, std::int64_t low, std::int64_t high) {
  const auto value = whole_number(text);
  return value && *value >= low && *value <= high;
}

bool are_numbers(const std::string& text, std::size_t most) {
  if (text.size() > 11 * most) return false;
  const auto parts = split(text, "-");
  return parts.size() <= most && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
           return is_number(part, 0, greatest_id);
         });
}

// What is wrong with a value, behind "The … field"; "": nothing.
std::string complaint(Type type, const std::string& value) {
  switch (type) {
    case Type::id: return is_number(value, 0, greatest_id) ? "" : "must contain an integer.";
    case Type::ids:
      return are_numbers(value, Query::maximum_ids) ? ""
                                                    : "must contain at most 20 ids, separated by dashes.";
    case Type::season:
      return value.size() == 4 && is_number(value, 1000, 9999) ? "" : "must be exactly 4 digits (YYYY).";
    case Type::date: return base::parse_date(value) ? "" : "must contain a valid date (YYYY-MM-DD).";
    case Type::text: return value.empty() || value.size() > 200 ? "must not be empty." : "";
    case Type::search:
      return value.size() >= 3 && value.size() <= 200 ? "" : "must be at least 3 characters in length.";
    case Type::pair:
      return are_numbers(value, 2) && value.find('-') != std::string::npos ? ""
                                                                           : "must contain two ids: id-id.";
    case Type::flag: return value == "true" || value == "false" ? "" : "must be true or false.";
    case Type::zone:
      return find_zone(value) ? "" : "must contain a valid timezone: see the endpoint timezone.";
    case Type::live:
      return value == "all" || are_numbers(value, Query::maximum_ids) ? "" : "must be all or id-id.";
    case Type::count: return is_number(value, 1, 99) ? "" : "must contain a number from 1 to 99.";
    case Type::page: return is_number(value, 1, 1'000'000) ? "" : "must contain a number greater than 0.";
  }
  return "";
}

}  // namespace

Query::Query(const ApiRequest& request, std::span<const Rule> rules) {
  for (const auto& [sent, value] : request.query) {
    const std::string name = printable(sent);
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& one) { return one.name == name; });
    if (rule == rules.end()) {
      faults_[name] = field(name) + " do not exist.";
      continue;
    }
    if (!values_.emplace(name, value).second) continue;
    if (const std::string wrong = complaint(rule->type, value); !wrong.empty())
      faults_[name] = field(name) + " " + wrong;
  }
}

bool Query::any(std::initializer_list<std::string_view> names) const {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return has(name); });
}

std::string Query::text(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? "" : found->second;
}

int Query::number(std::string_view name) const {
  return static_cast<int>(whole_number(text(name)).value_or(0));
}

std::vector<int> Query::list(std::string_view name) const {
  std::vector<int> numbers;
  for (const std::string& part : split(text(name), "-"))
    if (const auto number = whole_number(part)) numbers.push_back(static_cast<int>(*number));
  return numbers;
}

std::string printable(std::string_view text) {
  return base::shorten(text.substr(0, base::valid_utf8_length(text)), 200);
}

std::chrono::sys_days Query::day(std::string_view name) const {
  const auto date = base::parse_date(text(name));
  return date ? std::chrono::sys_days{*date} : std::chrono::sys_days{};
}

std::string field(std::string_view parameter) {
  std::string name = printable(parameter);
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return "The " + name + " field";
}

Faults alone(std::string_view parameter) {
  return {{std::string(parameter), field(parameter) + " need another parameter."}};
}
Faults missing(std::string_view parameter) {
  return {{std::string(parameter), field(parameter) + " is required."}};
}
Faults none_given() { return {{"required", "At least one parameter is required."}}; }

}  // namespace simulator::football
