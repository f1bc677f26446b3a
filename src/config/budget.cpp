#include "config/budget.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/schema.hpp"
#include "config/types.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

// Two limits for the same requests and the same window: one of them says nothing.
void check_windows(const std::vector<ApiBudget>& budgets, const Node& list, Context& context) {
  for (std::size_t i = 0; i < budgets.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const ApiBudget &one = budgets[i], &other = budgets[j];
      if (one.per == other.per && one.resource == other.resource && one.match_path == other.match_path) {
        context.fault_at(
            list.items[i].mark, fmt::format("[{}]", i),
            fmt::format("limits the same requests per {} as [{}]", base::format_duration(one.per), j),
            "keep one of them, or tell them apart by resource or match_path");
        break;
      }
    }
}

}  // namespace

Table<ApiBudget> api_budget_table() {
  Table<ApiBudget> table;
  table.key("calls", &ApiBudget::calls, integer(1, 1'000'000'000), required(),
            "Requests, retries included, that may be sent…");
  table.key(
      "per", &ApiBudget::per, duration(1s, 366 * 24h), required(),
      "…in any window of this length. Below 1m they are evenly spaced; longer windows outlive a restart.");
  table.key("resource", &ApiBudget::resource, text(), optional(),
            "Which of the API's budgets this is, as its X-RateLimit-Resource header names it.");
  table.key("match_path", &ApiBudget::match_path, text(), optional(),
            "Only for requests whose path begins with this: /search/.");
  table.rule([](const ApiBudget& budget, const Node& node, Context& context) {
    if (const Node* path = node.find("match_path"); path != nullptr && !budget.match_path.starts_with('/'))
      context.fault_at(path->mark, "match_path", shown(*path) + " is not the beginning of a path",
                       "begin it with /, as in /search/");
    if (const Node* resource = node.find("resource"); resource != nullptr && budget.resource.empty())
      context.fault_at(resource->mark, "resource", "is empty", "write a name, or remove it");
  });
  return table;
}

Type<std::vector<ApiBudget>> api_budget() {
  const auto one = nested(api_budget_table());
  const auto many = list_of(one);
  const std::string allowed = "write {calls: 5, per: 30s}, or a list of such maps";
  const std::string schema = fmt::format(R"({{"anyOf": [{}, {}]}})", one.info.schema, many.info.schema);
  return {{"map, or list of maps", allowed, one.info.keys, {}, schema},
          [one, many, allowed](const Node& node, Context& context) -> std::optional<std::vector<ApiBudget>> {
            if (node.kind == Node::Kind::mapping) {
              auto budget = one.read(node, context);
              return budget ? std::optional(std::vector{std::move(*budget)}) : std::nullopt;
            }
            if (node.kind != Node::Kind::sequence || node.items.empty()) {
              const bool is_empty = node.kind == Node::Kind::sequence;
              context.fault(node.mark, is_empty ? "is empty" : "is neither a map nor a list", allowed);
              return std::nullopt;
            }
            if (node.items.size() > max_api_budgets) {
              context.fault(node.mark, fmt::format("has {} budgets", node.items.size()),
                            fmt::format("at most {}", max_api_budgets));
              return std::nullopt;
            }
            auto budgets = many.read(node, context);
            if (budgets) check_windows(*budgets, node, context);
            return budgets;
          }};
}

}  // namespace config
